"""When a condition may come out true, as places with domains. Pure, and never too little.

A condition becomes an "or" of "and"s over places. What is not understood (a comprehension, two
places compared) is a place of its own that may be true or not, the same wherever it is written the
same. Evaluation knows three values: true, false, and an error; `Want` says which are looked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from roadworthy.expressions.syntax import (
    Call,
    Comprehension,
    Has,
    Index,
    ListOf,
    MapOf,
    Name,
    Node,
    Select,
    parse,
)
from roadworthy.expressions.syntax import Literal as Written
from roadworthy.tasks.rules.domains import EVERYTHING, Domain, numbers, others, texts
from roadworthy.tasks.rules.places import domain_at, length_at

__all__ = ["Conditions", "Formula", "Want", "both"]

Want: TypeAlias = Literal["true", "false", "not true", "not false"]
Formula: TypeAlias = list[dict[str, Domain]]
"""Any of these; each says of some places what stands there."""

ALWAYS: Final[Formula] = [{}]
NEVER: Final[Formula] = []
MAX_CASES: Final = 400
_NOT: Final[dict[Want, Want]] = {
    "true": "false",
    "false": "true",
    "not true": "not false",
    "not false": "not true",
}
_MIRRORED: Final = {"_<_": "_>_", "_<=_": "_>=_", "_>_": "_<_", "_>=_": "_<=_"}
_GONE: Final = others("absent", "error")
_LINE: Final = numbers((-math.inf, False, math.inf, False))
_EMPTY_SIZES: Final = frozenset({("_==_", 0), ("_<_", 1), ("_<=_", 0)})
_OTHER_SIZES: Final = frozenset({("_!=_", 0), ("_>_", 0), ("_>=_", 1)})


def both(one: Formula, other: Formula) -> Formula:
    """What makes both hold."""
    found: Formula = []
    for left in one:
        for right in other:
            met = dict(left)
            for place, domain in right.items():
                met[place] = met.get(place, EVERYTHING) & domain
            if not any(domain.is_empty for domain in met.values()):
                found.append(met)
        if len(found) > MAX_CASES:  # as if it could be met in any way
            return ALWAYS
    return found


def _either(one: Formula, other: Formula) -> Formula:
    return one + other if len(one) + len(other) <= MAX_CASES else ALWAYS


@dataclass
class Conditions:
    """Reads conditions over variables of these schemas."""

    schemas: Mapping[str, dict[str, Any]]
    """By variable. Of others (``vars``) any value may come."""
    versions: dict[str, int] = field(default_factory=dict)
    """By variable that rules set, how often they have: between, it is another place."""
    _starts: dict[str, tuple[Domain, bool]] = field(default_factory=dict)

    def formula(self, source: str | None, want: Want) -> Formula:
        """When the condition comes out so; None is a condition that always does."""
        if source is None:
            return ALWAYS if want in ("true", "not false") else NEVER
        return self._of(parse(source), want)

    def can_be(self, formula: Formula) -> bool:
        """Whether some input that the schemas allow makes it hold."""
        return any(self._possible(case) for case in formula)

    def _possible(self, case: dict[str, Domain]) -> bool:
        for place, domain in case.items():
            start, whole = self._starts.get(place, (EVERYTHING, False))
            met = domain & start
            if (met.whole_numbers() if whole else met).is_empty:
                return False
        return True

    def _of(self, node: Node, want: Want) -> Formula:
        if isinstance(node, Written) and isinstance(node.value, bool):
            holds = node.value is (want in ("true", "not false"))
            return ALWAYS if holds else NEVER
        if isinstance(node, Call) and node.function in ("_&&_", "_||_"):
            left, right = (self._of(argument, want) for argument in node.arguments)
            joins = (node.function == "_&&_") == (want in ("true", "not false"))
            return both(left, right) if joins else _either(left, right)
        if isinstance(node, Call) and node.function == "!_":
            return self._of(node.arguments[0], _NOT[want])
        if isinstance(node, Call) and node.function == "_?_:_":
            return self._ternary(node, want)
        if isinstance(node, Has) and (place := self._place(node.target)):
            return [{place: self._presence(node.target, want)}]
        place, true, false = self._atom(node)
        domains = {"true": true, "false": false, "not true": ~true, "not false": ~false}
        return [{place: domains[want]}]

    def _ternary(self, node: Call, want: Want) -> Formula:
        condition, yes, no = node.arguments
        first = both(self._of(condition, "true"), self._of(yes, want))
        found = _either(first, both(self._of(condition, "false"), self._of(no, want)))
        if want in ("true", "false"):
            return found
        neither = both(self._of(condition, "not true"), self._of(condition, "not false"))
        return _either(found, neither)

    def _presence(self, target: Select, want: Want) -> Domain:
        """``has``: of a place that cannot be asked for, because what holds it is missing, it is an
        error and neither true nor false."""
        if want in ("true", "false"):
            return ~_GONE if want == "true" else _GONE
        name, parts = _parts(target) or ("", [])
        schema = self.schemas.get(name)
        holder = EVERYTHING if schema is None else domain_at(schema, parts[:-1])[0]
        is_there = (holder & ~others("map")).is_empty
        return _GONE if want == "not true" else ~_GONE if is_there else EVERYTHING

    def _atom(self, node: Node) -> tuple[str, Domain, Domain]:
        """A place, and what makes the condition true and false there; all else is an error."""
        if isinstance(node, Select) and (place := self._place(node)):
            return place, others("true"), others("false")
        if isinstance(node, Call) and len(node.arguments) == 2:
            found = self._comparison(node.function, *node.arguments)
            if found is not None:
                return found
        return self._shape(node), others("true"), others("false")

    def _comparison(
        self, function: str, left: Node, right: Node
    ) -> tuple[str, Domain, Domain] | None:
        if isinstance(left, Written) and not isinstance(right, Written) and function != "_in_":
            left, right, function = right, left, _MIRRORED.get(function, function)
        if function == "_in_" and isinstance(right, ListOf) and (place := self._place(left)):
            values = [item.value for item in right.items if isinstance(item, Written)]
            if len(values) < len(right.items) or any(_just(value) is None for value in values):
                return None
            among = Domain()
            for value in values:
                among |= _just(value) or Domain()
            return place, among, ~among & ~_GONE
        if not isinstance(right, Written):
            return None
        if isinstance(left, Call) and left.function == "size" and len(left.arguments) == 1:
            return self._size(function, left.arguments[0], right.value)
        place = self._place(left)
        return None if not place else _compared(place, function, right.value)

    def _size(self, function: str, of: Node, value: Any) -> tuple[str, Domain, Domain] | None:
        place = self._place(of)
        if not place or not isinstance(value, int | float):
            return None
        is_text = (self._starts[place][0] & ~_GONE & ~texts((), but=True)).is_empty
        if is_text and (function, value) in _EMPTY_SIZES:
            return _compared(place, "_==_", "")
        if is_text and (function, value) in _OTHER_SIZES:
            return _compared(place, "_!=_", "")
        name, parts = _parts(of) or ("", [])
        size = f"size({place})"
        schema = self.schemas.get(name)
        length = others("error") | _LINE if schema is None else length_at(schema, parts)
        self._starts[size] = (length, True)
        return _compared(size, function, value)

    def _place(self, node: Node) -> str | None:
        """The name of a place, whose start is known from then on; None: it is none."""
        found = _parts(node)
        if found is None:
            return None
        name, parts = found
        schema = self.schemas.get(name)
        if not parts or (schema is None and name != "vars"):
            return None
        place = ".".join((name, *parts))
        if schema is None:
            place += f"#{self.versions.get(parts[0], 0)}"
        start = (EVERYTHING, False) if schema is None else domain_at(schema, parts)
        self._starts.setdefault(place, start)
        return place

    def _shape(self, node: Node) -> str:
        """The condition as written, wherever it stands: equal shapes come out equal."""
        match node:
            case Written():
                return repr((node.kind, node.value))
            case Name():  # the variables as a whole are others whenever one is set
                return node.name + (self._all_versions() if node.name == "vars" else "")
            case Select(base=Name(name="vars")):
                return f"vars.{node.field}#{self.versions.get(node.field, 0)}"
            case Select():
                return f"{self._shape(node.base)}.{node.field}"
            case Index():
                # A variable may be named by an index too: then it is told apart by all of them.
                return f"{self._shape(node.base)}[{self._shape(node.key)}]{self._all_versions()}"
            case Has():
                return f"has({self._shape(node.target)})"
            case Call():
                return f"{node.function}({', '.join(map(self._shape, node.arguments))})"
            case Comprehension():
                bodies = ", ".join(map(self._shape, node.bodies))
                return f"{self._shape(node.over)}.{node.macro}({node.variable}, {bodies})"
            case ListOf():
                return f"[{', '.join(map(self._shape, node.items))}]"
            case MapOf():
                entries = (f"{self._shape(k)}: {self._shape(v)}" for k, v in node.entries)
                return "{" + ", ".join(entries) + "}"

    def _all_versions(self) -> str:
        return f"#{sum(self.versions.values())}" if self.versions else ""


def _parts(node: Node) -> tuple[str, list[str]] | None:
    parts: list[str] = []
    while isinstance(node, Select):
        parts.append(node.field)
        node = node.base
    return (node.name, parts[::-1]) if isinstance(node, Name) else None


def _compared(place: str, function: str, value: Any) -> tuple[str, Domain, Domain] | None:
    exactly = _just(value)
    if exactly is None:
        return None
    if function == "_==_":
        return place, exactly, ~exactly & ~_GONE
    if function == "_!=_":
        return place, ~exactly & ~_GONE, exactly
    order = _ORDERS.get(function)
    if order is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    true = order(float(value))
    return place, true, ~true & _LINE


def _just(value: Any) -> Domain | None:
    if value is None:
        return others("null")
    if isinstance(value, bool):
        return others("true" if value else "false")
    if isinstance(value, str):
        return texts([value])
    if isinstance(value, int | float):
        return numbers((value, False, value, False))
    return None


_ORDERS: Final[dict[str, Callable[[float], Domain]]] = {
    "_<_": lambda value: numbers((-math.inf, False, value, True)),
    "_<=_": lambda value: numbers((-math.inf, False, value, False)),
    "_>_": lambda value: numbers((value, True, math.inf, False)),
    "_>=_": lambda value: numbers((value, False, math.inf, False)),
}
