"""Every kind of expectation. A new one is one file beside this, and one line here."""

from __future__ import annotations

from typing import Final

from roadworthy.tasks.expectations.bounds import Length, Range
from roadworthy.tasks.expectations.cel import Cel
from roadworthy.tasks.expectations.choice import OneOf
from roadworthy.tasks.expectations.containing import Contains, ContainsAll, ContainsAny
from roadworthy.tasks.expectations.edges import EndsWith, StartsWith
from roadworthy.tasks.expectations.equality import Equals
from roadworthy.tasks.expectations.judge import Judge
from roadworthy.tasks.expectations.kind import Kind
from roadworthy.tasks.expectations.language import Language
from roadworthy.tasks.expectations.limits import MaxCost, MaxLatency
from roadworthy.tasks.expectations.outcome import Error, Refused
from roadworthy.tasks.expectations.python import Python
from roadworthy.tasks.expectations.regex import Regex
from roadworthy.tasks.expectations.similar import Similar
from roadworthy.tasks.expectations.subset import Subset

__all__ = ["KINDS", "NEGATION"]

NEGATION: Final = "not_"
"""Before a kind's name: it passes where the kind fails, and fails where the kind passes."""

_ALL: Final[tuple[type[Kind], ...]] = (
    Equals,
    Contains,
    ContainsAll,
    ContainsAny,
    StartsWith,
    EndsWith,
    Regex,
    OneOf,
    Range,
    Length,
    Subset,
    Language,
    Similar,
    Cel,
    Python,
    Judge,
    Error,
    Refused,
    MaxLatency,
    MaxCost,
)
KINDS: Final[dict[str, type[Kind]]] = {kind.kind: kind for kind in _ALL}
"""By the key that makes a check one of the kind, in the order of the reference."""
