"""What the pages of blocks say: the reusable texts, and which tasks and versions use them. Pure.

A block has no version of its own: each version of a task holds the text that it was published
with. So a block is all its texts, and each of them is what some versions say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from roadworthy.control.call_page import Text
from roadworthy.control.drawing.formats import clip, visible
from roadworthy.control.links import block_link, version_link
from roadworthy.registry.counts import BlockUse

__all__ = [
    "BlockLine",
    "BlockText",
    "BlockUse",
    "BlockView",
    "TaskUse",
    "block_lines",
    "block_view",
]

MAX_TEXT_CHARS = 20_000
MAX_VERSIONS = 10
MAX_TASKS = 40


class BlockLine(msgspec.Struct, frozen=True, kw_only=True):
    """One block in the list."""

    name: str
    href: str
    tasks: tuple[str, ...]
    versions: int
    texts: int
    """How many different texts are in use: in a channel, or in a task's newest version."""


class TaskUse(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of one task that hold the same text."""

    task: str
    versions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Version, its address, and the channels that point to it; newest first."""
    more: int = 0


class BlockText(msgspec.Struct, frozen=True, kw_only=True):
    """One of the texts that a block has had."""

    text: Text
    used: tuple[TaskUse, ...]
    more_tasks: int
    current: bool
    """Whether a channel or a task's newest version holds it."""


class BlockView(msgspec.Struct, frozen=True, kw_only=True):
    """One block, ready to be shown."""

    name: str
    texts: tuple[BlockText, ...]
    """The one that was published last comes first."""
    tasks: tuple[str, ...]


def block_lines(uses: Iterable[BlockUse]) -> list[BlockLine]:
    """The list of blocks, by name."""
    by_name: dict[str, list[BlockUse]] = {}
    for use in uses:
        by_name.setdefault(use.block, []).append(use)
    return [
        BlockLine(
            name=name,
            href=block_link(name),
            tasks=tuple(sorted({use.task for use in found})),
            versions=len({(use.task, use.version) for use in found}),
            texts=len({use.text_digest for use in found if use.channels or use.newest}),
        )
        for name, found in sorted(by_name.items())
    ]


def block_view(name: str, uses: Sequence[BlockUse]) -> BlockView:
    """One block, of its uses."""
    by_text: dict[str, list[BlockUse]] = {}
    for use in sorted(uses, key=lambda use: -use.published_us):
        by_text.setdefault(use.text or "", []).append(use)
    return BlockView(
        name=name,
        texts=tuple(_text(text, found) for text, found in by_text.items()),
        tasks=tuple(sorted({use.task for use in uses})),
    )


def _text(text: str, uses: Sequence[BlockUse]) -> BlockText:
    shown, hidden = clip(text, limit=MAX_TEXT_CHARS)
    by_task: dict[str, list[BlockUse]] = {}
    for use in uses:
        by_task.setdefault(use.task, []).append(use)
    return BlockText(
        text=Text(shown=visible(shown), hidden=hidden),
        used=tuple(
            TaskUse(
                task=task,
                versions=tuple(
                    (use.version, version_link(task, use.version), use.channels)
                    for use in found[:MAX_VERSIONS]
                ),
                more=max(0, len(found) - MAX_VERSIONS),
            )
            for task, found in sorted(by_task.items())[:MAX_TASKS]
        ),
        more_tasks=max(0, len(by_task) - MAX_TASKS),
        current=any(use.channels or use.newest for use in uses),
    )
