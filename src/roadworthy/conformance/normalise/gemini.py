"""What Gemini's `responseJsonSchema` accepts.

Source: Google, *GenerationConfig*, `responseJsonSchema`, read November 2026: the keywords named
there; all others are ignored without a word. `enum` is for strings and numbers, `oneOf` is read as
`anyOf`, a `$ref` has nothing beside it, and recursion is taken only in properties that are not
required. No limits are published; schemas that are too complex are refused.
"""

from __future__ import annotations

from typing import Final

from roadworthy.conformance.normalise.facts import Facts
from roadworthy.conformance.normalise.measure import Size
from roadworthy.conformance.normalise.work import Limits

__all__ = ["GEMINI", "fit_gemini"]

GEMINI: Final = Facts(
    target="gemini",
    label="Gemini",
    keywords=frozenset(("minimum", "maximum", "minItems", "maxItems")),
    formats=frozenset(("date-time", "date", "time")),
    all_required=False,
    closed=False,
    tuples=True,
    recursion="optional",
    enum_kinds=frozenset(("string", "number")),
    const=False,
)


def fit_gemini(_: Size, __: Limits) -> Limits | None:
    """None: there are no limits to be beyond."""
    return None
