"""One thing that a reader of the prompt would object to, and which of them an author allows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from roadworthy.tasks.template_source import spans

__all__ = ["CODES", "Allowed", "Finding", "Level", "allowed_in", "kept"]

Level: TypeAlias = Literal["fault", "warning", "note"]
"""``fault``: the task cannot be loaded. ``warning``: something is most likely wrong. ``note``: it
works, and costs more than it must."""

CODES: Final[Mapping[str, tuple[Level, str]]] = {
    "fault": ("fault", "what `roadworthy check` says of the files"),
    "contradiction": ("warning", "two instructions, or one and the schema, that cannot both hold"),
    "contradicting-examples": ("warning", "examples with one input and different outputs"),
    "duplicate-example": ("warning", "examples that say the same"),
    "case-in-prompt": ("warning", "a case whose input stands in the prompt"),
    "repeated-text": ("note", "text that the model reads twice"),
    "repeated-block": ("note", "a block that is included more than once"),
    "unknown-field": ("warning", "a field that the prompt names and the output does not have"),
    "unused-input": ("warning", "an input field that nothing reads"),
    "unused-variable": ("warning", "a variable that is set and never read"),
    "unused-block": ("warning", "a block that no task includes"),
    "json-without-schema": ("note", "JSON asked for in words, where the task declares no output"),
    "untested-context": ("note", "a field that the prompt shows and no case gives"),
    "constant-context": ("note", "a field that is the same in every case"),
    "unneeded-context": ("note", "context of which no expected answer says anything"),
    "uncached-prefix": ("note", "text that is always the same behind text that varies"),
}
"""Every code, with its level and what it is about."""

Allowed: TypeAlias = Mapping[str, Mapping[int, frozenset[str]]]
"""By file and line, the codes that an author allows there."""
_ALLOW: Final = re.compile(r"\{#-?\s*lint:\s*allow\s+([\w ,-]+?)\s*-?#\}")


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is found at one place, and what to do about it."""

    code: str
    """One of `CODES`."""
    level: Level
    task: str = ""
    """Empty: it is about the project."""
    file: str
    """Relative to the project."""
    line: int
    """From 1; 0 where it is about the file itself."""
    message: str
    """What is wrong; it quotes prompts and names of fields, never a case's or a caller's text."""
    remedy: str = ""
    tokens: int = 0
    """What each call would be shorter by, where the remedy makes it shorter."""

    @property
    def place(self) -> str:
        """``tasks/triage/prompt/system.md:4``."""
        return f"{self.file}:{self.line}" if self.line else self.file


def allowed_in(sources: Iterable[tuple[str, str]]) -> Allowed:
    """What comments such as ``{# lint: allow repeated-text #}`` allow, in these files' texts: on
    their own line and on the one below."""
    found: dict[str, dict[int, frozenset[str]]] = {}
    for file, source in sources:
        of_file = found.setdefault(file, {})
        for span in spans(source):
            said = _ALLOW.fullmatch(source[span.start : span.end])
            if span.kind == "comment" and said:
                codes = frozenset(re.split(r"[ ,]+", said[1]))
                line = source.count("\n", 0, span.end) + 1
                for at in (line, line + 1):
                    of_file[at] = of_file.get(at, frozenset()) | codes
    return found


def kept(
    findings: Iterable[Finding], allowed: Allowed, ignored: Collection[str] = ()
) -> list[Finding]:
    """Those that are neither allowed nor ignored, each once, by place."""
    found = {
        (finding.file, finding.line, finding.code, finding.message): finding
        for finding in findings
        if finding.code not in ignored
        and finding.code not in allowed.get(finding.file, {}).get(finding.line, ())
    }
    return [found[key] for key in sorted(found)]
