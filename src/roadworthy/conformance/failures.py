"""Where a value fails, and what else may be the cause of it: what a further question is made from.

The validator reports a union that fits no alternative as one failure of the whole union. Here the
alternative that the value plainly is meant to be is picked, and its own failures take that place.
A failure under a condition is caused by what the condition reads as well, so it names the object
that both stand in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from roadworthy.conformance.locate import Applied, in_place, plain_alternative
from roadworthy.conformance.pointer import Part, parts_of, steps_into, value_at
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.violations import violation_of
from roadworthy.core import Violation

__all__ = ["Failure", "Failures", "Parts", "failures_of"]

Parts: TypeAlias = tuple[str, ...]

_MAPS: Final = ("properties", "patternProperties")
_CONDITIONS: Final = ("then", "else", "dependentSchemas", "dependentRequired", "dependencies")
_MAX_FAILURES: Final = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong."""

    place: Parts
    reason: Violation
    together: tuple[Parts, ...] = ()
    """Where several places contradict each other: all of them, the place included."""
    enclosing: Parts | None = None
    """The smallest object that everything concerned stands in, where that is not the place."""


@dataclass(slots=True)
class Failures:
    """All that is wrong with a value, and which parts of the schema were taken to apply."""

    found: list[Failure] = field(default_factory=list)
    applied: Applied = field(default_factory=dict)


def failures_of(schema: OutputSchema, value: Any, violations: Sequence[Violation]) -> Failures:
    """The failures of a value, which is JSON: those of its schema, else the constraints in
    ``violations``."""
    collected = Failures()
    errors = schema.errors(value)
    _Collector(schema.source, value, collected).all(errors)
    if not errors:
        collected.found += [_of_constraint(v) for v in violations if v.keyword == "constraint"]
    del collected.found[_MAX_FAILURES:]
    return collected


def _of_constraint(violation: Violation) -> Failure:
    place = tuple(parts_of(violation.path))
    if not violation.paths:
        return Failure(place, violation)
    together = tuple(tuple(parts_of(path)) for path in violation.paths)
    return Failure(place, violation, together=together, enclosing=place)


@dataclass(frozen=True, slots=True)
class _Collector:
    source: dict[str, Any]
    root: Any
    into: Failures

    def all(self, errors: Sequence[ValidationError]) -> None:
        for error in errors:
            if len(self.into.found) < _MAX_FAILURES:
                self.into.found += self.of(error)

    def of(self, error: ValidationError) -> list[Failure]:
        place = self._steps(error.instance_path)
        kind = error.kind
        if isinstance(kind, Kind.AnyOf | Kind.OneOfNotValid):
            branch = self._pick(error, place)
            if branch is not None:
                before = len(self.into.found)
                self.all(kind.context[branch])
                inside = self.into.found[before:]
                del self.into.found[before:]
                return inside
        reason = violation_of(error, self.root)
        condition = self._condition(error, place)
        if isinstance(kind, Kind.Required):
            place = (*place, kind.property)
        if condition is not None:
            enclosing, causes = condition
            if place == enclosing:
                return [Failure(place, reason)]
            together = tuple(dict.fromkeys((place, *causes)))
            return [Failure(place, reason, together=together, enclosing=enclosing)]
        if isinstance(kind, Kind.UniqueItems):
            return list(self._repeated(place, reason)) or [Failure(place, reason)]
        if isinstance(kind, Kind.FalseSchema) and place:
            return [Failure(place[:-1], reason)]  # nothing may stand there
        return [Failure(place, reason)]

    def _steps(self, path: list[Part]) -> Parts:
        try:
            return tuple(str(step) for step in steps_into(self.root, path))
        except LookupError:
            return ()

    def _pick(self, error: ValidationError, place: Parts) -> int | None:
        """The alternative that the value is meant to be; None: it cannot be told."""
        node = self._schema(error.schema_path[:-1])
        branches = node.get(str(error.schema_path[-1])) if node is not None else None
        if not isinstance(branches, list) or node is None:
            return None
        try:
            value = value_at(self.root, place)
        except LookupError:
            return None
        picked = plain_alternative(branches, value, self.source)
        if picked is None:
            picked = _nearest(error, place)
        if picked is not None and picked < len(branches):
            self.into.applied.setdefault((place, id(node)), []).append(branches[picked])
            return picked
        return None

    def _condition(self, error: ValidationError, place: Parts) -> tuple[Parts, list[Parts]] | None:
        """The object whose condition failed, and what in it the condition reads."""
        at = _last_condition(error.evaluation_path)
        if at is None:
            return None
        enclosing = place[: at[1]]
        index = len(error.schema_path) - (len(error.evaluation_path) - at[0])
        node = self._schema(error.schema_path[:index]) if index >= 0 else None
        if node is None:
            return enclosing, []
        keyword = error.evaluation_path[at[0]]
        names = self._causes(node, str(keyword), error)
        below = node.get(str(keyword))
        if str(keyword) in ("dependentSchemas", "dependencies") and isinstance(below, dict):
            following = error.evaluation_path[at[0] + 1 : at[0] + 2]
            below = below.get(str(following[0])) if following else None
        if isinstance(below, dict):
            self.into.applied.setdefault((enclosing, id(node)), []).append(below)
        here = self._value(enclosing)
        known = here if isinstance(here, dict) else {}
        return enclosing, [(*enclosing, name) for name in names if name in known]

    def _causes(self, node: dict[str, Any], keyword: str, error: ValidationError) -> list[str]:
        if keyword in ("then", "else"):
            conditions = list(in_place(node.get("if"), self.source))
            declared = [name for one in conditions for name in one.get("properties", {})]
            return declared + [name for one in conditions for name in one.get("required", [])]
        found = node.get(keyword)
        if not isinstance(found, dict):
            return []
        kind = error.kind
        if isinstance(kind, Kind.Required):
            needing = [n for n, v in found.items() if isinstance(v, list) and kind.property in v]
            if needing:
                return needing
        return [name for name in found if name in map(str, error.evaluation_path)]

    def _repeated(self, place: Parts, reason: Violation) -> Iterator[Failure]:
        """The later ones of items that are the same."""
        first: dict[bytes, int] = {}
        items = self._value(place)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            same = first.setdefault(msgspec.json.encode(item, order="sorted"), index)
            if same != index:
                pointer = f"{reason.path}/{index}"
                message = f"must differ from the other items, and is the same as item {same}"
                why = Violation(path=pointer, keyword="uniqueItems", message=message)
                yield Failure((*place, str(index)), why)

    def _schema(self, path: Sequence[Part]) -> dict[str, Any] | None:
        try:
            found = value_at(self.source, path)
        except LookupError:  # reached through an embedded $id
            return None
        return found if isinstance(found, dict) else None

    def _value(self, place: Parts) -> Any:
        try:
            return value_at(self.root, place)
        except LookupError:
            return None


def _nearest(error: ValidationError, place: Parts) -> int | None:
    """The one alternative with the fewest failures; None where the value is of none's type, or
    several come as near."""
    kind = error.kind
    assert isinstance(kind, Kind.AnyOf | Kind.OneOfNotValid)
    counts = []
    for branch, errors in enumerate(kind.context):
        own = [e for e in errors if len(e.instance_path) == len(place)]
        if any(isinstance(e.kind, Kind.Type | Kind.Enum | Kind.Constant) for e in own):
            continue
        counts.append((len(errors), branch))
    counts.sort()
    if not counts or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return None
    return counts[0][1]


def _last_condition(path: Sequence[Part]) -> tuple[int, int] | None:
    """The innermost condition on an evaluation path: its index there, and how many steps into
    the value lead to the object that it speaks of."""
    found, steps, at = None, 0, 0
    while at < len(path):
        keyword = path[at]
        if keyword in _CONDITIONS:
            found = (at, steps)
            at += 2 if keyword == "dependentSchemas" else 1
            if keyword == "dependencies" and at < len(path):
                at += 1
        elif keyword in _MAPS or keyword == "prefixItems":
            steps, at = steps + 1, at + 2
        elif keyword == "items":
            tuple_form = at + 1 < len(path) and isinstance(path[at + 1], int)
            steps, at = steps + 1, at + 1 + tuple_form
        elif keyword in ("allOf", "anyOf", "oneOf"):
            at += 2
        else:
            below = keyword in ("additionalProperties", "unevaluatedProperties")
            below = below or keyword in ("additionalItems", "unevaluatedItems")
            steps += below and at + 1 < len(path)
            at += 1
    return found
