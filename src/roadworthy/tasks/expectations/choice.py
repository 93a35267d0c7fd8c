"""`one_of`: one of several values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.comparing import Leniency, equal, shown
from roadworthy.tasks.expectations.impossible import impossible
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["OneOf"]


class OneOf(Placed, frozen=True, kw_only=True):
    """The value is one of these."""

    kind: ClassVar[str] = "one_of"
    example: ClassVar[str] = '{"one_of": ["neutral", "negative"], "at": "/sentiment"}'

    one_of: Annotated[list[Any], msgspec.Meta(min_length=1)]
    """The values; 1 and 1.0 are the same."""
    ignore_case: bool = False
    """Upper and lower case are the same."""

    def look(self, value: Any) -> Verdict:
        leniency = Leniency(ignore_case=self.ignore_case)
        passed = any(equal(one, value, leniency) for one in self.one_of)
        reason = "" if passed else f"{shown(value)} is not one of {shown(self.one_of)}"
        return Verdict(passed=passed, reason=reason)

    def faults_at(self, place: SchemaType, /) -> Iterator[str]:
        for one in () if self.ignore_case else self.one_of:
            yield from impossible(one, place, self.at)
