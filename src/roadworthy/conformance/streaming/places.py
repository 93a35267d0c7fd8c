"""What a schema says of the places of a value, as far as that is certain before the value is.

A place gathers what its schema, what that refers to and what it is put together from say at once.
Of alternatives only one that the first character decides is followed. All that is said here of a
value that is still being written is necessary: what breaks it cannot come to conform. Whether it
is also sufficient stands in `View.simple`; where not, a closed value is asked of the validator.
Pure; kept with the compiled schema.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from roadworthy.conformance.locate import resolve, self_contained
from roadworthy.conformance.schema import OutputSchema, compile_schema
from roadworthy.core.errors import InvalidSchema

__all__ = ["Place", "Type", "View", "root_place", "type_of"]

Type: TypeAlias = Literal["object", "array", "string", "number", "boolean", "null"]
"""What the first character of a value tells: a whole number may still become another."""

_MAX_IN_PLACE: Final = 200
_MAX_PLACES: Final = 5_000
_UNIONS: Final = ("anyOf", "oneOf")
_ASSERTS_STRING: Final = frozenset(("enum", "const", "pattern", "format", "minLength", "maxLength"))
_ASSERTS_NUMBER: Final = frozenset(
    ("enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
)
_CONDITIONS: Final = frozenset(("not", "if", "$dynamicRef", "$recursiveRef"))
_ASSERTS_OBJECT: Final = frozenset(
    (
        "enum",
        "const",
        "patternProperties",
        "propertyNames",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "unevaluatedProperties",
    )
)
_ASSERTS_ARRAY: Final = frozenset(
    (
        "enum",
        "const",
        "prefixItems",
        "additionalItems",
        "contains",
        "minContains",
        "maxContains",
        "uniqueItems",
        "unevaluatedItems",
    )
)
_BEYOND: Final[dict[Type, frozenset[str]]] = {
    "object": _ASSERTS_OBJECT | _CONDITIONS,
    "array": _ASSERTS_ARRAY | _CONDITIONS,
    "string": _ASSERTS_STRING | _CONDITIONS,
    "number": _ASSERTS_NUMBER | _CONDITIONS,
    "boolean": frozenset(("enum", "const")) | _CONDITIONS,
    "null": frozenset(("enum", "const")) | _CONDITIONS,
}
"""Keywords whose holding is not told by what a `View` knows."""
_LEGACY: Final = ("draft-03", "draft-04", "draft-06", "draft-07")


def type_of(value: Any) -> Type:
    """The type of a JSON value, numbers not told apart."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "number"


def root_place(schema: OutputSchema) -> Place:
    """The place of the whole value; the same object as long as the schema lives."""
    found = _roots.get(schema)
    if found is None:
        found = _roots[schema] = Place((schema.source,), _Book(schema.source, schema))
    return found


@dataclass(slots=True)
class _Book:
    """What the places of one schema share."""

    source: dict[str, Any]
    _schema: Any
    places: int = 0
    legacy: bool = field(init=False)
    """Whether what stands beside a `$ref` is not looked at."""
    rebased: bool = field(init=False)
    """Whether a part has an address of its own, so that references may not lead where it seems."""

    def __post_init__(self) -> None:
        self._schema = weakref.ref(self._schema)
        self.rebased = _is_rebased(self.source)
        self.legacy = any(draft in str(self.source.get("$schema", "")) for draft in _LEGACY)

    @property
    def whole(self) -> OutputSchema:
        schema: OutputSchema = self._schema()
        return schema


class Place:
    """A place of a value."""

    __slots__ = ("_book", "_compiled", "_only", "_schemas", "_views")

    def __init__(self, schemas: tuple[Any, ...], book: _Book) -> None:
        self._schemas = schemas
        self._book = book
        self._views: dict[Type, View] = {}
        self._compiled: OutputSchema | Literal[False] | None = False
        self._only: bool | None = None

    def view(self, kind: Type) -> View:
        """What holds of a value of this type here."""
        found = self._views.get(kind)
        if found is None:
            found = self._views[kind] = _view(self._schemas, kind, self._book)
        return found

    @property
    def has_one_type(self) -> bool:
        """Whether values of one type alone are possible here, null aside."""
        if self._only is None:
            kinds = (kind for kind in _BEYOND if kind != "null")
            self._only = sum(self.view(kind).possible for kind in kinds) == 1
        return self._only

    @property
    def schema(self) -> OutputSchema | None:
        """All that holds of a value here, compiled; None: it cannot stand alone."""
        if self._compiled is False:
            self._compiled = self._compile()
        return self._compiled

    def _compile(self) -> OutputSchema | None:
        source = self._book.source
        if self._schemas == (source,):
            return self._book.whole
        one = len(self._schemas) == 1 and isinstance(self._schemas[0], dict)
        alone = self_contained(self._schemas[0] if one else {"allOf": list(self._schemas)}, source)
        try:
            return None if alone is None else compile_schema(alone)
        except InvalidSchema:  # an anchor or an identifier that only the whole has
            return None


@dataclass(slots=True)
class View:
    """What is certain of the values of one type at a place."""

    kind: Type
    simple: bool
    """Whether this, with the same of what is inside, is all that the schema says."""
    possible: bool
    """False: no value of this type conforms here."""
    whole_numbers: bool = False
    options: tuple[tuple[str, ...], ...] = ()
    """Lists of strings; a string must be in each."""
    max_length: int | None = None
    required: frozenset[str] = frozenset()
    min_size: int = 0
    max_size: int | None = None
    """Of properties or items."""
    parts: tuple[dict[str, Any], ...] = ()
    _book: Any = None
    _below: dict[str, tuple[Place, bool] | None] = field(default_factory=dict)
    _items: Place | None = None

    def child(self, name: str) -> tuple[Place, bool] | None:
        """A property's place, and whether the schema knows properties of that name; None: there
        can be none of that name."""
        if name in self._below:
            return self._below[name]
        found = self._child(name)
        if self._book.places < _MAX_PLACES:  # names may be the model's own
            self._book.places += 1
            self._below[name] = found
        return found

    def item(self) -> Place:
        """Any item's place; where lists have items of their own in front, nothing is said."""
        if self._items is None:
            below = [
                part["items"]
                for part in self.parts
                if "prefixItems" not in part and isinstance(part.get("items"), dict | bool)
            ]
            self._items = Place(tuple(below) or ({},), self._book)
        return self._items

    def _child(self, name: str) -> tuple[Place, bool] | None:
        below: list[Any] = []
        known, names = False, False
        for part in self.parts:
            properties = part.get("properties")
            names = names or bool(properties)
            if isinstance(properties, dict) and name in properties:
                known = True
                below.append(properties[name])
                continue
            if "patternProperties" in part:
                continue
            others = part.get("additionalProperties", True)
            if others is False:
                return None
            if isinstance(others, dict):
                below.append(others)
        if any(schema is False for schema in below):
            return None
        return Place(tuple(below) or ({},), self._book), known or not names


_roots: weakref.WeakKeyDictionary[OutputSchema, Place] = weakref.WeakKeyDictionary()


def _view(schemas: tuple[Any, ...], kind: Type, book: _Book) -> View:
    parts, certain = _gathered(schemas, kind, book)
    if parts is None:
        return View(kind, simple=False, possible=False, _book=book)
    view = View(kind, simple=certain, possible=True, parts=parts, _book=book)
    beyond = _BEYOND[kind]
    for part in parts:
        view.possible = view.possible and _takes(part, kind)
        if any(_asserts(part, keyword) for keyword in beyond & part.keys()):
            view.simple = False
        _READERS[kind](view, part)
    return view


def _is_rebased(source: dict[str, Any]) -> bool:
    waiting: list[Any] = list(source.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$id"), str) or isinstance(node.get("id"), str):
                return True
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return False


def _asserts(part: dict[str, Any], keyword: str) -> bool:
    return not (keyword == "uniqueItems" and part[keyword] is False)


def _gathered(
    schemas: tuple[Any, ...], kind: Type, book: _Book
) -> tuple[tuple[dict[str, Any], ...] | None, bool]:
    """All that is said at once, and whether nothing else is; None: a value of this type is
    impossible."""
    found: list[dict[str, Any]] = []
    waiting, certain = list(schemas), True
    while waiting:
        node = waiting.pop(0)
        if node is False:
            return None, certain
        if node is True:
            continue
        if not isinstance(node, dict) or len(found) > _MAX_IN_PLACE:
            certain = False
            continue
        if "$ref" in node:
            target = None if book.rebased else resolve(node["$ref"], book.source)
            certain = certain and target is not None
            waiting += [] if target is None else [target]
            if book.legacy:
                continue
        found.append(node)
        waiting += node.get("allOf", [])
        for keyword in _UNIONS:
            branches = node.get(keyword)
            if isinstance(branches, list):
                taking = [branch for branch in branches if _may_take(branch, kind, book, 8)]
                if not taking:
                    return None, certain
                waiting += taking if len(taking) == 1 else []
                certain = certain and len(taking) == 1
    return tuple(found), certain


def _may_take(schema: Any, kind: Type, book: _Book, depth: int) -> bool:
    """False only where no value of this type conforms."""
    if schema is False:
        return False
    if not isinstance(schema, dict) or depth == 0:
        return True
    if "$ref" in schema:
        target = None if book.rebased else resolve(schema["$ref"], book.source)
        if target is not None and not _may_take(target, kind, book, depth - 1):
            return False
        if book.legacy:
            return True
    if not _takes(schema, kind):
        return False
    parts = schema.get("allOf", [])
    if not all(_may_take(part, kind, book, depth - 1) for part in parts):
        return False
    unions = [schema[keyword] for keyword in _UNIONS if keyword in schema]
    return all(any(_may_take(b, kind, book, depth - 1) for b in union) for union in unions)


def _takes(part: dict[str, Any], kind: Type) -> bool:
    types = part.get("type")
    types = [types] if isinstance(types, str) else types
    wanted = {kind, "integer"} if kind == "number" else {kind}
    if isinstance(types, list) and wanted.isdisjoint(types):
        return False
    if "const" in part and type_of(part["const"]) != kind:
        return False
    options = part.get("enum")
    return not isinstance(options, list) or any(type_of(option) == kind for option in options)


def _read_string(view: View, part: dict[str, Any]) -> None:
    for options in (part.get("enum"), [part["const"]] if "const" in part else None):
        if isinstance(options, list):
            strings = tuple(option for option in options if isinstance(option, str))
            view.options = (*view.options, strings)
    view.max_length = _least(view.max_length, part.get("maxLength"))


def _read_object(view: View, part: dict[str, Any]) -> None:
    required = part.get("required")
    if isinstance(required, list):
        view.required = view.required.union(required)
    view.min_size = _most(view.min_size, part.get("minProperties"))
    view.max_size = _least(view.max_size, part.get("maxProperties"))


def _read_array(view: View, part: dict[str, Any]) -> None:
    if isinstance(part.get("items"), list):
        view.simple = False
    view.min_size = _most(view.min_size, part.get("minItems"))
    view.max_size = _least(view.max_size, part.get("maxItems"))


def _read_number(view: View, part: dict[str, Any]) -> None:
    types = part.get("type")
    types = [types] if isinstance(types, str) else types
    view.whole_numbers = view.whole_numbers or (isinstance(types, list) and "number" not in types)


def _read_nothing(_: View, __: dict[str, Any]) -> None:
    return None


def _least(known: int | None, given: Any) -> int | None:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return known
    return int(given) if known is None else min(known, int(given))


def _most(known: int, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float):
        return known
    return max(known, int(given))


_READERS: Final = {
    "object": _read_object,
    "array": _read_array,
    "string": _read_string,
    "number": _read_number,
    "boolean": _read_nothing,
    "null": _read_nothing,
}
