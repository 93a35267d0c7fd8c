"""Which published version a selector takes: ``1.4.0``, ``^1``, ``staging``. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from roadworthy.core.errors import UnknownTask
from roadworthy.pipeline.pinned import Pin
from roadworthy.registry.semantic import in_range, is_range, newest
from roadworthy.tasks import VersionIndex

__all__ = ["PRODUCTION", "WORKING", "select_version"]

PRODUCTION: Final = "production"
WORKING: Final = "working"
"""The working copy; under ``serve --dev`` only."""
_SHOWN: Final = 5
_NUMBERS: Final = re.compile(r"v?(\d+)(\.\d+)?(\.\d+)?")


def select_version(task: str, index: VersionIndex | None, selector: str) -> Pin:
    """The version of the task that the selector takes now.

    A range takes the version that production points to if that is in it, else the newest in it
    that production has pointed to and was not rolled back from.

    Raises:
        UnknownTask: there is none; the message says which come nearest and what there is.
    """
    if index is None or not index.digests:
        raise _unknown(
            f'task {task!r} has no published version; `roadworthy publish {task} -m "…"` makes'
            f" one, and without '@{selector[:40]}' you reach what is served"
        )
    version: str | None = selector
    if is_range(selector):
        version = _in_range(task, index, selector)
    elif selector not in index.digests:
        version = index.channels.get(selector)
    if version is None:
        raise _unknown(_no_such(task, index, selector))
    digest = index.digests.get(version)
    if digest is None:  # the registry never writes so; a snapshot that a person changed may
        raise _unknown(f"'@{selector[:40]}' of task {task!r} is {version}, which is not published")
    return Pin(task, version, digest)


def _in_range(task: str, index: VersionIndex, selector: str) -> str:
    production = index.channels.get(PRODUCTION)
    if production is not None and in_range(production, selector):
        return production
    found = newest(index.released, selector)
    if found is not None:
        return found
    published = newest(index.digests, selector)
    if published is not None:
        raise _unknown(
            f"no version of task {task!r} in {selector} has been in production; {published} is"
            f" published: `roadworthy promote {task} {published} --to {PRODUCTION}`, or pin"
            f" '@{published}'"
        )
    raise _unknown(f"task {task!r} has no version in {selector}; {_there_are(index)}")


def _no_such(task: str, index: VersionIndex, selector: str) -> str:
    shown = selector[:40]
    if selector == PRODUCTION:
        version = next(iter(index.digests))
        return (
            f"task {task!r} is not in production;"
            f" `roadworthy promote {task} {version} --to {PRODUCTION}` puts it there"
        )
    numbers = _NUMBERS.fullmatch(selector)
    if numbers is None:
        near = difflib.get_close_matches(selector, index.channels, n=1)
        hint = f"did you mean '@{near[0]}'? " if near else ""
        return f"task {task!r} has no channel {shown!r}; {hint}{_there_are(index)}"
    if numbers[3] is None:
        wanted = selector.removeprefix("v")
        return f"{shown!r} is no whole version; did you mean '@^{wanted}'? {_there_are(index)}"
    near = difflib.get_close_matches(selector, index.digests, n=1, cutoff=0)
    return f"task {task!r} has no version {shown!r}; the nearest is {near[0]}, {_there_are(index)}"


def _there_are(index: VersionIndex) -> str:
    versions = _few(index.digests)
    if not index.channels:
        return f"published: {versions}; no channel points to any of them"
    channels = _few(f"{name} ({version})" for name, version in index.channels.items())
    return f"published: {versions}; channels: {channels}"


def _few(names: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more


def _unknown(message: str) -> UnknownTask:
    return UnknownTask(message, param="model")
