"""A JSON Schema whose parts can be followed through references, compared, and asked about values.

Pure; called by what compares schemas (`roadworthy.registry.schema_containment`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

import jsonschema_rs
import msgspec

from roadworthy.tasks.keywords import without_remarks

__all__ = [
    "CHECKED_FORMATS",
    "EVERYTHING",
    "NOTHING",
    "Part",
    "Sameness",
    "SchemaDocument",
    "part_of",
]

# fmt: off
CHECKED_FORMATS: Final = frozenset((
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
    "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template",
    "json-pointer", "relative-json-pointer", "regex", "uuid",
))
"""Formats that the validator checks; any other is a remark."""
_MAPS: Final = frozenset(
    ("properties", "patternProperties", "dependentSchemas", "dependencies")
)
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems", "items"))
_SINGLE: Final = frozenset((
    "items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties", "additionalItems",
))
_SETS: Final = frozenset(("required", "enum", "type"))
_PLAIN: Final = frozenset((
    "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
    "minContains", "maxProperties", "minProperties", "dependentRequired", "format",
))
_ELSEWHERE: Final = frozenset(("$ref", "$dynamicRef", "$recursiveRef"))
_NOT_READ: Final = frozenset(("$dynamicRef", "$recursiveRef", "additionalItems"))
_SINCE_2019: Final = frozenset((
    "prefixItems", "minContains", "maxContains", "dependentRequired", "dependentSchemas",
    "unevaluatedItems", "unevaluatedProperties",
))
_SINCE_06: Final = frozenset((
    "const", "contains", "propertyNames", "if", "exclusiveMinimum", "exclusiveMaximum",
))
"""Unknown to draft 4, or of another meaning."""
# fmt: on
_DRAFTS: Final = {
    "04": (jsonschema_rs.Draft4, jsonschema_rs.Draft4Validator),
    "06": (jsonschema_rs.Draft6, jsonschema_rs.Draft6Validator),
    "07": (jsonschema_rs.Draft7, jsonschema_rs.Draft7Validator),
    "2019-09": (jsonschema_rs.Draft201909, jsonschema_rs.Draft201909Validator),
    "2020-12": (jsonschema_rs.Draft202012, jsonschema_rs.Draft202012Validator),
}
_BINDING: Final = _MAPS | _LISTS | _SINGLE | _SETS | _PLAIN | _ELSEWHERE
_Pair: TypeAlias = tuple[int, int]
_URI: Final = "urn:roadworthy:schema"
_MAX_HOPS: Final = 50


class SchemaDocument:
    """A whole schema, to which its parts and their references belong."""

    def __init__(self, root: dict[str, Any]) -> None:
        # A copy of its own, for parts are told apart by their identity.
        self.root: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(root))
        root = self.root
        draft = re.search(r"draft[/-]?([0-9-]+[0-9])", str(root.get("$schema", "draft/2020-12")))
        self.draft = draft.group(1) if draft else str(root["$schema"])
        self._is_current = self.draft == "2020-12"
        self._is_unreadable = self.draft not in _DRAFTS
        self._places: dict[int, str] = {}
        for pointer, schema in _objects_in(self.root, ""):
            self._places[id(schema)] = pointer
            # A base of its own, and its references lead elsewhere.
            named = schema.get("id" if self.draft == "04" else "$id")
            self._is_unreadable |= pointer != "" and isinstance(named, str)
        inner = [schema for _, schema in _objects_in(self.root, "")]
        self.size = len(inner)
        self.is_readable_throughout = all(map(self.is_readable, inner))
        # Which formats are checked differs from draft to draft.
        self.is_of_any_draft = self.is_readable_throughout and not any(
            not (_SINCE_06 | _SINCE_2019 | {"format"}).isdisjoint(schema) for schema in inner
        )
        self._registry: jsonschema_rs.Registry | None = None
        self._validators: dict[int, jsonschema_rs.Validator] = {}

    @cached_property
    def binding(self) -> bytes:
        """All that the document says that binds, as text."""
        return _encoded(without_remarks(self.root))

    def target(self, reference: Any) -> Any:
        """The schema that ``#/…`` leads to; None if it leads nowhere that can be followed."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        target: Any = self.root
        for part in reference.split("/")[1:] if reference != "#" else ():
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and key.isdecimal() and int(key) < len(target):
                target = target[int(key)]
            else:
                target = target.get(key) if isinstance(target, dict) else None
        if reference.partition("/")[0] != "#" or not isinstance(target, dict | bool):
            return None
        return target

    def is_readable(self, schema: dict[str, Any]) -> bool:
        """Whether this part, without those below it, means what its keywords say by themselves."""
        if self._is_unreadable or not _NOT_READ.isdisjoint(schema):
            return False
        if isinstance(schema.get("items"), list):
            return False
        if "$ref" in schema and self.target(schema["$ref"]) is None:
            return False
        if self._is_current:
            return True
        if self.draft == "04" and not _SINCE_06.isdisjoint(schema):
            return False
        beside = "$ref" in schema and len(_BINDING & schema.keys()) > 1
        return not beside and _SINCE_2019.isdisjoint(schema)

    def accepts(self, schema: dict[str, Any], value: Any) -> bool:
        """Whether the value satisfies this part of a document that is readable throughout."""
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = self._validators[id(schema)] = self._compiled(schema)
        return validator.is_valid(value)

    def _compiled(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        draft, validator = _DRAFTS[self.draft]
        place = self._places.get(id(schema))
        if place is None:  # made here, without references
            return validator(schema, validate_formats=True, offline=True)
        if self._registry is None:
            names = ("$schema", "$id", "id")
            bare = {key: value for key, value in self.root.items() if key not in names}
            self._registry = jsonschema_rs.Registry([(_URI, bare)], draft)
        reference = {"$ref": f"{_URI}#{quote(place, safe='/~')}"}
        return validator(reference, registry=self._registry, validate_formats=True, offline=True)


class Part(NamedTuple):
    """A schema within its document. Parts of one identity are one and the same."""

    document: SchemaDocument
    schema: dict[str, Any]

    @property
    def identity(self) -> int:
        return id(self.schema)


EVERYTHING: Final[dict[str, Any]] = {}
NOTHING: Final[dict[str, Any]] = {"not": {}}


def part_of(document: SchemaDocument, schema: Any) -> Part:
    """The part; ``true`` and ``false`` are `EVERYTHING` and `NOTHING`."""
    if isinstance(schema, dict):
        return Part(document, schema)
    return Part(document, NOTHING if schema is False else EVERYTHING)


class Sameness:
    """Tells whether parts of two documents say the same in the same words, remarks aside, wherever
    their definitions stand; remembers what it was asked."""

    def __init__(self) -> None:
        self._known: dict[_Pair, bool] = {}
        self._followed: dict[int, Part] = {}
        self._bindings: dict[int, dict[str, Any]] = {}

    def same(self, one: Part, other: Part) -> bool:
        """Whether both say the same."""
        assumed: set[_Pair] = set()
        found = self._same(one, other, assumed)
        if found:
            # What was assumed on the way has turned out right, all of it.
            self._known.update(dict.fromkeys(assumed, True))
        return found

    def _same(self, one: Part, other: Part, assumed: set[_Pair]) -> bool:
        one, other = self._follow(one), self._follow(other)
        pair = (one.identity, other.identity)
        if pair in assumed or one.schema is other.schema:
            return True
        if pair in self._known:
            return self._known[pair]
        assumed.add(pair)
        mine, theirs = self._binding(one), self._binding(other)
        found = mine.keys() == theirs.keys() and all(
            self._same_keyword(
                key, Part(one.document, mine[key]), Part(other.document, theirs[key]), assumed
            )
            for key in mine
        )
        if not found:
            # What differs though all else is taken to be the same does differ.
            self._known[pair] = False
        return found

    def _same_keyword(self, keyword: str, one: Part, other: Part, assumed: set[_Pair]) -> bool:
        """Whether the values of a keyword, in the place of parts, say the same."""
        mine: Any = one.schema
        theirs: Any = other.schema
        pairs: Iterator[tuple[Any, Any]]
        if keyword in _SETS:
            return _as_set(mine) == _as_set(theirs)
        if keyword in _MAPS and isinstance(mine, dict) and isinstance(theirs, dict):
            if mine.keys() != theirs.keys():
                return False
            pairs = ((mine[name], theirs[name]) for name in mine)
        elif keyword in _LISTS and isinstance(mine, list) and isinstance(theirs, list):
            if len(mine) != len(theirs):
                return False
            pairs = zip(mine, theirs, strict=True)
        elif keyword in _SINGLE and not isinstance(mine, list) and not isinstance(theirs, list):
            pairs = iter([(mine, theirs)])
        else:
            return _encoded(mine) == _encoded(theirs) and (
                # What is said elsewhere is the same only where all around it is.
                keyword not in _ELSEWHERE or one.document.binding == other.document.binding
            )
        return all(
            m == t
            if isinstance(m, list) or isinstance(t, list)  # names, in draft 7's dependencies
            else self._same(part_of(one.document, m), part_of(other.document, t), assumed)
            for m, t in pairs
        )

    def _follow(self, part: Part) -> Part:
        """What a part that is only a reference refers to."""
        if part.identity not in self._followed:
            found = part
            for _ in range(_MAX_HOPS):
                keys = _BINDING & found.schema.keys()
                target = found.document.target(found.schema["$ref"]) if keys == {"$ref"} else None
                if target is None:
                    break
                found = part_of(found.document, target)
            self._followed[part.identity] = found
        return self._followed[part.identity]

    def _binding(self, part: Part) -> dict[str, Any]:
        """The keywords that bind, without those that say nothing where they stand."""
        if part.identity not in self._bindings:
            found = {key: value for key, value in part.schema.items() if key in _BINDING}
            if found.get("format") not in CHECKED_FORMATS:
                found.pop("format", None)
            if not found.get("required", True):
                del found["required"]
            self._bindings[part.identity] = found
        return self._bindings[part.identity]


def _as_set(values: Any) -> frozenset[bytes]:
    return frozenset(map(_encoded, values if isinstance(values, list) else [values]))


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _objects_in(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    inner: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        yield pointer, value
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, item in inner:
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        yield from _objects_in(item, f"{pointer}/{escaped}")
