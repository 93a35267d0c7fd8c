"""`contains`, `contains_all`, `contains_any`: words of a text, or items of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.comparing import Leniency, equal, shown
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["Contains", "ContainsAll", "ContainsAny"]

Several = Annotated[list[Any], msgspec.Meta(min_length=1)]


class _Containing(Placed, frozen=True, kw_only=True):
    takes: ClassVar[frozenset[str]] = frozenset({"string", "list"})

    ignore_case: bool = False
    """Upper and lower case are the same."""

    def wanted(self) -> list[Any]:
        raise NotImplementedError

    def passes(self, absent: list[Any]) -> bool:
        return not absent

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str | list):
            return self.wrong_type(value)
        wanted = self.wanted()
        absent = [one for one in wanted if not self._holds(value, one)]
        passed = self.passes(absent)
        listed = ", ".join(shown(one) for one in absent)
        reason = "" if passed else f"{self.at or 'the answer'} lacks {listed}"
        return Verdict(passed=passed, score=1 - len(absent) / len(wanted), reason=reason)

    def _holds(self, value: str | list[Any], wanted: Any) -> bool:
        leniency = Leniency(ignore_case=self.ignore_case)
        if isinstance(value, str):
            return isinstance(wanted, str) and leniency.text(wanted) in leniency.text(value)
        return any(equal(wanted, item, leniency) for item in value)

    def faults_at(self, place: SchemaType, /) -> Iterator[str]:
        for one in self.wanted():
            if one == "":
                yield f"{self.kind}: every text contains an empty one; write what it should contain"
            elif not isinstance(one, str) and "list" not in place.kinds:
                yield f"{self.kind}: a text contains no {shown(one)}; write it in quotes"


class Contains(_Containing, frozen=True, kw_only=True):
    """The text contains this text, or the list contains this item."""

    kind: ClassVar[str] = "contains"
    example: ClassVar[str] = '{"contains": "refund", "at": "/summary", "ignore_case": true}'

    contains: Any
    """A text; in a list, any value."""

    def wanted(self) -> list[Any]:
        return [self.contains]


class ContainsAll(_Containing, frozen=True, kw_only=True):
    """The text contains all of these, or the list does."""

    kind: ClassVar[str] = "contains_all"
    example: ClassVar[str] = '{"contains_all": ["delivery", "support"], "at": "/themes"}'

    contains_all: Several
    """Texts; in a list, any values."""

    def wanted(self) -> list[Any]:
        return self.contains_all


class ContainsAny(_Containing, frozen=True, kw_only=True):
    """The text contains at least one of these, or the list does."""

    kind: ClassVar[str] = "contains_any"
    example: ClassVar[str] = '{"contains_any": ["sorry", "apolog"], "ignore_case": true}'

    contains_any: Several
    """Texts; in a list, any values."""

    def wanted(self) -> list[Any]:
        return self.contains_any

    def passes(self, absent: list[Any]) -> bool:
        return len(absent) < len(self.contains_any)
