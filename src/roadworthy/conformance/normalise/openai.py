"""What OpenAI's structured outputs and strict functions accept.

Source: OpenAI, *Structured model outputs*, "Supported schemas", read November 2026: an object at
the root, closed objects, all fields required, `anyOf` but not `oneOf` or `allOf`, recursion, and
the limits below. Lengths of strings are not in its list of what is supported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.loss import NotStrict
from roadworthy.conformance.normalise.measure import Size
from roadworthy.conformance.normalise.work import Limits

__all__ = ["OPENAI", "fit_openai"]

OPENAI: Final = Facts(
    target="openai",
    label="OpenAI",
    keywords=frozenset(
        (
            *("pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
            *("multipleOf", "minItems", "maxItems"),
        )
    ),
    formats=frozenset(
        ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
    ),
    all_required=True,
    closed=True,
    tuples=False,
    recursion="any",
    max_levels=10,
)
_MAX_PROPERTIES: Final = 5_000
_MAX_ENUM_VALUES: Final = 1_000
_MAX_NAME_CHARS: Final = 120_000
_MAX_LONG_ENUM_CHARS: Final = 15_000
_LONG_ENUM: Final = 250


def fit_openai(size: Size, limits: Limits) -> Limits | None:
    """What to try next; None: the size is within the limits.

    Raises:
        NotStrict: nothing helps.
    """
    if size.long_enum_chars > _MAX_LONG_ENUM_CHARS and limits.max_enum > _LONG_ENUM:
        return replace(limits, max_enum=_LONG_ENUM)
    if sum(size.enum_lengths) > _MAX_ENUM_VALUES:
        # Null may have been added to an enumeration; smaller by one is progress all the same.
        longest = min(_longest_that_fit(size.enum_lengths), max(size.enum_lengths) - 1)
        return replace(limits, max_enum=min(longest, limits.max_enum - 1))
    if size.properties > _MAX_PROPERTIES:
        raise NotStrict(f"it has {size.properties} properties, of {_MAX_PROPERTIES} at most")
    if size.name_chars > _MAX_NAME_CHARS:
        raise NotStrict(
            f"its names and enum values have {size.name_chars} characters, of {_MAX_NAME_CHARS}"
        )
    if OPENAI.max_levels is not None and size.levels > OPENAI.max_levels:
        raise NotStrict(f"it is nested deeper than {OPENAI.max_levels} levels")
    return None


def _longest_that_fit(lengths: list[int]) -> int:
    """The longest enumeration that may stay, if the longest go first."""
    left = sum(lengths)
    for length in sorted(lengths, reverse=True):
        if left <= _MAX_ENUM_VALUES:
            return length
        left -= length
    return 0
