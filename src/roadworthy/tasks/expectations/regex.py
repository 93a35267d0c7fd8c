"""`regex`: a pattern that is found in a text."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import jsonschema_rs

from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.answer import Verdict
from roadworthy.tasks.expectations.edges import Text
from roadworthy.tasks.expectations.kind import Placed

__all__ = ["Regex"]

_BEYOND: Final = {
    "(?=": "looks ahead",
    "(?!": "looks ahead",
    "(?<=": "looks behind",
    "(?<!": "looks behind",
}


class Regex(Placed, frozen=True, kw_only=True):
    """The pattern is found somewhere in the text. Patterns take time in proportion to the text,
    whatever they are, and so look neither ahead nor behind and refer to no group."""

    kind: ClassVar[str] = "regex"
    takes: ClassVar[frozenset[str]] = frozenset({"string"})
    example: ClassVar[str] = '{"regex": "^[A-Z]{2}-[0-9]{4}$", "at": "/order"}'

    regex: Text
    """As JSON Schema's `pattern`. `^` and `$` mean the ends of the text."""
    ignore_case: bool = False
    """Upper and lower case are the same."""

    def faults_at(self, _place: SchemaType, /) -> Iterator[str]:
        try:
            _finder(self._pattern)
        except ValueError:
            yield f"regex: {_why(self.regex)}"

    def look(self, value: Any) -> Verdict:
        if not isinstance(value, str):
            return self.wrong_type(value)
        try:
            found = _finder(self._pattern).is_valid(value)
        except UnicodeEncodeError:
            return Verdict(passed=False, reason="the text holds half a character", stands=True)
        return Verdict(passed=found, reason="" if found else f"/{self.regex}/ is not found")

    @property
    def _pattern(self) -> str:
        return f"(?i){self.regex}" if self.ignore_case else self.regex


@functools.lru_cache(maxsize=256)
def _finder(pattern: str) -> jsonschema_rs.Draft202012Validator:
    # Python's own engine backtracks: `^(a+)+$` on 40 characters takes hours, and holds the GIL,
    # so that no timeout ends it. This one is linear.
    return jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
    )


def _why(pattern: str) -> str:
    for part, what in _BEYOND.items():
        if part in pattern:
            return (
                f'"{part}" {what}, which these patterns do not; write two checks, one of them'
                " with not_"
            )
    return f'"{pattern}" is no regular expression, too large a one, or refers to a group'
