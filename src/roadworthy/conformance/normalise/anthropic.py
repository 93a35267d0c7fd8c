"""What Anthropic's structured outputs and strict tools accept.

Source: Anthropic, *Structured outputs*, "JSON Schema limitations", read November 2026: closed
objects, no recursion, no bounds on numbers or lengths of strings, `minItems` of 0 or 1 only, enums
of scalars only, patterns without look-around, back-references and word boundaries; at most 24
optional fields and 16 unions a request. Strict tools want an object at the root, so it always is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.loss import NotStrict
from roadworthy.conformance.normalise.measure import Size
from roadworthy.conformance.normalise.work import Limits

__all__ = ["ANTHROPIC", "fit_anthropic"]

ANTHROPIC: Final = Facts(
    target="anthropic",
    label="Anthropic",
    keywords=frozenset(("pattern", "minItems")),
    formats=frozenset(
        (
            *("date-time", "time", "date", "duration", "email", "hostname"),
            *("uri", "ipv4", "ipv6", "uuid"),
        )
    ),
    all_required=False,
    closed=True,
    tuples=False,
    recursion="none",
    caseless_enums=True,
    max_min_items=1,
)
_MAX_OPTIONAL: Final = 24
_MAX_UNIONS: Final = 16


def fit_anthropic(size: Size, limits: Limits) -> Limits | None:
    """What to try next; None: the size is within the limits.

    Optional fields beyond what a request may have can be sent as required ones that may be null,
    as long as there is room for more unions.

    Raises:
        NotStrict: nothing helps.
    """
    if size.unions > _MAX_UNIONS:
        raise NotStrict(f"it has {size.unions} unions, of {_MAX_UNIONS} at most")
    if size.optional <= _MAX_OPTIONAL:
        return None
    excess = size.optional - _MAX_OPTIONAL
    if size.unions + excess > _MAX_UNIONS:
        raise NotStrict(f"it has {size.optional} optional fields, of {_MAX_OPTIONAL} at most")
    return replace(limits, nullable_fields=limits.nullable_fields + excess)
