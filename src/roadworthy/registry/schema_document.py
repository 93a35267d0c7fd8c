"""A JSON Schema whose parts can be followed through references, compared, and asked about values.

Pure; called by what compares schemas (`roadworthy.registry.schema_containment`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote, unquote

import jsonschema_rs
import msgspec

__all__ = ["CHECKED_FORMATS", "EVERYTHING", "NOTHING", "Part", "SchemaDocument", "part_of", "same"]

# fmt: off
CHECKED_FORMATS: Final = frozenset((
    "date", "date-time", "time", "duration", "email", "idn-email", "hostname", "idn-hostname",
    "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template",
    "json-pointer", "relative-json-pointer", "regex", "uuid",
))
"""Formats that the validator checks; any other is a remark."""
_MAPS: Final = frozenset(("properties", "patternProperties", "dependentSchemas"))
_LISTS: Final = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_SINGLE: Final = frozenset((
    "items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
))
_SETS: Final = frozenset(("required", "enum", "type"))
_PLAIN: Final = frozenset((
    "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
    "minContains", "maxProperties", "minProperties", "dependentRequired", "format",
))
_NOT_FOLLOWED: Final = frozenset((
    "$dynamicRef", "$recursiveRef", "dependencies", "additionalItems",
))
_SINCE_2019: Final = frozenset((
    "prefixItems", "minContains", "maxContains", "dependentRequired", "dependentSchemas",
    "unevaluatedItems", "unevaluatedProperties",
))
# fmt: on
_BINDING: Final = _MAPS | _LISTS | _SINGLE | _SETS | _PLAIN | _NOT_FOLLOWED | {"$ref"}
_URI: Final = "urn:roadworthy:schema"
_MAX_HOPS: Final = 50


class SchemaDocument:
    """A whole schema, to which its parts and their references belong."""

    def __init__(self, root: dict[str, Any]) -> None:
        # A copy of its own, for parts are told apart by their identity.
        self.root: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(root))
        root = self.root
        named = re.search(r"draft[/-]?([0-9-]+[0-9])", str(root.get("$schema", "draft/2020-12")))
        self.draft = named.group(1) if named else str(root["$schema"])
        self._is_current = self.draft == "2020-12"
        self._is_unreadable = self.draft not in ("06", "07", "2019-09", "2020-12")
        self._places: dict[int, str] = {}
        for pointer, schema in _objects_in(self.root, ""):
            self._places[id(schema)] = pointer
            # A base of its own, and its references lead elsewhere.
            self._is_unreadable |= pointer != "" and isinstance(schema.get("$id"), str)
        inner = [schema for _, schema in _objects_in(self.root, "")]
        self.size = len(inner)
        self.is_readable_throughout = all(map(self.is_readable, inner))
        # Which formats are checked differs from draft to draft.
        self.is_of_any_draft = self.is_readable_throughout and not any(
            "format" in schema or not _SINCE_2019.isdisjoint(schema) for schema in inner
        )
        self._registry: jsonschema_rs.Registry | None = None
        self._validators: dict[int, jsonschema_rs.Draft202012Validator] = {}

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
        if self._is_unreadable or not _NOT_FOLLOWED.isdisjoint(schema):
            return False
        if isinstance(schema.get("items"), list):
            return False
        if "$ref" in schema and self.target(schema["$ref"]) is None:
            return False
        if self._is_current:
            return True
        beside = "$ref" in schema and len(_BINDING & schema.keys()) > 1
        return not beside and _SINCE_2019.isdisjoint(schema)

    def accepts(self, schema: dict[str, Any], value: Any) -> bool:
        """Whether the value satisfies this part of a document that is readable throughout."""
        validator = self._validators.get(id(schema))
        if validator is None:
            validator = self._validators[id(schema)] = self._compiled(schema)
        return validator.is_valid(value)

    def _compiled(self, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
        place = self._places.get(id(schema))
        if place is None:  # made here, without references
            return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
        if self._registry is None:
            bare = {key: value for key, value in self.root.items() if key not in ("$schema", "$id")}
            self._registry = jsonschema_rs.Registry([(_URI, bare)])
        reference = {"$ref": f"{_URI}#{quote(place, safe='/~')}"}
        return jsonschema_rs.Draft202012Validator(
            reference, registry=self._registry, validate_formats=True, offline=True
        )


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


def same(one: Part, other: Part) -> bool:
    """Whether both say the same in the same words, remarks aside, wherever definitions stand."""
    return _same(one, other, set())


def _same(one: Part, other: Part, assumed: set[tuple[int, int]]) -> bool:
    one, other = _followed(one), _followed(other)
    pair = (one.identity, other.identity)
    if pair in assumed or one.schema is other.schema:
        return True
    assumed.add(pair)
    mine, theirs = _binding(one), _binding(other)
    return mine.keys() == theirs.keys() and all(
        _same_keyword(key, (one.document, mine[key]), (other.document, theirs[key]), assumed)
        for key in mine
    )


def _same_keyword(
    keyword: str,
    one: tuple[SchemaDocument, Any],
    other: tuple[SchemaDocument, Any],
    assumed: set[tuple[int, int]],
) -> bool:
    (mine_in, mine), (theirs_in, theirs) = one, other
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
        # A reference that is not followed says the same only where all around it does.
        equal = _encoded(mine) == _encoded(theirs)
        if keyword in _NOT_FOLLOWED or keyword == "$ref":
            return equal and _encoded(mine_in.root) == _encoded(theirs_in.root)
        return equal
    return all(_same(part_of(mine_in, m), part_of(theirs_in, t), assumed) for m, t in pairs)


def _followed(part: Part) -> Part:
    """What a part that is only a reference refers to."""
    for _ in range(_MAX_HOPS):
        keys = _BINDING & part.schema.keys()
        target = part.document.target(part.schema["$ref"]) if keys == {"$ref"} else None
        if target is None:
            return part
        part = part_of(part.document, target)
    return part


def _binding(part: Part) -> dict[str, Any]:
    """The keywords that bind, without those that say nothing where they stand."""
    found = {key: value for key, value in part.schema.items() if key in _BINDING}
    if found.get("format") not in CHECKED_FORMATS:
        found.pop("format", None)
    if not found.get("required", True):
        del found["required"]
    return found


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
