"""The majority of several values, field by field. Pure.

Objects are voted on leaf by leaf; anything else, a list too, is one value, equal where its JSON
is. A field that a vote leaves out is a vote for its absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.conformance.pointer import parts_of, pointer_of

__all__ = [
    "ABSENT",
    "Field",
    "agreement",
    "combine",
    "count_votes",
    "is_same",
    "supporters",
    "votes_needed",
]

ABSENT: Final = object()
"""What a field is that is not there."""
_OBJECT: Final = b"{"


class Field(NamedTuple):
    """What was voted on one place of the answer."""

    path: str
    """JSON pointer."""
    value: Any
    """Of the most votes, among equals the earliest; an object stands for any object, whose
    fields are voted on apart."""
    ahead: int
    """How many votes it has."""
    next: int
    """How many the value after it has."""

    @property
    def is_tied(self) -> bool:
        return self.ahead == self.next

    def is_fixed(self, left: int) -> bool:
        """Whether so many more votes can change nothing."""
        return self.ahead > self.next + left

    def votes_needed(self, left: int) -> int:
        """How many more votes, of those left, could fix it at the least."""
        if self.is_fixed(left):
            return 0
        return min(left, (self.next + left - self.ahead) // 2 + 1)


def votes_needed(fields: Sequence[Field], left: int) -> int:
    """How many more votes it takes at the least until nothing can change any more; 0: it is
    fixed, or none are left."""
    if not fields:  # nobody has voted
        return left // 2 + 1
    return max(field.votes_needed(left) for field in fields)


def count_votes(votes: Sequence[Any]) -> list[Field]:
    """What was voted on each field, objects before what is in them; empty without votes."""
    return list(_count("", votes)) if votes else []


def combine(fields: Sequence[Field]) -> Any:
    """The value that has what each field has most votes for; `ABSENT` never comes out, unless it
    is what the votes are."""
    whole = fields[0]
    if not isinstance(whole.value, dict):
        return whole.value
    root: dict[str, Any] = {}
    for field in fields[1:]:
        if field.value is ABSENT:
            continue
        *above, name = parts_of(field.path)
        place = root
        for part in above:
            place = place[part]
        place[name] = {} if isinstance(field.value, dict) else field.value
    return root


def agreement(fields: Sequence[Field], value: Any) -> int:
    """On how many fields a single vote is with the most."""
    return sum(_key(_find(value, field.path)) == _key(field.value) for field in fields)


def supporters(value: Any, votes: Sequence[Any]) -> dict[str, int]:
    """By pointer, for each leaf of a value, how many votes have it so."""
    return {
        path: sum(_key(_find(vote, path)) == _key(leaf) for vote in votes)
        for path, leaf in _leaves("", value)
    }


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON."""
    return _written(one) == _written(other)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for name, below in value.items():
        yield from _leaves(path + pointer_of([name]), below)


def _count(path: str, votes: Sequence[Any]) -> Iterator[Field]:
    counts: dict[bytes, int] = {}
    first: dict[bytes, Any] = {}
    for vote in votes:
        key = _key(vote)
        counts[key] = counts.get(key, 0) + 1
        first.setdefault(key, vote)
    winner = max(counts, key=lambda key: counts[key])  # the earliest of equals
    others = [count for key, count in counts.items() if key != winner]
    ahead, behind = counts[winner], max(others, default=0)
    if winner != _OBJECT:
        yield Field(path, first[winner], ahead, behind)
        return
    yield Field(path, {}, ahead, behind)
    objects = [vote for vote in votes if isinstance(vote, dict)]
    for name in dict.fromkeys(name for vote in objects for name in vote):
        below = [vote.get(name, ABSENT) for vote in objects]
        yield from _count(path + pointer_of([name]), below)


def _key(value: Any) -> bytes:
    if value is ABSENT:
        return b""
    return _OBJECT if isinstance(value, dict) else _written(value)


def _written(value: Any) -> bytes:
    return msgspec.json.encode(_plain(value), order="sorted")


def _plain(value: Any) -> Any:
    """Numbers that are equal as JSON are written alike: 1.0 is 1."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _find(value: Any, path: str) -> Any:
    for part in parts_of(path):
        if not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value
