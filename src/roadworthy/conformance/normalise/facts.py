"""What a target's strict mode accepts, as facts that the builder reads.

One object a target, in the target's own module, with its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from roadworthy.conformance.normalise.loss import Target

__all__ = ["Facts", "is_plain_pattern"]

_ALL_KINDS: Final = frozenset(("string", "number", "boolean", "null"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One target."""

    target: Target
    label: str
    """How people call it, in reasons of losses."""
    keywords: frozenset[str]
    """Constraints on scalars and lists that bind there: ``pattern``, ``minimum``, …"""
    formats: frozenset[str]
    all_required: bool
    """Every field must be required, so that optional ones become nullable."""
    closed: bool
    """Objects must be closed, so that dictionaries become lists of entries."""
    tuples: bool
    """``prefixItems`` binds."""
    recursion: Literal["any", "optional", "none"]
    """``optional``: only through a property that may be missing."""
    enum_kinds: frozenset[str] = _ALL_KINDS
    const: bool = True
    caseless_enums: bool = False
    """The letter case of enum values is not bound."""
    max_levels: int | None = None
    max_min_items: int | None = None

    def keeps(self, keyword: str, value: Any) -> bool:
        """Whether this value of a constraint binds."""
        if keyword == "format":
            return value in self.formats
        if keyword not in self.keywords:
            return False
        if keyword == "pattern":
            return isinstance(value, str) and is_plain_pattern(value)
        if keyword == "minItems" and self.max_min_items is not None:
            return isinstance(value, int) and value <= self.max_min_items
        return True


def is_plain_pattern(pattern: str) -> bool:
    r"""Whether a pattern needs no more than an automaton: no look-around, no back-references, no
    word boundaries; ``(?:`` is the only group with a question mark that all engines share."""
    position = 0
    while position < len(pattern):
        if pattern[position] == "\\":
            if pattern[position + 1 : position + 2] in ("b", "B", "k", *"123456789"):
                return False
            position += 2
            continue
        if pattern.startswith("(?", position) and not pattern.startswith("(?:", position):
            return False
        position += 1
    return True
