"""What is wrong with an expression, found without a call: names, types, nested comprehensions.

Types come from the schemas of its variables. Only what cannot be right for any value is reported;
what depends on the value (a missing optional field, a null) is left to the evaluation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from roadworthy.core.documents import did_you_mean
from roadworthy.expressions.faults import ExpressionFault
from roadworthy.expressions.functions import LENGTH, NUMBERS, OVERLOADS, SUM_OF_DOUBLES
from roadworthy.expressions.native import engine
from roadworthy.expressions.schema_types import ANY_JSON, SchemaType
from roadworthy.expressions.syntax import (
    Call,
    Comprehension,
    Has,
    Index,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Select,
)

__all__ = ["ANY_OF_JSON", "EACH", "Analysis", "Place", "Type", "analyse"]

EACH: Final = None
"""In a place: every item of the list."""
Place: TypeAlias = tuple[str | int | None, ...]
"""A variable and the way from it: ``("output", "lines", EACH, "price")``."""

ANY_OF_JSON: Final = ANY_JSON | {"int"}
_DYNAMIC: Final = ANY_OF_JSON
_JSON_TYPES: Final = {
    "bool": "boolean",
    "int": "integer",
    "double": "number",
    "string": "string",
    "null": "null",
    "list": "array",
    "map": "object",
}
_TYPE_NAMES: Final = ("bool", "int", "uint", "double", "string", "bytes", "list", "map")
_SHOWN: Final = {
    "bool": "a boolean",
    "int": "an integer",
    "uint": "an unsigned integer",
    "double": "a number",
    "string": "a text",
    "null": "null",
    "list": "a list",
    "map": "an object",
    "timestamp": "a time",
    "duration": "a duration",
    "bytes": "bytes",
    "type": "a type",
}


@dataclass(frozen=True)
class Type:
    """What is known of a value before it is there."""

    kinds: frozenset[str]
    schema: SchemaType | None = None
    """Of what comes from a variable."""
    place: Place | None = None
    element: Type | None = None
    """Of a list that the expression itself made."""
    options: frozenset[str] | None = None
    """The only texts that it can be."""

    @property
    def schema_type(self) -> SchemaType:
        """What a variable is that holds such a value."""
        if self.schema is not None and self.schema.schemas:
            return self.schema
        if self.kinds >= ANY_JSON:
            return SchemaType((), {})
        schema: dict[str, Any] = {
            "type": sorted({_JSON_TYPES[k] for k in self.kinds & ANY_OF_JSON})
        }
        if self.options:
            schema["enum"] = sorted(self.options)
        items = () if self.element is None else self.element.schema_type.schemas
        if len(items) == 1 and "$ref" not in str(items):  # a reference has its own root
            schema["items"] = items[0]
        return SchemaType((schema,), schema)


@dataclass
class Analysis:
    """What there is to know about one expression."""

    kinds: frozenset[str] = frozenset()
    faults: list[ExpressionFault] = field(default_factory=list)
    reads: dict[Place, None] = field(default_factory=dict)
    """Places whose values are needed, in the order of the source."""
    renamed: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Offset → a function's name there, and the one that stands for it."""
    longest_twice: bool = False
    """Whether the engine walks a list again for its every item (``map`` and ``filter`` do)."""
    types: dict[int, Type] = field(default_factory=dict)
    """Of every node, by its `id`; as long as the tree is there."""
    result: Type | None = None
    """Of the whole expression."""


def analyse(tree: Node, variables: Mapping[str, SchemaType]) -> Analysis:
    """Check the tree of an expression over these variables."""
    visitor = _Visitor(variables)
    found = visitor.value(tree)
    visitor.found.kinds, visitor.found.result = found.kinds, found
    return visitor.found


class _Visitor:
    def __init__(self, variables: Mapping[str, SchemaType]) -> None:
        self.variables = variables
        self.bound: dict[str, Type] = {}
        self.found = Analysis()

    def fault(self, message: str, at: int) -> Type:
        self.found.faults.append(ExpressionFault(message, at))
        return Type(_DYNAMIC)

    def value(self, node: Node) -> Type:
        """The type of a node whose whole value is used."""
        found = self.visit(node)
        if found.place is not None:
            self.found.reads.setdefault(found.place)
        return found

    def visit(self, node: Node) -> Type:
        found = self.found.types[id(node)] = self.typed(node)
        return found

    def typed(self, node: Node) -> Type:
        match node:
            case Literal():
                options = frozenset([node.value]) if node.kind == "string" else None
                return Type(frozenset([node.kind]), options=options)
            case Name():
                return self.name(node)
            case Select():
                return self.select(node)
            case Index():
                return self.index(node)
            case Has():
                self.value(node.target)
                return Type(frozenset(["bool"]))
            case Call():
                return self.call(node)
            case Comprehension():
                return self.comprehension(node)
            case ListOf():
                return Type(frozenset(["list"]), element=self.union(node.items))
            case MapOf():
                for key, item in node.entries:
                    self.value(key)
                    self.value(item)
                return Type(frozenset(["map"]))

    def union(self, nodes: tuple[Node, ...]) -> Type:
        found = [self.value(node) for node in nodes]
        options = [one.options for one in found]
        known = None if None in options else frozenset().union(*(o for o in options if o))
        kinds = frozenset().union(*(one.kinds for one in found)) or _DYNAMIC
        return Type(kinds, options=known or None)

    def name(self, node: Name) -> Type:
        if node.name in self.bound:
            return self.bound[node.name]
        schema = self.variables.get(node.name)
        if schema is not None:
            return _from_schema(schema, (node.name,))
        if node.name in _TYPE_NAMES:
            return Type(frozenset(["type"]))
        known = [*self.variables, *self.bound]
        return self.fault(f'unknown name "{node.name}"{did_you_mean(node.name, known)}', node.at)

    def select(self, node: Select) -> Type:
        base = self.visit(node.base)
        if "map" not in base.kinds:
            return self.fault(f"{_shown(base)} has no fields, so no {node.field!r}", node.at)
        return self.field(base, node.field, node.at)

    def field(self, base: Type, name: str, at: int) -> Type:
        if base.schema is None:
            return Type(_DYNAMIC)
        schema = base.schema.field(name)
        if schema is None:
            where = name if base.place is None else _dotted((*base.place, name))
            known = base.schema.fields
            return self.fault(f'unknown field "{where}"{did_you_mean(name, known)}', at)
        return _from_schema(schema, None if base.place is None else (*base.place, name))

    def index(self, node: Index) -> Type:
        base, key = self.visit(node.base), self.value(node.key)
        if not {"list", "map"} & base.kinds:
            return self.fault(f"{_shown(base)} has no items", node.at)
        if isinstance(node.key, Literal) and node.key.kind == "string" and "map" in base.kinds:
            return self.field(base, node.key.value, node.key.at)
        wanted = {"int", "uint"} if base.kinds == {"list"} else {"int", "uint", "string", "bool"}
        if not key.kinds & wanted:
            return self.fault(f"{_shown(key)} cannot be an index", node.at)
        if base.schema is None:
            return base.element or Type(_DYNAMIC)
        if isinstance(node.key, Literal) and node.key.kind == "int" and base.kinds == {"list"}:
            at = node.key.value
            if at < 0:
                return self.fault("items are counted from 0", node.key.at)
            place = None if base.place is None else (*base.place, at)
            return _from_schema(base.schema.item(at), place)
        if base.place is not None:
            self.found.reads.setdefault(base.place)
        if base.kinds != {"list"}:
            return Type(_DYNAMIC, base.schema.member())
        item = base.schema.item()
        return Type(item.kinds, item)

    def call(self, node: Call) -> Type:
        if node.function == "_?_:_":
            condition, yes, no = (self.value(argument) for argument in node.arguments)
            if "bool" not in condition.kinds:
                self.fault(
                    f"a condition must be true or false; this is {_shown(condition)}", node.at
                )
            return Type(yes.kinds | no.kinds)
        arguments = [self.value(argument) for argument in node.arguments]
        if node.function == "dyn" and len(arguments) == 1:
            return Type(_DYNAMIC)
        if node.function in ("_==_", "_!=_", "_in_"):
            self.compare(node, arguments)
        if node.function in ("_==_", "_!=_"):
            return Type(frozenset(["bool"]))
        return self.overload(node, arguments)

    def overload(self, node: Call, arguments: list[Type]) -> Type:
        overloads = OVERLOADS.get(node.function)
        if overloads is None:
            known = [name for name in OVERLOADS if name[0] != "_" and name[-1] != "_"]
            hint = did_you_mean(node.function, known)
            return self.fault(f'unknown function "{node.function}"{hint}', node.at)
        results = [
            result
            for wanted, result in overloads
            if len(wanted) == len(arguments)
            and all(
                argument.kinds & kinds for argument, kinds in zip(arguments, wanted, strict=True)
            )
        ]
        if not results:
            return self.fault(_mismatch(node.function, arguments), node.at)
        kinds = frozenset().union(*(result for result in results if result is not None))
        self.special(node, arguments)
        if node.function in ("sum", "min", "max"):
            kinds = _numbers_in(arguments, node.function)
        return Type(kinds)

    def special(self, node: Call, arguments: list[Type]) -> None:
        """What some functions want beside the right types."""
        if node.function == "size" and "string" in arguments[0].kinds:
            self.found.renamed[node.at] = ("size", LENGTH)
        if node.function == "sum" and "double" in _numbers_in(arguments, "sum"):
            self.found.renamed[node.at] = ("sum", SUM_OF_DOUBLES)
        if node.function == "_in_" and self.bound and not isinstance(node.arguments[1], ListOf):
            self.found.longest_twice = True
        pattern = node.arguments[-1]
        if node.function == "matches" and isinstance(pattern, Literal):
            try:
                engine().evaluate('"".matches(pattern)', {"pattern": pattern.value})
            except RuntimeError:
                self.fault("the pattern is no regular expression of RE2's kind", pattern.at)

    def compare(self, node: Call, arguments: list[Type]) -> None:
        """Comparisons that can never come out true."""
        left, right = arguments
        if node.function == "_in_":
            if "map" in right.kinds or "list" not in right.kinds:
                return
            right = self.items_of(right)
        if not _family(left.kinds) & _family(right.kinds):
            hint = ""
            if right.kinds == {"null"}:
                hint = "; ask has(…) whether an optional field is there"
            self.fault(f"{_shown(left)} never equals {_shown(right)}{hint}", node.at)
        elif left.options and right.options and right.kinds == {"string"}:
            for text in sorted(right.options - left.options if _is_literal(node) else ()):
                self.fault(
                    f'"{text}" is none of the allowed values{did_you_mean(text, left.options)}',
                    node.at,
                )

    def items_of(self, of: Type) -> Type:
        if of.schema is not None and of.place is not None:
            item = of.schema.item()
            return Type(item.kinds, item, options=item.options)
        return of.element or Type(_DYNAMIC)

    def comprehension(self, node: Comprehension) -> Type:
        over = self.visit(node.over)
        if self.bound:
            return self.fault(
                f"{node.macro} stands inside another comprehension, which multiplies their work;"
                " name the inner condition in a constraint of its own",
                node.at,
            )
        if node.variable in self.variables:
            return self.fault(f'"{node.variable}" is taken; name the item otherwise', node.at)
        if not {"list", "map"} & over.kinds:
            return self.fault(f"{_shown(over)} cannot be walked with {node.macro}", node.at)
        self.bound = {node.variable: self.variable(over)}
        if node.macro in ("map", "filter"):
            self.found.longest_twice = True
        bodies = [self.value(body) for body in node.bodies]
        self.bound = {}
        conditions = bodies[:-1] if node.macro == "map" else bodies
        for condition, body in zip(conditions, node.bodies, strict=False):
            if "bool" not in condition.kinds:
                message = f"{node.macro} wants true or false; this is {_shown(condition)}"
                self.fault(message, body.at)
        if node.macro == "map":
            return Type(frozenset(["list"]), element=bodies[-1])
        if node.macro == "filter":
            return Type(frozenset(["list"]), element=self.items_of(over))
        return Type(frozenset(["bool"]))

    def variable(self, over: Type) -> Type:
        """What the variable of a comprehension stands for."""
        if over.place is None or over.schema is None:
            return self.items_of(over) if over.kinds == {"list"} else Type(_DYNAMIC)
        if over.kinds == {"list"}:
            # Of each item nothing is read but what the body asks for: below it stands no place.
            place = (*over.place, EACH)
            self.found.reads.setdefault((*place, EACH))
            return _from_schema(over.schema.item(), place)
        self.found.reads.setdefault(over.place)
        if over.kinds == {"map"}:
            return Type(frozenset(["string"]))
        return Type(_DYNAMIC, over.schema.member())


def _from_schema(schema: SchemaType, place: Place | None) -> Type:
    return Type(schema.kinds, schema, place, options=schema.options)


def _family(kinds: frozenset[str]) -> set[str]:
    """Numbers of all kinds compare with each other."""
    return {"number" if kind in NUMBERS else kind for kind in kinds}


def _numbers_in(arguments: list[Type], function: str) -> frozenset[str]:
    """The kinds of number that a sum, a least or a greatest can be."""
    if len(arguments) == 2:
        return frozenset().union(*(argument.kinds & NUMBERS for argument in arguments))
    of = arguments[0]
    if of.element is not None:
        found = of.element.kinds & NUMBERS
    elif of.schema is not None:
        found = of.schema.item().kinds & NUMBERS
    else:
        found = frozenset(["double"])
    if function == "sum":
        return frozenset(["double"]) if "double" in found else frozenset(["int"])
    return found or frozenset(["double"])


def _is_literal(node: Call) -> bool:
    right = node.arguments[1]
    items = right.items if isinstance(right, ListOf) else (right,)
    return all(isinstance(item, Literal) for item in items)


def _mismatch(function: str, arguments: list[Type]) -> str:
    shown = " and ".join(_shown(argument) for argument in arguments)
    if function[0] not in "_!-":
        return f"{function} does not take {shown or 'nothing'}"
    sign = function.strip("_")
    kinds = {kind for argument in arguments for kind in argument.kinds}
    if {"int", "double"} <= kinds <= NUMBERS:
        return f"{sign} does not mix {shown}; write 2.0 for 2, or double(…)"
    return f"{sign} does not take {shown}"


def _shown(of: Type) -> str:
    if of.kinds >= ANY_JSON:
        return "any value"
    return " or ".join(_SHOWN[kind] for kind in sorted(of.kinds)) or "no value"


def _dotted(place: Place) -> str:
    text = str(place[0])
    for part in place[1:]:
        text += "[]" if part is EACH else f"[{part}]" if isinstance(part, int) else f".{part}"
    return text
