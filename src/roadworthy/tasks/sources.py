"""Whether the Python files that a published version runs are those that are installed.

A version keeps their text, and its digest covers it; but code comes from the installation, never
from the registry, which whoever may publish could fill.
"""

from __future__ import annotations

import posixpath
from pathlib import Path

from roadworthy.tasks.definition import TaskDefinition

__all__ = ["differing_sources"]


def differing_sources(definition: TaskDefinition, root: Path) -> list[str]:
    """The files, by path relative to the project, that are missing here, have another text, or
    stand outside the project. Line ends do not count: git may change them."""
    return [
        path
        for path, text in sorted(definition.sources.items())
        if not _is_inside(path) or _read(root / path) != _lines(text)
    ]


def _is_inside(path: str) -> bool:
    plain = posixpath.normpath(path)  # a rule's file may stand beside its task's folder
    return not plain.startswith("/") and plain.partition("/")[0] != ".."


def _read(path: Path) -> list[str] | None:
    try:
        return _lines(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # absent, a folder, not text
        return None


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")
