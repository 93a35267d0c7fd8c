"""Where in a task's files things stand that a definition holds without their places."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from roadworthy.core.documents import SourceFolder
from roadworthy.core.toml_lines import KeyPath, key_lines

__all__ = ["Place", "Places"]

Place = tuple[str, int]
"""File and line, from 1; 0: the file itself."""


class Places:
    """Looks into the files of one task, which are read when they are asked for.

    ``root`` None: there are no files, and a place is the file where the thing would stand.
    """

    def __init__(self, root: Path | None, task: str) -> None:
        self._sources = None if root is None else SourceFolder(root)
        self._folder = f"tasks/{task}"

    def field(self, side: str, name: str) -> Place:
        """Of a field of the ``input`` or of the ``output``."""
        file = f"{self._folder}/task.toml"
        for path in ((side, "fields", name), (side, "properties", name), (side, name)):
            if path in self._keys:
                return file, self._keys[path]
        usual = f"{self._folder}/{side}.schema.json"
        text = self._read(usual)
        if text is not None:
            return usual, _line_of(f'"{re.escape(name)}"\\s*:', text)
        return file, self._keys.get((side,), 1)

    def block(self, name: str) -> Place:
        return f"blocks/{name}", 1

    def example(self, number: int) -> Place:
        """Of the example with this number, from 1."""
        return self._json_line("prompt/examples.jsonl", number)

    def case(self, number: int) -> Place:
        """Of the case with this number, from 1."""
        return self._json_line("cases.jsonl", number)

    def rule(self, name: str) -> Place:
        """Of the rule with this name."""
        file = f"{self._folder}/rules.toml"
        text = self._read(file) or ""
        return file, _line_of(rf"name\s*=\s*[\"']{re.escape(name)}[\"']", text)

    @cached_property
    def _keys(self) -> dict[KeyPath, int]:
        return key_lines(self._read(f"{self._folder}/task.toml") or "")

    def _json_line(self, name: str, number: int) -> Place:
        file = f"{self._folder}/{name}"
        lines = (self._read(file) or "").split("\n")
        filled = [at for at, line in enumerate(lines, start=1) if line.strip()]
        return file, filled[number - 1] if 0 < number <= len(filled) else 0

    def _read(self, file: str) -> str | None:
        return None if self._sources is None else self._sources.read(file)


def _line_of(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
