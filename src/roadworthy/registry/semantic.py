"""Semantic versions of tasks: the next one, and ranges such as ``^1.4``. Pure.

A task's versions are three numbers, without the pre-releases and build marks that the standard
allows: whatever is not yet to be used is in no channel. Gateways resolve ranges with this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from semver import Version as Number

from roadworthy.registry.version import Level

__all__ = ["FIRST", "in_range", "is_range", "is_version", "newest", "next_version", "parse"]

FIRST: Final = "1.0.0"
_PART: Final = r"(?:0|[1-9][0-9]{0,8})"
_VERSION: Final = re.compile(rf"{_PART}\.{_PART}\.{_PART}")
_RANGE: Final = re.compile(rf"\^({_PART})(?:\.({_PART}))?(?:\.({_PART}))?")


@lru_cache(maxsize=16_384)
def parse(version: str) -> Number:
    """The version as something that compares.

    Raises:
        ValueError: it is not three numbers with dots between them.
    """
    if _VERSION.fullmatch(version) is None:
        raise ValueError(f'"{version}" is no version; a version is three numbers, such as 1.4.0')
    return Number.parse(version)


def next_version(current: str | None, level: Level) -> str:
    """The version that a change of this level makes of the current one; the first is 1.0.0."""
    if current is None:
        return FIRST
    at = parse(current)
    if level == "major":
        return str(at.bump_major())
    return str(at.bump_minor() if level == "minor" else at.bump_patch())


def is_version(text: str) -> bool:
    """Whether this is three numbers with dots between them."""
    return _VERSION.fullmatch(text) is not None


def is_range(reference: str) -> bool:
    """Whether this is ``^1``, ``^1.4`` or ``^1.4.2``."""
    return _RANGE.fullmatch(reference) is not None


def in_range(version: str, wanted: str) -> bool:
    """Whether the version is at least what the range names, without a further major step.

    ``^0.3`` reaches 0.9.0: major versions of tasks are computed from their contracts, so that
    those below 1 promise as much as any.

    Raises:
        ValueError: one of them is not what it should be.
    """
    match = _RANGE.fullmatch(wanted)
    if match is None:
        raise ValueError(f'"{wanted}" is no range; a range is ^1, ^1.4 or ^1.4.2')
    least = Number(*(int(part or 0) for part in match.groups()))
    at = parse(version)
    return at.major == least.major and at >= least


def newest(versions: Iterable[str], wanted: str | None = None) -> str | None:
    """The highest of the versions, or of those in a range; None if there is none.

    Raises:
        ValueError: one of them is no version, or `wanted` is no range.
    """
    fitting = [version for version in versions if wanted is None or in_range(version, wanted)]
    return max(fitting, key=parse, default=None)
