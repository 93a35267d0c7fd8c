"""A task's prompt as its files, and the definition that other texts of them would make.

Texts are kept as they are on disk, line ends included, so that what is proposed is a patch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from roadworthy.core.documents import Fault
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import Project, TaskDefinition, definition_digest
from roadworthy.tasks.examples import expand_examples
from roadworthy.tasks.template_check import check_templates, included_blocks

__all__ = ["PromptFiles", "lines_of", "read_prompt_files"]

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, kw_only=True)
class PromptFiles:
    """The texts that a prompt is made from, and what the rest of the definition is."""

    root: Path
    definition: TaskDefinition
    texts: Mapping[str, str]
    """By file, relative to the project: templates, their blocks, examples. An empty one is as if it
    were not there."""
    blocks: Mapping[str, str]
    """All blocks of the project, as they are."""
    own_blocks: frozenset[str] = frozenset()
    """Blocks that no other task includes: what goes out of them changes nobody else."""

    @property
    def examples_file(self) -> str:
        return f"tasks/{self.definition.name}/prompt/examples.jsonl"

    def with_texts(self, texts: Mapping[str, str]) -> TaskDefinition:
        """The definition that these texts make in place of the files.

        Raises:
            ProjectError: they make none: a variable, a block or an example is at fault.
        """
        definition = self.definition
        own = [template for template in definition.templates if not template.literal]
        templates = tuple(
            msgspec.structs.replace(template, source=source)
            for template in own
            if (source := _source(texts.get(template.file, ""))) or template.role == "user"
        )
        changed = {
            name: _source(texts[file])
            for name in self.blocks
            if (file := f"blocks/{name}") in texts
        }
        blocks, faults = included_blocks(templates, {**self.blocks, **changed})
        faults += check_templates(
            templates,
            blocks=blocks,
            input_schema=definition.input_schema,
            schema_file=f"tasks/{definition.name}/task.toml",
            variables={n for rule in definition.rules if rule.effect == "set" for n in rule.values},
        )
        bare = msgspec.structs.replace(definition, templates=templates, blocks=blocks, digest="")
        _refuse(faults)
        examples = texts.get(self.examples_file, "")
        if examples.strip():
            bare, faults = expand_examples(bare, _read(examples), self.root)
            _refuse(faults)
        return msgspec.structs.replace(bare, digest=definition_digest(bare))


def read_prompt_files(project: Project, definition: TaskDefinition) -> PromptFiles:
    """The files of a task's working copy.

    Raises:
        ProjectError: they are not those that the definition was made from.
    """
    own = {template.file for template in definition.templates}
    own |= {f"blocks/{name}" for name in definition.blocks}
    examples = f"tasks/{definition.name}/prompt/examples.jsonl"
    if (project.root / examples).is_file():
        own.add(examples)
    texts = {file: _text(project.root / file) for file in sorted(own)}
    others = [task for name, task in project.tasks.items() if name != definition.name]
    files = PromptFiles(
        root=project.root,
        definition=definition,
        texts=texts,
        blocks=project.blocks,
        own_blocks=frozenset(definition.blocks) - {n for task in others for n in task.blocks},
    )
    if files.with_texts(texts).digest != definition.digest:
        raise ProjectError(
            [
                f"tasks/{definition.name}: its files changed while they were read; run the command"
                " again"
            ]
        )
    return files


def lines_of(text: str) -> list[str]:
    """The lines with their ends. Only a line feed ends one, as in git."""
    return _LINE.findall(text)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError([f"{path}: cannot be read as UTF-8"]) from error


def _read(text: str) -> str:
    """As the loader of projects reads a file."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _source(text: str) -> str:
    return _read(text).rstrip("\n")


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ProjectError([str(fault) for fault in faults])
