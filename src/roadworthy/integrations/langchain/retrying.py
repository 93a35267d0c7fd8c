"""Which errors may pass if a call is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from roadworthy.client import GatewayUnreachable
from roadworthy.core.errors import RoadworthyError

__all__ = ["PASSING_ERRORS"]


def _passing(error: type[RoadworthyError]) -> Iterator[type[RoadworthyError]]:
    below = error.__subclasses__()
    if error.retry and all(inner.retry for inner in below):
        yield error
        return
    for inner in below:
        yield from _passing(inner)


PASSING_ERRORS: Final[tuple[type[RoadworthyError], ...]] = tuple(
    dict.fromkeys([GatewayUnreachable, *_passing(RoadworthyError)])
)
"""For ``task.with_retry(retry_if_exception_type=PASSING_ERRORS)``: an overloaded or unreachable
gateway, a provider that failed in passing. An answer that does not conform is none of them: the
task has asked again already, within its call."""
