"""JSON values as the engine takes them: only what expressions read, numbers as their schema says.

The engine copies whatever it is given, 7 µs an object of three, so a value is cut down to the
places that are read. A number is a double unless its schema says ``integer``: ``3`` and ``3.0``
are the same in JSON, and would be of two types in CEL. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from roadworthy.expressions.check import EACH, Place
from roadworthy.expressions.faults import EvaluationError
from roadworthy.expressions.schema_types import SchemaType

__all__ = ["MAX_ITEMS", "Converter", "converter_of"]

MAX_ITEMS: Final = 10_000
"""Items of one list: the engine copies some 150,000 a second, and nobody else runs meanwhile."""
_MAX_INT: Final = 2**63
_MAX_DEPTH: Final = 64

Converter: TypeAlias = Callable[[Any], Any]
_Tree: TypeAlias = dict[Any, Any]
"""The places read, by their next step; an empty one is read whole."""


def converter_of(schema: SchemaType, places: Iterable[Place]) -> Converter:
    """What turns a value of this schema into one for the engine; ``places`` are those read of
    it, each from the value itself on.

    The converter raises EvaluationError for what the engine cannot hold.
    """
    return _converter(schema, _tree_of(places))


def _tree_of(places: Iterable[Place]) -> _Tree:
    tree: _Tree = {}
    whole: list[_Tree] = []
    for place in places:
        node = tree
        for part in place:
            node = node.setdefault(EACH if isinstance(part, int) else part, {})
        whole.append(node)
    for node in whole:
        node.clear()
    return tree


def _converter(schema: SchemaType, tree: _Tree) -> Converter:
    if not tree:
        return lambda value: _whole(value, schema, _MAX_DEPTH)
    below = {part: _converter(_below(schema, part), branch) for part, branch in tree.items()}
    each = below.pop(EACH, None)

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: take(value[name]) for name, take in below.items() if name in value}
        if isinstance(value, list):
            _require_few(value)
            return [{} for _ in value] if each is None else [each(item) for item in value]
        return _scalar(value, schema.kinds)

    return convert


def _below(schema: SchemaType, part: Any) -> SchemaType:
    if part is EACH:
        return schema.item()
    return schema.field(part) or SchemaType((), schema.root)


def _whole(value: Any, schema: SchemaType, depth: int) -> Any:
    if not depth:
        raise EvaluationError(f"a value is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, dict):
        nothing = SchemaType((), schema.root)
        return {
            name: _whole(item, schema.field(name) or nothing, depth - 1)
            for name, item in value.items()
        }
    if isinstance(value, list):
        _require_few(value)
        if not any("prefixItems" in node for node in schema.nodes):
            one = schema.item()
            return [_whole(item, one, depth - 1) for item in value]
        return [_whole(item, schema.item(i), depth - 1) for i, item in enumerate(value)]
    return _scalar(value, schema.kinds)


def _scalar(value: Any, kinds: frozenset[str]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if "int" not in kinds:
        try:
            return float(value)
        except OverflowError as error:
            raise EvaluationError("a number is too large") from error
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not -_MAX_INT <= value < _MAX_INT:
        raise EvaluationError("an integer is beyond 64 bits")
    return value


def _require_few(items: list[Any]) -> None:
    if len(items) > MAX_ITEMS:
        raise EvaluationError(f"a list has {len(items):,} items; conditions read {MAX_ITEMS:,}")


def longest_list(value: Any) -> int:
    """The length of the longest list in a value."""
    if isinstance(value, list):
        return max([len(value), *(longest_list(item) for item in value)])
    if isinstance(value, Mapping):
        return max([0, *(longest_list(item) for item in value.values())])
    return 0
