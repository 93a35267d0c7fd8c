"""From a draft to a version: its digest, its level, its number. Pure but for the clock's time,
which is handed in."""

from __future__ import annotations

import msgspec

from roadworthy.core.errors import InvalidRequest
from roadworthy.registry.content import version_digest
from roadworthy.registry.levels import changes_between, level_of
from roadworthy.registry.semantic import next_version
from roadworthy.registry.version import (
    Actor,
    Change,
    Draft,
    Level,
    Publication,
    Version,
    VersionRow,
)
from roadworthy.storage.rows import column_text
from roadworthy.tasks import TaskDefinition, definition_digest, is_task_name

__all__ = ["MAX_MESSAGE", "check_message", "draft_digest", "next_publication"]

MAX_MESSAGE = 10_000
_RANK: dict[Level, int] = {"patch": 0, "minor": 1, "major": 2}


def check_message(draft: Draft) -> None:
    """Raises InvalidRequest unless the draft says why, and bears a task's name."""
    if not is_task_name(draft.definition.name):
        raise InvalidRequest(
            f"{draft.definition.name[:80]!r} is no name of a task: at most 100 letters, digits,"
            " '.', '_' and '-'"
        )
    if not draft.message.strip():
        raise InvalidRequest(
            'a version needs a message that says why: roadworthy publish TASK -m "why"',
            param="message",
        )
    if "\0" in draft.message:
        raise InvalidRequest("the message holds the character NUL; leave it out", param="message")
    if len(draft.message) > MAX_MESSAGE:
        raise InvalidRequest(
            f"the message has {len(draft.message)} characters, of at most {MAX_MESSAGE}",
            param="message",
        )


def draft_digest(draft: Draft) -> tuple[TaskDefinition, str]:
    """The draft's definition with its digest, and the digest of the whole; both computed here,
    whatever the draft says of itself."""
    digest = definition_digest(draft.definition)
    definition = msgspec.structs.replace(draft.definition, digest=digest, version="working")
    return definition, version_digest(definition, draft.suite)


def next_publication(
    draft: Draft, newest: Version | None, by: Actor, *, now_us: int
) -> tuple[Publication, Version | None]:
    """What becomes of a draft, and the version to add; None: it equals the newest.

    Raises:
        InvalidRequest: `bump` asks for a lower level than the changes have.
    """
    definition, digest = draft_digest(draft)
    if newest is not None and newest.row.digest == digest:
        return Publication(version=newest.row, new=False, previous=newest.row.version), None
    changes: tuple[Change, ...] = ()
    level: Level = "major"
    if newest is not None:
        changes = changes_between((newest.definition, newest.suite), (definition, draft.suite))
        level = _level(draft, changes)
    number = next_version(None if newest is None else newest.row.version, level)
    row = VersionRow(
        task=definition.name,
        version=number,
        digest=digest,
        definition_digest=definition.digest,
        level=level,
        message=draft.message.strip(),
        author=column_text(by.name),
        commit=draft.commit,
        published_us=now_us,
    )
    version = Version(
        row=row,
        definition=msgspec.structs.replace(definition, version=number),
        suite=draft.suite,
        changes=changes,
    )
    previous = None if newest is None else newest.row.version
    return Publication(version=row, new=True, changes=changes, previous=previous), version


def _level(draft: Draft, changes: tuple[Change, ...]) -> Level:
    """The changes' level, or a higher one that the draft asks for."""
    computed = level_of(changes) or "minor"
    if draft.bump is None:
        return computed
    if _RANK[draft.bump] < _RANK[computed]:
        found = (f"{c.place}: {c.what}" for c in changes if c.level == computed)
        raise InvalidRequest(
            f"this is a {computed} version, and may be raised but not lowered to {draft.bump}:"
            f" {next(found, 'its definition differs')}",
            param="bump",
        )
    return draft.bump
