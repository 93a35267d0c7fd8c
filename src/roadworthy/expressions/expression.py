"""Expressions, compiled once and evaluated against one set of values a call.

::

    scope = Scope({"output": output_schema})
    in_order = scope.compile("output.start <= output.end")
    values = scope.bind({"output": {"start": 3, "end": 5}})
    in_order.holds(values)  # True

`Scope.bind` converts the values once, for all the expressions that the scope has compiled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from roadworthy.expressions.check import EACH, Analysis, Place, analyse
from roadworthy.expressions.faults import EvaluationError, ExpressionError, ExpressionFault
from roadworthy.expressions.functions import EXTRA
from roadworthy.expressions.native import engine
from roadworthy.expressions.schema_types import SchemaType, schema_type
from roadworthy.expressions.syntax import Comprehension, Name, Node, parse
from roadworthy.expressions.values import Converter, converter_of, longest_list

__all__ = ["Bound", "Expression", "Scope", "check_expression"]

MAX_WALKED_TWICE: Final = 1_000
"""Items of a list that ``map`` and ``filter`` build, or that ``in`` searches for each item of
another: both take the square of it, 40 ms here and a second at 5,000, measured."""


def check_expression(source: str, variables: Mapping[str, dict[str, Any]]) -> list[ExpressionFault]:
    """Everything wrong with a condition over variables of these schemas; empty: nothing."""
    types = {name: schema_type(schema) for name, schema in variables.items()}
    try:
        found = analyse(parse(source), types)
    except ExpressionError as error:
        return [error.fault]
    except RecursionError:
        return [ExpressionFault("a chain of operators that is too long to be read", 0)]
    faults = list(found.faults)
    if not faults:
        try:
            engine().compile(_rewritten(source, found))
        except ValueError as error:
            reason = str(error).partition("ERROR: ")[2].partition("\n")[0]
            faults.append(ExpressionFault(reason or "the engine does not understand it", 0))
    if not faults and "bool" not in found.kinds:
        faults.append(ExpressionFault("a condition must come out true or false", 0))
    return faults


@dataclass(frozen=True, slots=True)
class Bound:
    """The values of one call, as the engine holds them."""

    context: Any
    raw: Mapping[str, Any]
    longest_list: int


@dataclass(frozen=True, eq=False)
class Expression:
    """One condition, ready to be evaluated."""

    source: str
    program: Any
    reads: tuple[Place, ...]
    longest_twice: bool
    each: _Each | None = None

    def holds(self, values: Bound) -> bool:
        """Whether the condition is true of these values.

        Raises:
            EvaluationError: it has no value, or another than true and false.
        """
        if self.longest_twice and values.longest_list > MAX_WALKED_TWICE:
            raise EvaluationError(
                f"a list has {values.longest_list:,} items; map, filter and in look through"
                f" {MAX_WALKED_TWICE:,}"
            )
        return _evaluated(self.program, values.context)

    def failing_items(self, values: Bound) -> list[int]:
        """Of a condition on every item of a list: the items for which it is not true."""
        return [] if self.each is None else list(self.each.failing(values))


@dataclass(frozen=True, eq=False)
class _Each:
    """``over.all(variable, body)``, to be asked of one item at a time."""

    over: Place
    variable: str
    program: Any
    convert: Converter

    def failing(self, values: Bound) -> Iterator[int]:
        items: Any = values.raw
        for part in self.over:
            items = items.get(part) if isinstance(items, Mapping) else None
        for index, item in enumerate(items if isinstance(items, list) else ()):
            try:
                values.context.add_variable(self.variable, self.convert(item))
                holds = _evaluated(self.program, values.context)
            except EvaluationError:
                holds = False
            if not holds:
                yield index


@dataclass(eq=False)
class Scope:
    """The variables of expressions, and all that the expressions compiled so far read of them."""

    schemas: Mapping[str, dict[str, Any]]
    """By variable; a variable's values conform to its schema."""
    _reads: dict[Place, None] = field(default_factory=dict)
    _converters: dict[str, Converter] | None = None
    _measures: bool = False

    @cached_property
    def _types(self) -> dict[str, SchemaType]:
        return {name: schema_type(schema) for name, schema in self.schemas.items()}

    def compile(self, source: str) -> Expression:
        """The expression, if `check_expression` finds no fault.

        Raises:
            ExpressionError: it does.
        """
        for fault in check_expression(source, self.schemas):
            raise ExpressionError(*fault)
        tree = parse(source)
        found = analyse(tree, self._types)
        self._reads |= found.reads
        self._converters = None
        self._measures |= found.longest_twice
        return Expression(
            source=source,
            program=engine().compile(_rewritten(source, found)),
            reads=tuple(found.reads),
            longest_twice=found.longest_twice,
            each=self._each(source, tree, found),
        )

    def bind(self, values: Mapping[str, Any]) -> Bound:
        """The values for `Expression.holds`, converted; as cheap as what is read of them.

        Raises:
            EvaluationError: they hold what the engine cannot.
        """
        if self._converters is None:
            self._converters = {
                name: converter_of(kind, [p[1:] for p in self._reads if p[0] == name])
                for name, kind in self._types.items()
                if any(place[0] == name for place in self._reads)
            }
        converted = {
            name: convert(values[name])
            for name, convert in self._converters.items()
            if name in values
        }
        longest = longest_list(converted) if self._measures else 0
        return Bound(engine().Context(converted, EXTRA), values, longest)

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
        start, end = tree.body_span
        body = _rewritten(source, found, start, end)
        below_item = [
            p[len(over) + 1 :] for p in found.reads if p[: len(over) + 1] == (*over, EACH)
        ]
        convert = converter_of(kind.item(), below_item)
        return _Each(over, tree.variable, engine().compile(body), convert)


def _named_place(node: Node) -> Place | None:
    """``output.a.b`` as a place; None for anything else."""
    parts: list[str] = []
    while not isinstance(node, Name):
        field_name = getattr(node, "field", None)
        if field_name is None:
            return None
        parts.append(field_name)
        node = node.base  # type: ignore[union-attr]  # only a Select has a field
    return (node.name, *reversed(parts))


def _rewritten(source: str, found: Analysis, start: int = 0, end: int | None = None) -> str:
    """The source, or a part of it, with the functions that stand for the engine's own."""
    end = len(source) if end is None else end
    for at in sorted(found.renamed, reverse=True):
        if start <= at < end:
            old, new = found.renamed[at]
            source = source[:at] + new + source[at + len(old) :]
            end += len(new) - len(old)
    return source[start:end]


def _evaluated(program: Any, context: Any) -> bool:
    try:
        result = program.execute(context)
    except Exception as error:
        raise EvaluationError(_reason(error)) from error
    except BaseException as error:
        # A panic of the engine is no Exception; whatever else is none goes its way.
        if type(error).__name__ != "PanicException":
            raise
        raise EvaluationError("the engine failed on it") from error
    if not isinstance(result, bool):
        raise EvaluationError("it comes out neither true nor false")
    return result


_REASONS: Final[dict[type[Exception], str]] = {
    KeyError: "a field that it reads is missing",
    IndexError: "it reads beyond the end of a list",
    ZeroDivisionError: "it divides by zero",
    OverflowError: "a number is too large",
    TypeError: "a value is of a type that it does not take, or null",
}


def _reason(error: Exception) -> str:
    """Why, without the engine's words: they quote values."""
    return _REASONS.get(type(error), "a value cannot be read as it needs")
