"""What became of a draft, as text. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence

from roadworthy.cli.columns import columns
from roadworthy.registry import Change, Publication, VersionRow
from roadworthy.tasks import Gate, Suite

__all__ = ["change_lines", "needed_first", "next_step", "publication_lines"]

_RANK = {"major": 0, "minor": 1, "patch": 2}


def publication_lines(publication: Publication, *, dry_run: bool = False) -> str:
    """The version, and each change with the level that it calls for."""
    row = publication.version
    if not publication.new:
        return f"Unchanged: {row.task} equals {row.version}, nothing published."
    said = "Would publish" if dry_run else "Published"
    before = f"was {publication.previous}" if publication.previous else "the first version"
    lines = [f"{said} {row.task} {row.version}: {row.level}, {before}."]
    if publication.changes:
        lines.append(change_lines(publication.changes))
    called_for = min((_RANK[change.level] for change in publication.changes), default=None)
    if called_for is not None and _RANK[row.level] < called_for:
        lines.append(f"  Raised to {row.level} by --bump.")
    return "\n".join(lines)


def needed_first(publication: Publication, published: Collection[str]) -> str:
    """What else must be published before, as a line; empty if all of it is among those published
    now."""
    names = [name for name in publication.unpublished if name not in published]
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"  First {verb} to be published: {', '.join(names)}; --with-steps does.\n"


def change_lines(changes: Sequence[Change], *, indent: int = 2) -> str:
    """One change a line, those of the highest level first."""
    ordered = sorted(changes, key=lambda change: (_RANK[change.level], not change.breaking))
    rows = [
        (
            change.level,
            change.place,
            f"{change.what}, breaking" if change.breaking else change.what,
        )
        for change in ordered
    ]
    return columns(rows, indent=indent)


def next_step(row: VersionRow, suite: Suite) -> str:
    """What to type now: what a gate asks for must be measured before it can be passed."""
    task = shlex.quote(row.task)
    if suite.gate != Gate():
        return f"Next: roadworthy test {task} --version {row.version}"
    return f"Next: roadworthy promote {task} {row.version} --to production"
