"""Fits what was written to what the schema wants, at the least cost.

What is valid as it was written is left as it was written. Else, every way of reading a node under
its sub-schema has a cost: nothing where it says what the schema
wants, a little where a name or a number is spelled in another way, more where a level of nesting
has to be added or taken off, and so much that any other reading is better where something is
missing. Of the alternatives of a union the cheapest wins, of equals the first, so the result is
the same every time. Nothing is invented: a value comes from the text, or from an enum, a const or
an alias of the schema that the text names; a default is never looked at.

What comes out still has to pass the validator: of JSON Schema this reads types, enums, consts,
properties, items, unions and references, and leaves all else to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from roadworthy.conformance.fitting.scalars import (
    FAIL,
    Said,
    as_boolean,
    as_null,
    as_number,
    as_option,
    as_string,
    spelled,
)
from roadworthy.conformance.fitting.shape import Shape, Shapes, spelled_out
from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Plain, Text, natural, notes_of
from roadworthy.conformance.pointer import Part, pointer_of
from roadworthy.conformance.schema import OutputSchema
from roadworthy.conformance.violations import faults_of, shorten
from roadworthy.core import Repair

__all__ = ["Fitted", "fit", "has_aliases"]

_MAX_VISITS: Final = 20_000
_MAX_TRIES: Final = 3_000
_MAX_LEVELS: Final = 60
"""Whatever lies deeper, or is too much, is taken as it was written."""
_MAX_REPAIRS: Final = 200
_MAX_ADDED: Final = 4
_WRAP: Final = 4
_UNWRAP: Final = 5
_ENCODED: Final = 3
_IMPLIED: Final = 8
_RENAMED: Final = 1
_EXTRA: Final = 1

_READINGS: Final = (
    ("null", as_null),
    ("boolean", as_boolean),
    ("number", as_number),
    ("integer", as_number),
    ("string", as_string),
)


class Fitted(NamedTuple):
    """A value, and what was done to what was written so that it says this."""

    value: Any
    cost: int
    """At least `FAIL` where something is known to be missing or of the wrong type."""
    repairs: tuple[Repair, ...]


class _Fit(NamedTuple):
    value: Any
    cost: int
    done: tuple[Any, ...] = ()
    """A tree of repairs, flattened once at the end: branches that lose cost nothing."""


def fit(node: Node, schema: OutputSchema) -> Fitted:
    """The best reading of the node under the schema, its syntax repairs included."""
    work = _Work(schema, has_aliases(schema))
    try:
        best = work.root(node)
    except RecursionError:  # alternatives inside alternatives, further down than any real schema
        best = _Fit(natural(node), FAIL)
    repairs: list[Repair] = []
    for repair in _flat(best.done):
        if len(repairs) == _MAX_REPAIRS:
            repairs[-1] = Repair(path="", kind="more", before="", after="")
            break
        repairs.append(repair)
    return Fitted(best.value, best.cost, tuple(repairs))


def has_aliases(schema: OutputSchema) -> bool:
    """Whether the schema declares other names anywhere; then even a valid answer may use one."""
    found = _aliased.get(schema.digest)
    if found is None:
        if len(_aliased) > 2_000:
            _aliased.clear()
        found = _aliased[schema.digest] = _mentions_alias(schema.source)
    return found


_aliased: dict[str, bool] = {}


def _mentions_alias(source: Any) -> bool:
    waiting = [source]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if "x-alias" in node or "x-aliases" in node:
                return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


def _flat(done: tuple[Any, ...]) -> Iterator[Repair]:
    waiting = [iter(done)]
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
        elif isinstance(item, Repair):
            yield item
        else:
            waiting.append(iter(item))


@dataclass(slots=True)
class _Object:
    """An object that is being put together."""

    shape: Shape
    path: tuple[Part, ...]
    done: list[Any]
    value: dict[str, Any] = field(default_factory=dict)
    cost: int = 0

    def take(self, name: str, found: _Fit) -> None:
        self.value[name] = found.value
        self.done.append(found.done)
        self.cost += found.cost

    def leave_out(self, repair: Repair) -> None:
        self.done.append(repair)
        self.cost += _EXTRA + 1


@dataclass(slots=True)
class _Work:
    """One answer under one schema."""

    schema: OutputSchema
    aliased: bool
    """Whether names may have to be mapped even in what is valid."""
    shapes: Shapes = field(init=False)
    visits: int = 0
    tries: int = 0
    """Alternatives looked at."""
    added: int = 0
    """Levels of nesting that are being added; a schema that refers to itself would take any."""
    seen: dict[tuple[int, int, tuple[Part, ...]], _Fit] = field(default_factory=dict)
    decoded: dict[int, Node | None] = field(default_factory=dict)
    """What texts spell out; kept, as nodes are known by their identity."""

    def __post_init__(self) -> None:
        self.shapes = Shapes.of_schema(self.schema)

    def root(self, node: Node) -> _Fit:
        # A string that is still open may have been meant to go on.
        if not self.aliased and "tail" not in notes_of(node):
            value = natural(node)
            if not faults_of(value) and self.schema.is_valid(value):
                return self._as_written(node, ())
        return self.fit(node, self.shapes.of((self.schema.source,)), ())

    def fit(self, node: Node, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        """The cheapest reading; kept, since alternatives share their parts."""
        key = (id(node), shape.number, path)
        found = self.seen.get(key)
        if found is None:
            self.visits += 1
            if self.visits > _MAX_VISITS or len(path) > _MAX_LEVELS:
                return _Fit(natural(node), 0)
            # A schema may lead back to the same place with nothing read in between.
            self.seen[key] = _Fit(natural(node), FAIL)
            found = self.seen[key] = self._fit(node, shape, path)
        return found

    def _fit(self, node: Node, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        if shape.never:
            return _Fit(natural(node), FAIL)
        if shape.branches:
            return self._choose(node, shape, path)
        best = self._direct(node, shape, path)
        if best.cost == 0 or self.added >= _MAX_ADDED:
            return best
        self.added += 1
        for other in self._nested(node, shape, path):
            if other.cost < best.cost:
                best = other
        self.added -= 1
        return best

    def _choose(self, node: Node, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        if isinstance(node, Text) and "tail" in node.notes and _is_cut(node.value, shape):
            return _Fit(node.value, FAIL, self._syntax(node, path))
        whole = not self.aliased and "tail" not in notes_of(node)
        if whole and shape.satisfied_by(natural(node)):
            return self._as_written(node, path)
        best: _Fit | None = None
        for branch in shape.branches:
            self.tries += 1
            if self.tries > _MAX_TRIES:
                break
            found = self.fit(node, branch, path)
            if found.cost < FAIL and not branch.accepts(found.value):
                found = _Fit(found.value, found.cost + FAIL, found.done)
            if best is None or found.cost < best.cost:
                best = found
            if best.cost == 0:
                break
        return best or _Fit(natural(node), FAIL)

    def _as_written(self, node: Node, path: tuple[Part, ...]) -> _Fit:
        """The node as it is, where that is known to be valid."""
        done: list[Any] = [self._syntax(node, path)]
        if isinstance(node, Items):
            done += (self._as_written(n, (*path, i)).done for i, n in enumerate(node.items))
        elif isinstance(node, Fields):
            done += (self._as_written(n, (*path, name)).done for name, n in node.fields)
        return _Fit(natural(node), 0, tuple(done))

    def _direct(self, node: Node, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        """The node as it stands, spelled as the schema spells it."""
        if shape.options is not None:
            return self._said(node, as_option(node, shape), path)
        if isinstance(node, Fields) and shape.takes("object"):
            return self._object(node, shape, path)
        if isinstance(node, Items) and shape.takes("array"):
            return self._array(node, shape, path)
        if isinstance(node, Plain | Text):
            return self._said(node, self._scalar(node, shape), path)
        if shape.takes("string"):
            return self._said(node, as_string(node, shape, "string"), path)
        return _Fit(natural(node), FAIL, self._syntax(node, path))

    def _scalar(self, node: Plain | Text, shape: Shape) -> Said:
        best: Said = (node.value, FAIL, "")
        for wanted, reading in _READINGS:
            found = reading(node, shape, wanted) if shape.takes(wanted) else None
            if found is not None and found[1] < best[1]:
                best = found
        return best

    def _said(self, node: Node, found: Said | None, path: tuple[Part, ...]) -> _Fit:
        if found is None:
            return _Fit(natural(node), FAIL, self._syntax(node, path))
        value, cost, kind = found
        done: tuple[Any, ...] = self._syntax(node, path)
        if kind:
            before = natural(node) if isinstance(node, Text | Plain) else spelled(node)
            done = (done, self._repair(path, kind, before, value))
        return _Fit(value, cost, done)

    def _object(self, node: Fields, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        made = _Object(shape, path, [self._syntax(node, path)])
        exact = {name for name, _ in node.fields if name in shape.properties}
        last = {name: position for position, (name, _) in enumerate(node.fields)}
        for position, (name, item) in enumerate(node.fields):
            if last[name] != position:  # a repeated key: the last holds, as in every parser
                continue
            target, loosely = shape.property_named(name, exact) or (None, 0)
            if target is None or target in made.value:
                self._extra(made, name, item)
                continue
            if loosely:
                made.cost += _RENAMED + loosely
                made.done.append(self._repair((*path, target), "key", name, target))
            self._property(made, target, item)
        made.cost += FAIL * sum(name not in made.value for name in shape.required)
        return _Fit(made.value, made.cost, tuple(made.done))

    def _property(self, made: _Object, name: str, item: Node) -> None:
        found = self.fit(item, made.shape.below(name), (*made.path, name))
        nothing = isinstance(item, Plain) and item.value is None and found.cost >= FAIL
        if nothing and name not in made.shape.required:
            made.leave_out(self._repair((*made.path, name), "null", None, ""))
        else:
            made.take(name, found)

    def _extra(self, made: _Object, name: str, item: Node) -> None:
        """A property that the schema does not name, or that is there already."""
        if made.shape.closed or name in made.value:
            made.leave_out(self._repair((*made.path, name), "extra", natural(item), ""))
            return
        made.take(name, self.fit(item, made.shape.below(name), (*made.path, name)))
        made.cost += _EXTRA if made.shape.properties else 0

    def _array(self, node: Items, shape: Shape, path: tuple[Part, ...]) -> _Fit:
        fits = [
            self.fit(item, shape.item(index), (*path, index))
            for index, item in enumerate(node.items)
        ]
        done = (self._syntax(node, path), tuple(found.done for found in fits))
        return _Fit([found.value for found in fits], sum(found.cost for found in fits), done)

    def _nested(self, node: Node, shape: Shape, path: tuple[Part, ...]) -> Iterator[_Fit]:
        """The node with a level of nesting more or less than it was written with."""
        if isinstance(node, Text) and (shape.takes("object") or shape.takes("array")):
            if id(node) not in self.decoded:
                self.decoded[id(node)] = spelled_out(node)
            inner = self.decoded[id(node)]
            if inner is not None:
                yield self._moved("encoded", node, self.fit(inner, shape, path), path, _ENCODED)
        if isinstance(node, Items | Fields) and not node.closed:
            return  # more may have been meant to come
        if isinstance(node, Items) and len(node.items) == 1 and not shape.takes("array"):
            yield self._moved(
                "unwrapped", node, self.fit(node.items[0], shape, path), path, _UNWRAP
            )
        if isinstance(node, Fields) and len(node.fields) == 1 and shape.unwraps(node.fields[0][0]):
            inside = node.fields[0][1]
            yield self._moved("unwrapped", node, self.fit(inside, shape, path), path, _UNWRAP + 1)
        if shape.wants_list and not isinstance(node, Items) and not _is_prose(node, shape.item(0)):
            inner_fit = self.fit(node, shape.item(0), (*path, 0))
            if not (isinstance(node, Plain) and node.value is None):
                listed = _Fit([inner_fit.value], inner_fit.cost, inner_fit.done)
                yield self._moved("wrapped", node, listed, path, _WRAP)
        if shape.only_property is not None:
            yield from self._implied(node, shape, shape.only_property, path)

    def _implied(
        self, node: Node, shape: Shape, name: str, path: tuple[Part, ...]
    ) -> Iterator[_Fit]:
        """The object whose only property the node must be, written without it."""
        below = shape.below(name)
        if isinstance(node, Fields) and (not node.fields or name in dict(node.fields)):
            return
        if isinstance(node, Items) and not below.takes("array"):
            return
        if isinstance(node, Plain | Text) and below.is_free_text:
            return
        found = self.fit(node, below, (*path, name))
        implied = _Fit({name: found.value}, found.cost, found.done)
        yield self._moved("implied", node, implied, path, _IMPLIED)

    def _moved(self, kind: str, node: Node, inner: _Fit, path: tuple[Part, ...], cost: int) -> _Fit:
        repair = self._repair(path, kind, natural(node), inner.value)
        return _Fit(inner.value, inner.cost + cost, (repair, inner.done))

    def _syntax(self, node: Node, path: tuple[Part, ...]) -> tuple[Repair, ...]:
        if not node.notes:
            return ()
        before = shorten(spelled(node)) if isinstance(node, Plain | Text) else ""
        place = pointer_of(path)
        return tuple(Repair(path=place, kind=note, before=before, after="") for note in node.notes)

    def _repair(self, path: tuple[Part, ...], kind: str, before: Any, after: Any) -> Repair:
        shown = "" if after == "" else shorten(after)
        return Repair(path=pointer_of(path), kind=kind, before=shorten(before), after=shown)


def _is_cut(word: str, shape: Shape) -> bool:
    """Whether an alternative's longer option may have been meant, had the answer gone on."""
    names = [name for branch in shape.branches for name in branch.choices]
    return any(name != word and name.startswith(word) for name in names)


def _is_prose(node: Node, item: Shape) -> bool:
    """A sentence is no list of free texts; it may be a list of what it names."""
    return isinstance(node, Text) and node.prose and item.is_free_text
