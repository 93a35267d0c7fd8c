"""What differs between two JSON Schemas of a task, and whether a caller may break. Pure."""

from __future__ import annotations

from typing import Any, Literal

from roadworthy.registry.version import Change

__all__ = ["input_changes", "output_changes"]


def input_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """From what callers could send to what they can send now."""
    return _changes("input", old, new)


def output_changes(old: dict[str, Any] | None, new: dict[str, Any] | None) -> list[Change]:
    """From what callers could receive to what they can receive now; None is free text."""
    if old is None and new is None:
        return []
    if old is None or new is None:
        what = "text became typed" if old is None else "typed became text"
        return [Change(level="major", place="output", what=what, breaking=True)]
    return _changes("output", old, new)


def _changes(
    side: Literal["input", "output"], old: dict[str, Any], new: dict[str, Any]
) -> list[Change]:
    if old == new and list(old) == list(new):
        return []
    what = "cannot be shown to accept all that was accepted"
    return [Change(level="major", place=side, what=what, breaking=True)]
