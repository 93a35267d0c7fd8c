"""Expressions, compiled once and evaluated against one set of values a call.

::

    scope = Scope({"output": output_schema})
    in_order = scope.compile("output.start <= output.end")
    values = scope.bind({"output": {"start": 3, "end": 5}})
    in_order.holds(values)  # True

Most are evaluated on the values as they are (`roadworthy.expressions.closures`). For the others,
which take the engine, the values are converted once, for all that the scope has compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

from roadworthy.expressions.check import ANY_OF_JSON, EACH, Analysis, Place, Type, analyse
from roadworthy.expressions.closures import ERRORS, Evaluate, closure_of
from roadworthy.expressions.faults import (
    AbsentError,
    EvaluationError,
    ExpressionError,
    ExpressionFault,
)
from roadworthy.expressions.functions import EXTRA
from roadworthy.expressions.native import engine
from roadworthy.expressions.schema_types import SchemaType, schema_type
from roadworthy.expressions.syntax import Comprehension, Name, Node, Select, parse
from roadworthy.expressions.values import Converter, converter_of, longest_list

__all__ = [
    "Bound",
    "Expression",
    "Schemas",
    "Scope",
    "check_expression",
    "check_value",
    "require_json",
]

MAX_WALKED_TWICE: Final = 1_000
"""Items of a list that the engine's ``map`` and ``filter`` build, or that ``in`` searches for each
item of another: both take the square of it, 40 ms here and a second at 5,000, measured."""

Schemas: TypeAlias = Mapping[str, dict[str, Any] | SchemaType]
"""By variable, what its values conform to."""


def check_expression(source: str, variables: Schemas) -> list[ExpressionFault]:
    """Everything wrong with a condition over variables of these schemas; empty: nothing."""
    found, faults = _checked(source, _types_of(variables))
    if found is not None and not faults and "bool" not in found.kinds:
        faults.append(ExpressionFault("a condition must come out true or false", 0))
    return faults


def check_value(source: str, variables: Schemas) -> tuple[Type | None, list[ExpressionFault]]:
    """What is known of an expression's value, and everything wrong with it as one whose value
    shall be JSON. None: nothing is known."""
    found, faults = _checked(source, _types_of(variables))
    if found is not None and not faults and not found.kinds & ANY_OF_JSON:
        message = "the value is none of JSON; write string(…) around a time"
        faults.append(ExpressionFault(message, 0))
    return (None if found is None or faults else found.result), faults


def _checked(
    source: str, types: Mapping[str, SchemaType]
) -> tuple[Analysis | None, list[ExpressionFault]]:
    try:
        tree = parse(source)
        found = analyse(tree, types)
    except ExpressionError as error:
        return None, [error.fault]
    except RecursionError:
        return None, [ExpressionFault("a chain of operators that is too long to be read", 0)]
    faults = list(found.faults)
    if not faults and closure_of(tree, found.types) is None:
        try:
            engine().compile(_rewritten(source, found))
        except ValueError as error:
            reason = str(error).partition("ERROR: ")[2].partition("\n")[0]
            faults.append(ExpressionFault(reason or "the engine does not understand it", 0))
    return found, faults


def _types_of(variables: Schemas) -> dict[str, SchemaType]:
    return {
        name: schema if isinstance(schema, SchemaType) else schema_type(schema)
        for name, schema in variables.items()
    }


class Bound:
    """The values of one call."""

    __slots__ = ("_context", "_convert", "_measures", "raw")

    def __init__(
        self, raw: dict[str, Any], convert: Mapping[str, Converter], *, measures: bool
    ) -> None:
        self.raw = raw
        """By variable. Evaluation puts the items there that it walks, under their own names."""
        self._convert = convert
        self._measures = measures
        self._context: tuple[Any, int] | None = None

    def context(self) -> tuple[Any, int]:
        """The values as the engine holds them, and the length of the longest list in them.

        Raises:
            EvaluationError: they hold what the engine cannot.
        """
        if self._context is None:
            converted = {
                name: convert(self.raw[name])
                for name, convert in self._convert.items()
                if name in self.raw
            }
            longest = longest_list(converted) if self._measures else 0
            self._context = engine().Context(converted, EXTRA), longest
        return self._context

    def set(self, name: str, value: Any) -> None:
        """Give a variable another value."""
        self.raw[name] = value
        self._context = None


@dataclass(frozen=True, eq=False)
class Expression:
    """One expression, ready to be evaluated."""

    source: str
    reads: tuple[Place, ...]
    evaluate: Evaluate | None
    """None: it takes the engine."""
    program: Any = None
    longest_twice: bool = False
    each: _Each | None = None

    def holds(self, values: Bound) -> bool:
        """Whether the condition is true of these values.

        Raises:
            AbsentError: something that it reads is not there.
            EvaluationError: it has no value, or another than true and false.
        """
        result = self._result(values)
        if result is True or result is False:
            return bool(result)
        raise EvaluationError("it comes out neither true nor false")

    def value(self, values: Bound) -> Any:
        """What it comes out as: a value of JSON.

        Raises:
            AbsentError: something that it reads is not there.
            EvaluationError: it has no value, or none of JSON.
        """
        result = self._result(values)
        require_json(result)
        return result

    def failing_items(self, values: Bound) -> list[int]:
        """Of a condition on every item of a list: the items for which it is not true."""
        return [] if self.each is None else list(self.each.failing(values))

    def _result(self, values: Bound) -> Any:
        if self.evaluate is None:
            return self._by_engine(values)
        try:
            return self.evaluate(values.raw)
        except EvaluationError:
            raise
        except ERRORS as error:
            raise _failure(error) from error

    def _by_engine(self, values: Bound) -> Any:
        context, longest = values.context()
        if self.longest_twice and longest > MAX_WALKED_TWICE:
            raise EvaluationError(
                f"a list has {longest:,} items; map, filter and in look through"
                f" {MAX_WALKED_TWICE:,}"
            )
        return _executed(self.program, context)


@dataclass(frozen=True, eq=False)
class _Each:
    """``over.all(variable, body)``, to be asked of one item at a time."""

    over: Place
    variable: str
    body: Expression
    convert: Converter

    def failing(self, values: Bound) -> Iterator[int]:
        items: Any = values.raw
        for part in self.over:
            items = items.get(part) if isinstance(items, Mapping) else None
        for index, item in enumerate(items if isinstance(items, list) else ()):
            try:
                if self.body.evaluate is None:
                    values.context()[0].add_variable(self.variable, self.convert(item))
                else:
                    values.raw[self.variable] = item
                holds = self.body.holds(values)
            except EvaluationError:
                holds = False
            if not holds:
                yield index


@dataclass(eq=False)
class Scope:
    """The variables of expressions, and what those compiled so far need of them."""

    schemas: Schemas
    """By variable; a variable's values conform to its schema."""
    _reads: dict[Place, None] = field(default_factory=dict)
    """What the engine needs."""
    _converters: dict[str, Converter] | None = None
    _measures: bool = False

    @cached_property
    def _types(self) -> dict[str, SchemaType]:
        return _types_of(self.schemas)

    def compile(self, source: str) -> Expression:
        """The condition, if `check_expression` finds no fault.

        Raises:
            ExpressionError: it does.
        """
        for fault in check_expression(source, self._types):
            raise ExpressionError(*fault)
        return self._compiled(source)

    def compile_value(self, source: str) -> Expression:
        """The expression, if `check_value` finds no fault.

        Raises:
            ExpressionError: it does.
        """
        for fault in check_value(source, self._types)[1]:
            raise ExpressionError(*fault)
        return self._compiled(source)

    def bind(self, values: Mapping[str, Any]) -> Bound:
        """The values for `Expression.holds`. What is given is read, not copied."""
        if self._converters is None:
            self._converters = {
                name: converter_of(kind, [p[1:] for p in self._reads if p[0] == name])
                for name, kind in self._types.items()
                if any(place[0] == name for place in self._reads)
            }
        return Bound(dict(values), self._converters, measures=self._measures)

    def _compiled(self, source: str) -> Expression:
        tree = parse(source)
        found = analyse(tree, self._types)
        evaluate = closure_of(tree, found.types)
        program = None
        if evaluate is None:
            program = engine().compile(_rewritten(source, found))
            self._reads |= found.reads
            self._converters = None
            self._measures |= found.longest_twice
        return Expression(
            source=source,
            reads=tuple(found.reads),
            evaluate=evaluate,
            program=program,
            longest_twice=found.longest_twice,
            each=self._each(source, tree, found),
        )

    def _each(self, source: str, tree: Node, found: Analysis) -> _Each | None:
        if not isinstance(tree, Comprehension) or tree.macro != "all":
            return None
        over = _named_place(tree.over)
        if over is None or (*over, EACH, EACH) not in found.reads:
            return None
        kind = self._types[str(over[0])]
        for part in over[1:]:
            below = kind.field(str(part))
            if below is None:
                return None
            kind = below
        evaluate, program = closure_of(tree.bodies[0], found.types), None
        if evaluate is None:
            program = engine().compile(_rewritten(source, found, *tree.body_span))
        below_item = [
            p[len(over) + 1 :] for p in found.reads if p[: len(over) + 1] == (*over, EACH)
        ]
        body = Expression(source=source, reads=(), evaluate=evaluate, program=program)
        return _Each(over, tree.variable, body, converter_of(kind.item(), below_item))


def _named_place(node: Node) -> Place | None:
    """``output.a.b`` as a place; None for anything else."""
    parts: list[str] = []
    while isinstance(node, Select):
        parts.append(node.field)
        node = node.base
    return (node.name, *reversed(parts)) if isinstance(node, Name) else None


def _rewritten(source: str, found: Analysis, start: int = 0, end: int | None = None) -> str:
    """The source, or a part of it, with the functions that stand for the engine's own."""
    end = len(source) if end is None else end
    for at in sorted(found.renamed, reverse=True):
        if start <= at < end:
            old, new = found.renamed[at]
            source = source[:at] + new + source[at + len(old) :]
            end += len(new) - len(old)
    return source[start:end]


def _executed(program: Any, context: Any) -> Any:
    try:
        return program.execute(context)
    except Exception as error:
        raise _failure(error) from error
    except BaseException as error:
        # A panic of the engine is no Exception; whatever else is none goes its way.
        if type(error).__name__ != "PanicException":
            raise
        raise EvaluationError("the engine failed on it") from error


def require_json(value: Any) -> None:
    """Refuse what JSON cannot hold.

    Raises:
        EvaluationError: the value, or one within it, is such.
    """
    if isinstance(value, dict):
        for item in value.values():
            require_json(item)
        if not all(isinstance(name, str) for name in value):
            raise EvaluationError("it has a key that is no text")
    elif isinstance(value, list):
        for item in value:
            require_json(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise EvaluationError("a number is not finite")
    elif value is not None and not isinstance(value, bool | int | float | str):
        raise EvaluationError("it comes out as what JSON does not have")


_REASONS: Final[dict[type[Exception], str]] = {
    ZeroDivisionError: "it divides by zero",
    OverflowError: "a number is too large",
    TypeError: "a value is of a type that it does not take, or null",
    AttributeError: "a value is of a type that it does not take, or null",
}


def _failure(error: Exception) -> EvaluationError:
    """Why, without the error's own words: they quote values."""
    if isinstance(error, KeyError):
        return AbsentError("a field that it reads is missing")
    if isinstance(error, IndexError):
        return AbsentError("it reads beyond the end of a list")
    return EvaluationError(_REASONS.get(type(error), "a value cannot be read as it needs"))
