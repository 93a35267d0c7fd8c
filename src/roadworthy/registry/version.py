"""A version of a task: immutable, with a computed semantic version. Values only."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.cases import Suite

__all__ = ["Actor", "Change", "Draft", "Level", "Publication", "Role", "Version", "VersionRow"]

Level: TypeAlias = Literal["patch", "minor", "major"]
Role: TypeAlias = Literal["viewer", "owner"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does something to the registry."""

    name: str
    """A person's (``git config user.name``, the account), or a key's."""
    role: Role = "owner"


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One difference between two states of a task, and what it means to callers."""

    level: Level
    place: str
    """``input./comment``, ``output./themes``, ``prompt/system.md``, ``blocks/brand-voice.md``,
    ``parameters.temperature``, ``model``, ``steps.copy``, ``tasks.marketing-copy``,
    ``rules.premium``, ``cases.jsonl``, ``gate.pass_rate``, …"""
    what: str
    """In words: "required input added", "enum value removed"."""
    breaking: bool = False
    """Whether a caller may break."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A working copy on its way into the registry."""

    definition: TaskDefinition
    suite: Suite = Suite()
    message: str = ""
    commit: str | None = None
    """Git's id of the commit that is checked out; ``-dirty`` behind it if files differ from it.
    None: the project is in no repository."""
    bump: Level | None = None
    """At least this level; it never lowers the computed one."""


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What lists show of a version."""

    task: str
    version: str
    """Semantic version, such as ``1.4.0``."""
    digest: str
    """SHA-256 over the whole version: definition, description and suite."""
    definition_digest: str
    """SHA-256 over what may change an answer or a contract; equal ones share test results."""
    level: Level
    """Of the step from the version before. The first version's is ``major``."""
    message: str
    author: str
    commit: str | None
    published_us: int


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version, whole."""

    row: VersionRow
    definition: TaskDefinition
    """Its `name`, `version` and `digest` are filled in."""
    suite: Suite
    changes: tuple[Change, ...] = ()
    """From the version before; why it has its level."""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a draft."""

    version: VersionRow
    new: bool
    """False: the draft equals this version, the newest, and nothing was written."""
    changes: tuple[Change, ...] = ()
    previous: str | None = None
    """The version that the changes are seen from; None: there was none."""
    unpublished: tuple[str, ...] = ()
    """Of a preview: tasks that it runs and that must be published first, in this order."""
