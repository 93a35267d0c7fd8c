"""From the objects of `checks` to expectations, with every fault in them. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple

from roadworthy.core.documents import convert, nearest
from roadworthy.tasks.expectations.kind import Kind, Placed
from roadworthy.tasks.expectations.kinds import KINDS, NEGATION

__all__ = ["Check", "read_check"]

_OPTIONS = frozenset(Placed.__struct_fields__)


class Check(NamedTuple):
    """One expectation as it was written."""

    kind: Kind
    negated: bool = False

    @property
    def label(self) -> str:
        """What its score is called."""
        if self.kind.name or not self.negated:
            return self.kind.label
        return NEGATION + self.kind.label

    @property
    def expects_error(self) -> bool:
        """Whether a case with this check waits for an error in place of a value."""
        positive = bool(getattr(self.kind, "refused", True)) is not self.negated
        return self.kind.kind in ("error", "refused") and positive


def read_check(data: dict[str, Any]) -> tuple[Check | None, list[str]]:
    """The expectation, or what is wrong with how it is written."""
    named = [key for key in data if key.removeprefix(NEGATION) in KINDS]
    if len(named) > 1:
        listed = " and ".join(f'"{key}"' for key in named)
        return None, [f"{listed} stand in one check; write a check for each"]
    if not named:
        return None, [_unknown(data)]
    (key,) = named
    name = key.removeprefix(NEGATION)
    options = {name if given == key else given: value for given, value in data.items()}
    kind, faults = convert(options, KINDS[name], file="", lines={})
    messages = [fault.message for fault in faults]
    if kind is None or messages:
        return None, messages
    return Check(kind, key != name), []


def _unknown(data: dict[str, Any]) -> str:
    words = [key for key in data if key not in _OPTIONS]
    for word in words:
        bare = word.removeprefix(NEGATION)
        near = nearest(bare, KINDS)
        if near is not None:
            meant = f"{NEGATION}{near}" if bare != word else near
            return f'unknown kind of check "{word}"; did you mean "{meant}"?'
    said = f'unknown kind of check "{words[0]}"' if words else "a check without a kind"
    return f"{said}; the kinds are {', '.join(KINDS)}"
