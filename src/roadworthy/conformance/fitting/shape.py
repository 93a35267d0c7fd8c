"""What a schema says about one place, read once: types, names, options, alternatives.

References and `allOf` are joined; `anyOf` and `oneOf` become branches, each joined with all that
holds beside it. Shapes are kept with their schema, so that an answer pays only for what it visits.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema_rs

from roadworthy.conformance.fitting.folding import aliases_of, match, spellings
from roadworthy.conformance.locate import resolve, self_contained
from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Text
from roadworthy.conformance.parsing.parser import TooDeep, parse
from roadworthy.conformance.schema import OutputSchema

__all__ = ["Shape", "Shapes", "spelled_out"]

_UNIONS: Final = ("anyOf", "oneOf")
_MAX_PARTS: Final = 60
_MAX_BRANCHES: Final = 60
_MAX_SHAPES: Final = 5_000
_REF_ALONE: Final = ("draft-03", "draft-04", "draft-06", "draft-07")
"""Drafts in which nothing counts beside a `$ref`."""
_ALL: Final = frozenset(("null", "boolean", "number", "integer", "string", "array", "object"))
_OBJECT_WORDS: Final = ("properties", "required", "additionalProperties", "patternProperties")
_ARRAY_WORDS: Final = ("items", "prefixItems")
_WORTH: Final = frozenset(
    (
        "pattern",
        "format",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "contains",
        "not",
        "if",
        "dependentRequired",
        "dependencies",
        "propertyNames",
    )
)
"""Keywords that `fit` does not read, and that may tell two alternatives apart."""


class Shapes:
    """The shapes of one schema."""

    def __init__(self, source: dict[str, Any]) -> None:
        self.source = source
        self._by_parts: dict[tuple[int, ...], Shape] = {}
        self._by_seeds: dict[tuple[int, ...], tuple[list[Any], Shape]] = {}
        self._ref_alone = any(draft in str(source.get("$schema")) for draft in _REF_ALONE)
        self._rests: dict[tuple[int, str], dict[str, Any]] = {}
        self._made = 0

    @staticmethod
    def of_schema(schema: OutputSchema) -> Shapes:
        found = _kept.get(schema)
        if found is None:
            found = _kept[schema] = Shapes(schema.source)
        return found

    def without(self, part: dict[str, Any], keyword: str) -> dict[str, Any]:
        """The part without its alternatives; the same object each time, as shapes are told
        apart by the objects they are made of."""
        key = (id(part), keyword)
        if key not in self._rests:
            left_out = (keyword, "allOf", "$ref")
            self._rests[key] = {k: v for k, v in part.items() if k not in left_out}
        return self._rests[key]

    def of(self, schemas: Iterable[Any]) -> Shape:
        """What all of these together say about one place."""
        seeds = list(schemas)
        kept = self._by_seeds.get(tuple(id(seed) for seed in seeds))
        if kept is not None:
            return kept[1]
        shape = self._of_parts(self._joined(seeds))
        self._by_seeds[tuple(id(seed) for seed in seeds)] = (seeds, shape)
        return shape

    def _of_parts(self, parts: list[Any]) -> Shape:
        key = tuple(id(part) for part in parts)
        found = self._by_parts.get(key)
        if found is None:
            if len(self._by_parts) >= _MAX_SHAPES:
                self._by_parts.clear()
                self._by_seeds.clear()
            self._made += 1
            found = self._by_parts[key] = Shape(self, parts, self._made)
        return found

    def _joined(self, schemas: Iterable[Any]) -> list[Any]:
        parts: list[Any] = []
        seen = set[int]()
        waiting = list(schemas)
        while waiting and len(parts) < _MAX_PARTS:
            part = waiting.pop(0)
            if id(part) in seen and isinstance(part, dict):
                continue
            seen.add(id(part))
            alone = self._ref_alone and isinstance(part, dict) and "$ref" in part
            parts += [] if alone else [part]
            if isinstance(part, dict):
                target = resolve(part.get("$ref"), self.source)
                waiting += [target] if target is not None else []
                waiting += (
                    part["allOf"] if not alone and isinstance(part.get("allOf"), list) else []
                )
        return parts


_kept: weakref.WeakKeyDictionary[OutputSchema, Shapes] = weakref.WeakKeyDictionary()


@dataclass(slots=True, eq=False)
class Shape:
    """One place of a schema."""

    shapes: Shapes
    parts: list[Any]
    number: int
    never: bool = False
    types: frozenset[str] = _ALL
    options: list[Any] | None = None
    choices: dict[str, Any] = field(default_factory=dict)
    """Every spelling of the options."""
    properties: dict[str, list[Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    closed: bool = False
    """No other properties than those named."""
    bounds: dict[str, Any] = field(default_factory=dict)
    wants_list: bool = False
    only_property: str | None = None
    _names: dict[str, str] = field(default_factory=dict)
    _aliases: dict[str, str] = field(default_factory=dict)
    _below: dict[str | int, Shape] = field(default_factory=dict)
    _branches: list[Shape] | None = None
    _validator: Any = None

    def __post_init__(self) -> None:
        dicts = [part for part in self.parts if isinstance(part, dict)]
        self.never = any(part is False for part in self.parts)
        self._read_types(dicts)
        self._read_options(dicts)
        self._read_properties(dicts)
        for part in dicts:
            self.bounds.update({k: part[k] for k in ("maximum", "minimum") if k in part})
        self.wants_list = self.types == {"array"} or (
            "array" in self.types and self.types <= {"array", "null"}
        )

    def _read_types(self, dicts: list[dict[str, Any]]) -> None:
        for part in dicts:
            types = part.get("type")
            if isinstance(types, str):
                self.types &= {types, "integer"} if types == "number" else {types}
            elif isinstance(types, list):
                named = {t for t in types if isinstance(t, str)}
                self.types &= named | ({"integer"} if "number" in named else set())
        stated = any("type" in part for part in dicts)
        if not stated and any(word in part for part in dicts for word in _OBJECT_WORDS):
            self.types = frozenset(("object",))
        elif not stated and any(word in part for part in dicts for word in _ARRAY_WORDS):
            self.types = frozenset(("array",))

    def _read_options(self, dicts: list[dict[str, Any]]) -> None:
        for part in dicts:
            if "const" in part:
                options = [part["const"]]
            elif isinstance(part.get("enum"), list):
                options = part["enum"]
            else:
                continue
            if self.options is None or len(options) < len(self.options):
                self.options = options
                self.choices = spellings(options, part)
        if self.options is not None:
            self.types &= {name for option in self.options for name in _types_of(option)}

    def _read_properties(self, dicts: list[dict[str, Any]]) -> None:
        required: dict[str, None] = {}
        for part in dicts:
            below = part.get("properties")
            for name, sub in below.items() if isinstance(below, dict) else ():
                self.properties.setdefault(name, []).append(sub)
            needs = part.get("required")
            required |= (
                dict.fromkeys(n for n in needs if isinstance(n, str))
                if isinstance(needs, list)
                else {}
            )
            if part.get("additionalProperties") is False and not part.get("patternProperties"):
                self.closed = True
        self.required = tuple(required)
        if len(self.properties) == 1 and self.types <= {"object", "null"}:
            self.only_property = next(iter(self.properties))
        for name, subs in self.properties.items():
            self._names.setdefault(name, name)
            for sub in subs:
                for alias in aliases_of(sub) if isinstance(sub, dict) else ():
                    self._names.setdefault(alias, name)
                    self._aliases.setdefault(alias, name)

    @property
    def branches(self) -> list[Shape]:
        """The alternatives of the first union, each with all that holds beside it."""
        if self._branches is None:
            self._branches = self._read_branches()
        return self._branches

    def _read_branches(self) -> list[Shape]:
        for part in self.parts:
            for keyword in _UNIONS if isinstance(part, dict) else ():
                alternatives = part.get(keyword)
                if isinstance(alternatives, list) and alternatives:
                    rest = self.shapes.without(part, keyword)
                    beside = [rest if other is part else other for other in self.parts]
                    return [
                        self.shapes.of([*beside, alternative])
                        for alternative in alternatives[:_MAX_BRANCHES]
                    ]
        return []

    def takes(self, wanted: str) -> bool:
        """Whether a value of this type may stand here."""
        return wanted in self.types

    @property
    def is_free_text(self) -> bool:
        """Any words at all would do."""
        waiting, seen = [self], set[int]()
        while waiting:
            shape = waiting.pop()
            if shape.number in seen:
                continue
            seen.add(shape.number)
            if not shape.branches and "string" in shape.types and shape.options is None:
                return True
            waiting += shape.branches
        return False

    def property_named(self, name: str, exact: set[str]) -> tuple[str, int] | None:
        """The property that a written name means, and how loosely; never one that is there
        under its own name.

        A name that is neither declared nor an alias is another spelling of a property only where
        the schema cannot do with the name as it stands: where nothing else is allowed, or where
        the property is required.
        """
        if name in self.properties:
            return name, 0
        found = match(name, self._names) if self._names else None
        if found is None or found[0] in exact:
            return None
        target, loosely = found
        if name in self._aliases or self.closed or target in self.required:
            return target, max(1, loosely)
        return (target, loosely) if match(name, self._aliases) is not None else None

    def unwraps(self, name: str) -> bool:
        """Whether an object with this one property may only be a shell around the value."""
        if self._names and match(name, self._names) is not None:
            return False
        return not (self.is_free_text and "object" not in self.types) and not (
            "object" in self.types and not self.properties
        )

    def below(self, name: str) -> Shape:
        """What holds for the property of this name."""
        found = self._below.get(name)
        if found is None:
            found = self._below[name] = self.shapes.of(self._subs(name) or [True])
        return found

    def _subs(self, name: str) -> list[Any]:
        subs = list(self.properties.get(name, ()))
        for part in self.parts:
            if not isinstance(part, dict):
                continue
            patterns = part.get("patternProperties")
            declared = name in (part.get("properties") or ())
            for pattern, sub in patterns.items() if isinstance(patterns, dict) else ():
                if _matches(pattern, name):
                    declared = True
                    subs.append(sub)
            if not declared and "additionalProperties" in part:
                subs.append(part["additionalProperties"])
        return subs

    def item(self, index: int) -> Shape:
        """What holds for the item at this index."""
        found = self._below.get(index)
        if found is None:
            subs = [sub for part in self.parts for sub in _item(part, index)]
            found = self._below[index] = self.shapes.of(subs or [True])
        return found

    def accepts(self, value: Any) -> bool:
        """Whether the value satisfies this alternative; True where nothing speaks against it that
        `fit` does not read itself."""
        worth = any(isinstance(part, dict) and _WORTH & part.keys() for part in self.parts)
        return not worth or self.satisfied_by(value) is not False

    def satisfied_by(self, value: Any) -> bool | None:
        """Whether the value is valid here; None where that can only be told of the whole."""
        if self._validator is None:
            self._validator = self._compile() or False
        if self._validator is False:
            return None
        try:
            return bool(self._validator.is_valid(value))
        except ValueError:
            return False

    def _compile(self) -> Any:
        schema = self_contained({"allOf": self.parts}, self.shapes.source)
        if schema is None:
            return None
        try:
            return jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
        except ValueError:
            return None


def spelled_out(node: Text) -> Node | None:
    """The object or list that a text is the JSON of, if it was encoded twice."""
    text = node.value.strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        inner, end = parse(text)
    except TooDeep:
        return None
    whole = isinstance(inner, Fields | Items) and inner.closed and not text[end:].strip()
    return inner if whole else None


def _types_of(option: Any) -> tuple[str, ...]:
    if option is None:
        return ("null",)
    if isinstance(option, bool):
        return ("boolean",)
    if isinstance(option, int | float):
        return ("number", "integer")
    return ("string",) if isinstance(option, str) else ("object", "array")


def _item(part: Any, index: int) -> list[Any]:
    if not isinstance(part, dict):
        return []
    items = part.get("items")
    first = part.get("prefixItems", items if isinstance(items, list) else [])
    if isinstance(first, list) and index < len(first):
        return [first[index]]
    if isinstance(items, list):
        return [part["additionalItems"]] if "additionalItems" in part else []
    return [items] if items is not None else []


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False
