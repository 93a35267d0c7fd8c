"""`expect` and `equals`: the value is what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import msgspec

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.comparing import Leniency, difference, lacks
from roadworthy.tasks.expectations.impossible import impossible
from roadworthy.tasks.expectations.kind import Placed
from roadworthy.tasks.places import below

__all__ = ["Equals", "Expect", "NotNegative", "expected_fields"]

NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class Expect(Placed, frozen=True, kw_only=True):
    """The value has the expected fields, at any depth; texts and numbers are equal."""

    kind: ClassVar[str] = "expect"
    example: ClassVar[str] = '{"expect": {"sentiment": "positive"}}'

    expect: Any = None
    """The expected value of the place."""

    def look(self, value: Any) -> Verdict:
        what = lacks(self.expect, value)
        return Verdict(passed=what is None, reason=what or "")

    def faults_at(self, place: SchemaType, /) -> Iterator[str]:
        yield from impossible(self.expect, place, self.at)


class Equals(Placed, frozen=True, kw_only=True):
    """The value is this one. Objects have the same fields and no more."""

    kind: ClassVar[str] = "equals"
    example: ClassVar[str] = '{"equals": 0.9, "at": "/confidence", "tolerance": 0.05}'

    equals: Any
    """Any JSON value; 1 and 1.0 are the same."""
    tolerance: NotNegative = 0.0
    """Numbers may differ by this much."""
    relative: NotNegative = 0.0
    """Numbers may differ by this fraction of the expected one."""
    ignore_case: bool = False
    """Upper and lower case are the same."""
    ignore_space: bool = False
    """White space at the ends does not count, nor how much of it stands between words."""
    any_order: bool = False
    """Lists are equal if their items can be paired, in whatever order they stand."""

    def look(self, value: Any) -> Verdict:
        leniency = Leniency(
            tolerance=self.tolerance,
            relative=self.relative,
            ignore_case=self.ignore_case,
            ignore_space=self.ignore_space,
            any_order=self.any_order,
        )
        what = difference(self.equals, value, leniency)
        return Verdict(passed=what is None, reason=what or "")

    def faults_at(self, place: SchemaType, /) -> Iterator[str]:
        if not (self.tolerance or self.relative or self.ignore_case or self.ignore_space):
            yield from impossible(self.equals, place, self.at)


def expected_fields(expect: Any) -> list[Expect]:
    """The expectations that ``expect`` is short for: one for each field, or one of the whole."""
    if not isinstance(expect, dict):
        return [Expect(expect=expect)]
    return [Expect(expect=value, at=below("", name)) for name, value in expect.items()]
