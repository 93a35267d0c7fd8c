"""`subset`: some fields of an object, some items of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.comparing import equal, shown
from roadworthy.tasks.expectations.impossible import impossible
from roadworthy.tasks.expectations.kind import Placed
from roadworthy.tasks.places import below

__all__ = ["Subset"]

_MAX_DEPTH = 200


class Subset(Placed, frozen=True, kw_only=True):
    """The value has these fields, and these items in any order, at any depth; it may have more."""

    kind: ClassVar[str] = "subset"
    takes: ClassVar[frozenset[str]] = frozenset({"map", "list"})
    example: ClassVar[str] = '{"subset": [{"id": "A-1"}], "at": "/orders"}'

    subset: dict[str, Any] | list[Any]
    """Fields with what is wanted of them, or items."""

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, dict | list):
            return self.wrong_type(value)
        missing = _missing(self.subset, value, "")
        return Verdict(passed=missing is None, reason=missing or "")

    def faults_at(self, place: SchemaType, /) -> Iterator[str]:
        if isinstance(self.subset, dict):
            yield from impossible(self.subset, place, self.at)
        elif "list" not in place.kinds:
            yield f"subset: {self.at or 'the output'} is an object, and a list of items is given"
        else:
            for item in self.subset:
                yield from impossible(item, place.item(), f"{self.at}/…")


def _missing(wanted: Any, found: Any, path: str) -> str | None:
    """What of the wanted is not there, in words."""
    if path.count("/") > _MAX_DEPTH:
        return f"nested deeper than {_MAX_DEPTH} levels"
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name, value in wanted.items():
            if name not in found:
                return f"there is no {below(path, name)}"
            missing = _missing(value, found[name], below(path, name))
            if missing is not None:
                return missing
        return None
    if isinstance(wanted, list) and isinstance(found, list):
        for item in wanted:
            if all(_missing(item, other, f"{path}/…") is not None for other in found):
                return f"{path or 'the list'} has no {shown(item)}"
        return None
    where = f"{path} is " if path else ""
    same = equal(wanted, found)
    return None if same else f"{where}{shown(found)}, expected {shown(wanted)}"
