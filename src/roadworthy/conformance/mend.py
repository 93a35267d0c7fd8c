"""Repairs of a value's parts, led by what the validator reports: only failing places are touched.

Nothing is invented. A missing field stays missing and a number out of its bounds stays there;
what is changed is spelling: ``"3"`` where 3 is wanted, one item where a list is wanted, a
property that the schema forbids. Every change is recorded with its place.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from roadworthy.conformance.convert import Converted, convert, match_option
from roadworthy.conformance.pointer import Part, pointer_of, steps_into, value_at
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.strict_json import MISSING
from roadworthy.conformance.violations import shorten
from roadworthy.core import Repair

__all__ = ["mend"]

_ROUNDS: Final = 6
"""A wrapped item may itself need conversion, and so on."""
_BUDGET: Final = 5_000
"""Reports looked at for one answer. Alternatives inside alternatives multiply them, and each
takes the validator 20 µs to make."""
_COST_OF_A_CHECK: Final = 20
_NODES_FOR_ONE: Final = 100
"""Of a value of so many times as many nodes each look of the search counts so many times: reports
on alternatives hold copies of what they are about. Without it 20 KB took 7 s where an alternative
is a list of the whole, measured."""


def mend(value: Any, schema: OutputSchema) -> tuple[Any, tuple[Repair, ...]]:
    """The value with what could be repaired repaired, and the repairs in the order made.

    The result may still not conform: validate it. The value handed in is not changed.
    """
    work = _Work(schema, [copy.deepcopy(value)], 1 + _nodes_of(value) // _NODES_FOR_ONE)
    for _ in range(_ROUNDS):
        if not work.apply(work.errors()):
            break
    return work.box[0], tuple(work.repairs)


@dataclass(slots=True)
class _Work:
    schema: OutputSchema
    box: list[Any]
    """Holds the root, so that the root can be replaced like any other place."""
    weight: int = 1
    """Of one look in the search for alternatives."""
    repairs: list[Repair] = field(default_factory=list)
    spent: int = 0

    def errors(self, *, weight: int = 1) -> list[ValidationError]:
        """The reports on the value as it is now; none when the budget is spent."""
        if self.spent > _BUDGET:
            return []
        found = self.schema.errors(self.box[0])
        self.spent += weight * (_COST_OF_A_CHECK + _count(found))
        return found

    def apply(self, errors: Iterable[ValidationError]) -> bool:
        """Repair each failing place once; whether anything changed."""
        touched: list[list[Part]] = []
        for error in errors:
            path = self._path(error)
            # A change above or below has made this report stale; the next round looks again.
            if path is None or any(_overlap(path, other) for other in touched):
                continue
            if self._fix(error, path):
                touched.append(path)
        return bool(touched)

    def _path(self, error: ValidationError) -> list[Part] | None:
        try:
            return steps_into(self.box[0], error.instance_path)
        except LookupError:
            return None

    def _fix(self, error: ValidationError, path: list[Part]) -> bool:
        kind = error.kind
        value = value_at(self.box, [0, *path])
        if isinstance(kind, Kind.AdditionalProperties | Kind.UnevaluatedProperties):
            return self._drop(path, kind.unexpected)
        if isinstance(kind, Kind.AnyOf | Kind.OneOfNotValid):
            return self._choose(error, path)
        found: Converted | None = None
        if isinstance(kind, Kind.Type):
            found = convert(value, kind.types, self._sub_schema(error))
        elif isinstance(kind, Kind.Enum):
            found = match_option(value, kind.options)
        elif isinstance(kind, Kind.Constant):
            found = match_option(value, [kind.expected_value])
        if found is not None:
            return self._set(path, found)
        return value is None and self._remove_null(path)

    def _set(self, path: list[Part], found: Converted) -> bool:
        parent, last = self._parent(path)
        self._record(path, found.kind, parent[last], found.value)
        parent[last] = found.value
        return True

    def _drop(self, path: list[Part], names: list[str]) -> bool:
        node = value_at(self.box, [0, *path])
        for name in names:
            self._record([*path, name], "extra", node.pop(name), MISSING)
        return bool(names)

    def _remove_null(self, path: list[Part]) -> bool:
        """Leave out a null that stands for *no value* in a field that may be missing."""
        parent, last = self._parent(path)
        if not isinstance(parent, dict):
            return False
        before = list(parent.items())
        del parent[last]
        if any(self._misses(error, path) for error in self.errors(weight=self.weight)):
            parent.clear()
            parent.update(before)
            return False
        self._record(path, "null", None, MISSING)
        return True

    def _choose(self, union: ValidationError, path: list[Part]) -> bool:
        """Repair towards the alternative that needs the fewest repairs; the first, of equals."""
        parent, last = self._parent(path)
        if parent[last] is None:
            return self._remove_null(path)
        original, recorded = parent[last], len(self.repairs)
        best: tuple[Any, list[Repair]] | None = None
        for branch in range(len(_branches_of(union))):
            parent[last] = copy.deepcopy(original)
            if self._fits(union, branch) and (isinstance(parent, list) or last in parent):
                made = self.repairs[recorded:]
                if best is None or len(made) < len(best[1]):
                    best = (parent[last], made)
            del self.repairs[recorded:]
        parent[last], made = best or (original, [])
        self.repairs += made
        return best is not None

    def _fits(self, union: ValidationError, branch: int) -> bool:
        """Repair until this alternative no longer fails; False if that cannot be reached."""
        for _ in range(_ROUNDS):
            found = _find(union, self.errors(weight=self.weight))
            if found is None:
                return self.spent <= _BUDGET
            context = _branches_of(found)
            if not context or not self.apply(context[branch]):
                return False
        return False

    def _misses(self, error: ValidationError, path: list[Part]) -> bool:
        return (
            isinstance(error.kind, Kind.Required)
            and error.kind.property == path[-1]
            and self._path(error) == path[:-1]
        )

    def _parent(self, path: list[Part]) -> tuple[Any, Any]:
        parts: list[Part] = [0, *path]
        return value_at(self.box, parts[:-1]), parts[-1]

    def _sub_schema(self, error: ValidationError) -> dict[str, Any]:
        try:
            found = value_at(self.schema.source, error.schema_path[:-1])
        except LookupError:  # reached through an embedded $id
            return {}
        return found if isinstance(found, dict) else {}

    def _record(self, path: list[Part], kind: str, before: Any, after: Any) -> None:
        shown = "" if after is MISSING else shorten(after)
        self.repairs.append(
            Repair(path=pointer_of(path), kind=kind, before=shorten(before), after=shown)
        )


def _overlap(one: list[Part], other: list[Part]) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _count(errors: list[ValidationError]) -> int:
    """How many reports there are, those on alternatives included."""
    count, waiting = 0, list(errors)
    while waiting:
        count += 1
        for branch in _branches_of(waiting.pop()):
            waiting += branch
    return count


def _nodes_of(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        count += 1
        node = waiting.pop()
        waiting += (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        )
    return count


def _branches_of(error: ValidationError) -> list[list[ValidationError]]:
    """Why each alternative of a failing union fails; empty if that is not why it failed."""
    kind = error.kind
    return kind.context if isinstance(kind, Kind.AnyOf | Kind.OneOfNotValid) else []


def _find(union: ValidationError, errors: Iterable[ValidationError]) -> ValidationError | None:
    """The same union, at the same place, in a later report; it may lie inside another union."""
    wanted = union.evaluation_path
    for error in errors:
        path = error.evaluation_path
        if path == wanted and error.instance_path == union.instance_path:
            return error
        if path == wanted[: len(path)]:
            for branch in _branches_of(error):
                found = _find(union, branch)
                if found is not None:
                    return found
    return None
