"""`starts_with`, `ends_with`: how a text begins and ends."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.comparing import Leniency, shown
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["EndsWith", "StartsWith", "Text"]

Text = Annotated[str, msgspec.Meta(min_length=1)]
_SHOWN = 40


class _Edge(Placed, frozen=True, kw_only=True):
    takes: ClassVar[frozenset[str]] = frozenset({"string"})

    ignore_case: bool = False
    """Upper and lower case are the same."""

    def text(self, text: str) -> str:
        return Leniency(ignore_case=self.ignore_case).text(text)


class StartsWith(_Edge, frozen=True, kw_only=True):
    """The text starts with this one, to the character."""

    kind: ClassVar[str] = "starts_with"
    example: ClassVar[str] = '{"starts_with": "Dear ", "at": "/letter"}'

    starts_with: Text
    """How it starts, white space included."""

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str):
            return self.wrong_type(value)
        passed = self.text(value).startswith(self.text(self.starts_with))
        return Verdict(passed=passed, reason="" if passed else f"starts {shown(value[:_SHOWN])}")


class EndsWith(_Edge, frozen=True, kw_only=True):
    """The text ends with this one, to the character."""

    kind: ClassVar[str] = "ends_with"
    example: ClassVar[str] = '{"ends_with": ".", "at": "/summary"}'

    ends_with: Text
    """How it ends, white space included."""

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str):
            return self.wrong_type(value)
        passed = self.text(value).endswith(self.text(self.ends_with))
        return Verdict(passed=passed, reason="" if passed else f"ends {shown(value[-_SHOWN:])}")
