"""What can be left out of a prompt one by one: blocks, paragraphs, examples. Pure.

A part is whole lines. A paragraph ends at an empty line outside of conditions, loops and fences,
so that what is left is still a template. What shows the only copy of a required input, or defines
what others use, is no part: without it there is nothing to compare.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from roadworthy.core.errors import ProjectError
from roadworthy.evaluation.trimming.prompt_files import PromptFiles, lines_of
from roadworthy.tasks import TaskDefinition, input_fields, required_names
from roadworthy.tasks.prompt import closed_environment, undeclared_names
from roadworthy.tasks.template_source import includes, spans

__all__ = ["Kind", "Part", "parts_of", "still_asks", "without"]

Kind: TypeAlias = Literal["block", "paragraph", "example"]
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")
_OPENS: Final = re.compile(r"(?:if|for|macro|block|filter|call|with|autoescape)\b")
_SET_BLOCK: Final = re.compile(r"set\s+[^=]+$")
_SHOWN: Final = 60


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that can be left out."""

    number: int
    """From 1, in the order of the files."""
    kind: Kind
    name: str
    """How people tell it from others: a block's name, ``example 3``, how a paragraph begins."""
    file: str
    line: int
    last_line: int
    lines: tuple[tuple[str, int, int], ...]
    """What goes: files, and the first and the last line of each stretch."""
    text: str
    """What the model would not read any more, as it is written."""


def parts_of(files: PromptFiles) -> list[Part]:
    """The parts of a prompt that can go, in the order of the files that hold them."""
    found: list[Part] = []
    for draft in (*_blocks(files), *_paragraphs(files), *_examples(files)):
        part = Part(number=len(found) + 1, **draft)  # type: ignore[arg-type]  # a table of its fields
        if _can_go(files, part):
            found.append(part)
    return found


def without(texts: Mapping[str, str], parts: Iterable[Part]) -> dict[str, str]:
    """The texts without the lines of these parts."""
    gone: dict[str, set[int]] = {}
    for part in parts:
        for file, first, last in part.lines:
            gone.setdefault(file, set()).update(range(first, last + 1))
    return {
        file: _shortened(text, gone[file]) if file in gone else text for file, text in texts.items()
    }


def still_asks(before: TaskDefinition, after: TaskDefinition) -> bool:
    """Whether each required input that was shown still is."""
    fields = input_fields(before.input_schema)
    needed = {n for n in required_names(before.input_schema) if _is_asked(fields.get(n, {}))}
    return needed & _shown(before) <= _shown(after)


def _shortened(text: str, gone: set[int]) -> str:
    lines = lines_of(text)
    kept = [line for at, line in enumerate(lines, start=1) if at not in gone]
    if lines and lines[-1].strip():
        while kept and not kept[-1].strip():
            kept.pop()  # what parted the last paragraph from the one before it
    return "".join(kept) if any(line.strip() for line in kept) else ""


def _can_go(files: PromptFiles, part: Part) -> bool:
    try:
        after = files.with_texts(without(files.texts, [part]))
    except ProjectError:
        return False
    asks = any(template.role == "user" for template in files.definition.templates)
    left = any(t.role == "user" and t.source.strip() for t in after.templates)
    return still_asks(files.definition, after) and (left or not asks)


def _is_asked(field: Mapping[str, object]) -> bool:
    """Whether the field is what the call is about, not what may help to answer it."""
    return field.get("role") != "context"


def _shown(definition: TaskDefinition) -> set[str]:
    environment = closed_environment(())
    sources = [t.source for t in definition.templates if not t.literal]
    return {
        name
        for source in (*sources, *definition.blocks.values())
        for name in undeclared_names(environment, source)
    }


def _blocks(files: PromptFiles) -> Iterator[dict[str, object]]:
    """Blocks whose tags stand alone on their lines, in templates of the task's own."""
    for name, block in files.definition.blocks.items():
        lines: list[tuple[str, int, int]] = []
        whole = True
        for template in files.definition.templates:
            if template.literal:
                continue
            rows = lines_of(files.texts[template.file])
            for include in includes(template.source):
                if include.names[:1] != (name,):
                    continue
                row = rows[include.line - 1].strip()
                whole &= row.startswith("{%") and row.endswith("%}") and row.count("{%") == 1
                last = _with_blank(rows, include.line, include.line)
                lines.append((template.file, include.line, last))
        if lines and whole:
            file, first, last = lines[0]
            yield {
                "kind": "block",
                "name": name,
                "file": file,
                "line": first,
                "last_line": first,
                "lines": tuple(lines),
                "text": "\n\n".join([block] * len(lines)),
            }


def _paragraphs(files: PromptFiles) -> Iterator[dict[str, object]]:
    own = [t.file for t in files.definition.templates if not t.literal]
    blocks = [f"blocks/{name}" for name in files.definition.blocks if name in files.own_blocks]
    for file in (*dict.fromkeys(own), *blocks):
        text = files.texts[file]
        rows = lines_of(text)
        stretches = list(_stretches(text))
        if file in blocks and len(stretches) < 2:
            continue  # the block itself is a part
        for first, last in stretches:
            part = "".join(rows[first - 1 : last]).replace("\r\n", "\n").rstrip("\n")
            tags = [span for span in spans(part) if span.kind != "text"]
            bare = "".join(part[s.start : s.end] for s in spans(part) if s.kind == "text").strip()
            if not bare and any(include for include in includes(part)):
                continue  # nothing but a block, which is a part itself
            if not bare and not tags:
                continue
            yield {
                "kind": "paragraph",
                "name": _beginning(part),
                "file": file,
                "line": first,
                "last_line": last,
                "lines": ((file, first, _with_blank(rows, first, last)),),
                "text": part,
            }


def _examples(files: PromptFiles) -> Iterator[dict[str, object]]:
    file = files.examples_file
    rows = files.texts.get(file, "").split("\n")
    filled = [at for at, row in enumerate(rows, start=1) if row.strip()]
    for number, line in enumerate(filled, start=1):
        yield {
            "kind": "example",
            "name": f"example {number}",
            "file": file,
            "line": line,
            "last_line": line,
            "lines": ((file, line, line),),
            "text": rows[line - 1].strip(),
        }


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """First and last line of each paragraph."""
    rows = lines_of(text)
    open_at = _open_lines(text)
    first: int | None = None
    fenced = False
    for at, row in enumerate(rows, start=1):
        parts_here = not row.strip() and not fenced and at not in open_at
        fenced ^= bool(_FENCE.match(row))
        if parts_here:
            if first is not None:
                yield first, at - 1
            first = None
        elif first is None and row.strip():
            first = at
    if first is not None:
        last = max(at for at, row in enumerate(rows, start=1) if row.strip())
        yield first, last


def _open_lines(text: str) -> set[int]:
    """Lines that stand between a tag and its end, or inside a tag."""
    found: set[int] = set()
    opened: list[int] = []
    for span in spans(text):
        first = text.count("\n", 0, span.start) + 1
        last = text.count("\n", 0, span.end) + 1
        if span.kind != "text":
            found.update(range(first, last + 1) if last > first else ())
        if span.kind != "statement":
            continue
        if _OPENS.match(span.body) or _SET_BLOCK.match(span.body):
            opened.append(first)
        elif span.body.startswith("end") and opened:
            begun = opened.pop()
            if not opened:
                found.update(range(begun, last + 1))
    return found


def _with_blank(rows: Sequence[str], first: int, last: int) -> int:
    """The last line with the empty ones behind it, which part it from what follows: only if the
    one before is empty, too, or there is none."""
    parted = first == 1 or not rows[first - 2].strip()
    while parted and last < len(rows) and not rows[last].strip():
        last += 1
    return last


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1].rstrip()}…"
