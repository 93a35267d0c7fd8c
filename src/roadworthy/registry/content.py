"""A version's content as it lies in the database, and the digests that it is known by. Pure."""

from __future__ import annotations

import zlib
from typing import TypeVar

import msgspec

from roadworthy.core.errors import StoreError
from roadworthy.registry.version import Change
from roadworthy.tasks import TaskDefinition, content_digest
from roadworthy.tasks.cases import Suite

__all__ = ["Content", "pack", "unpack", "version_digest"]

T = TypeVar("T")
_LEVEL = 6


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a version holds beside its row."""

    definition: TaskDefinition
    suite: Suite
    changes: tuple[Change, ...] = ()


def version_digest(definition: TaskDefinition, suite: Suite) -> str:
    """SHA-256 over a whole version: what answers, what it is called and tested by. Where its files
    stand is no part of it, so that a move of files is no version."""
    return content_digest(
        {
            "task": definition.name,
            "definition": definition.digest,
            "description": definition.description,
            # The definition's digest leaves out what the schema says to people.
            "input_schema": definition.input_schema,
            "suite": suite,
        }
    )


def pack(value: object) -> bytes:
    """The value as compressed JSON."""
    return zlib.compress(msgspec.json.encode(value), _LEVEL)


def unpack(data: bytes, kind: type[T], *, what: str) -> T:
    """The value that was packed.

    Raises:
        StoreError: it is damaged; ``what`` says what it was to be.
    """
    try:
        return msgspec.json.decode(zlib.decompress(data), type=kind)
    except (zlib.error, msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StoreError(
            f"{what} is damaged in the database; take it from an export with `roadworthy import`"
        ) from error
