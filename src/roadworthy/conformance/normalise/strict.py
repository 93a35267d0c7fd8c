"""A schema in the strict form that OpenAI's structured outputs accept, and what that form loses.

The strict form has an object at its root, closed objects, every field required (optional ones
become nullable), `anyOf` for `oneOf`, and a subset of keywords. What is left out is put into the
description, so that the model still reads it, and is listed as a `Loss`, so that people know what
only our own validation enforces. `restore` maps answers back.

Source: OpenAI, *Structured model outputs*, "Supported schemas", read November 2026.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.conformance.locate import resolve
from roadworthy.conformance.normalise.loss import Loss, NotStrict
from roadworthy.conformance.pointer import Part, pointer_of
from roadworthy.conformance.restore import WRAPPER, Form

__all__ = ["StrictForm", "strict_form", "wrap"]


@dataclass(frozen=True, slots=True)
class StrictForm:
    """A schema that the strict mode accepts."""

    schema: dict[str, Any]
    form: Form
    losses: tuple[Loss, ...]


_MAX_PROPERTIES: Final = 5_000
_MAX_ENUM_VALUES: Final = 1_000
_MAX_LEVELS: Final = 10
_MAX_NAME_CHARS: Final = 120_000
_FORMATS: Final = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
)
_KEPT: Final = frozenset(
    (
        "enum",
        "const",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "exclusiveMinimum",
        "exclusiveMaximum",
    )
)
_UNENFORCED: Final = frozenset(
    (
        "minLength",
        "maxLength",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        "unevaluatedProperties",
        "unevaluatedItems",
        "not",
        "if",
        "then",
        "else",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "contentEncoding",
        "contentMediaType",
    )
)
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}
_LOOKS_AROUND: Final = ("(?=", "(?!", "(?<=", "(?<!", "\\1", "\\2", "\\k<")


def strict_form(source: dict[str, Any]) -> StrictForm:
    """The schema in strict form.

    Raises:
        NotStrict: free-form objects, tuples, several `allOf` parts, or a limit exceeded.
    """
    work = _Work(source)
    root = resolve(source["$ref"], source) if "$ref" in source else source
    if not isinstance(root, dict):
        raise NotStrict("its root is a reference that cannot be followed")
    schema = work.node(root, ())
    form: Form = "strict"
    if schema.get("type") != "object" or "anyOf" in schema:
        if work.refers_to_root:
            raise NotStrict("its root is not an object and refers to itself")
        schema, form = wrap(schema), "wrapped"
    definitions = work.definitions()
    if definitions:
        schema = {**schema, "$defs": definitions}
    _require_within_limits(schema)
    return StrictForm(schema, form, tuple(work.losses))


def wrap(schema: dict[str, Any]) -> dict[str, Any]:
    """An object whose only property is a value of this schema; definitions stay at the root."""
    inner = {k: v for k, v in schema.items() if k not in ("$schema", "$defs", "definitions")}
    outer = {k: v for k, v in schema.items() if k in ("$schema", "$defs", "definitions")}
    return {
        **outer,
        "type": "object",
        "properties": {WRAPPER: inner},
        "required": [WRAPPER],
        "additionalProperties": False,
    }


@dataclass(slots=True)
class _Work:
    root: dict[str, Any]
    losses: list[Loss] = field(default_factory=list)
    refers_to_root: bool = False
    referred: dict[str, str] = field(default_factory=dict)
    """Names under the strict form's $defs, by reference."""

    def definitions(self) -> dict[str, Any]:
        """Everything referred to, and what that refers to, in strict form."""
        done: dict[str, Any] = {}
        while waiting := [(r, n) for r, n in self.referred.items() if n not in done]:
            for reference, name in waiting:
                parts = reference[2:].split("/")
                done[name] = self.node(resolve(reference, self.root), tuple(parts))
        return done

    def node(self, schema: Any, path: tuple[Part, ...]) -> dict[str, Any]:
        if not isinstance(schema, dict):
            raise NotStrict(f"{pointer_of(path) or 'its root'} is {str(schema).lower()}")
        if "$ref" in schema:
            return self._reference(schema, path)
        if "allOf" in schema:
            schema = self._merged(schema, path)
            if "$ref" in schema:
                return self._reference(schema, path)
        strict: dict[str, Any] = {}
        types = _types_of(schema, path)
        if types is not None:
            strict["type"] = types
        for keyword, value in schema.items():
            if keyword in _KEPT and _keeps(keyword, value):
                strict[keyword] = value
            elif keyword in _KEPT or keyword in _UNENFORCED:
                self._lose(keyword, path)
        self._branches(schema, strict, path)
        names = types if isinstance(types, list) else [types]
        if "object" in names:
            strict |= self._object(schema, path)
        if "array" in names:
            if not isinstance(schema.get("items"), dict) or "prefixItems" in schema:
                raise NotStrict(f"{pointer_of(path) or 'its root'} is a list of anything")
            strict["items"] = self.node(schema["items"], (*path, "items"))
        return self._described(schema, strict)

    def _reference(self, schema: dict[str, Any], path: tuple[Part, ...]) -> dict[str, Any]:
        reference = schema["$ref"]
        if resolve(reference, self.root) is None:
            raise NotStrict(f"{pointer_of(path)} refers to {reference!r}")
        for keyword in schema.keys() & (_KEPT | _UNENFORCED | {"type", "properties"}):
            self._lose(keyword, path)
        if reference == "#":
            self.refers_to_root = True
            return {"$ref": "#"}
        name = self.referred.get(reference)
        if name is None:
            plain = "".join(c if c.isalnum() else "_" for c in reference.rpartition("/")[2])
            name = plain if plain not in self.referred.values() else f"{plain}_{len(self.referred)}"
            self.referred[reference] = name
        return {"$ref": f"#/$defs/{name}"}

    def _merged(self, schema: dict[str, Any], path: tuple[Part, ...]) -> dict[str, Any]:
        """`allOf` with one part says what the part says; that is how generators attach titles."""
        parts, rest = schema["allOf"], {k: v for k, v in schema.items() if k != "allOf"}
        if len(parts) != 1 or not isinstance(parts[0], dict):
            raise NotStrict(f"{pointer_of(path) or 'its root'} joins {len(parts)} parts by allOf")
        if parts[0].keys() & rest.keys() & (_KEPT | {"type", "properties", "required", "items"}):
            raise NotStrict(f"{pointer_of(path) or 'its root'} repeats keywords beside allOf")
        return {**parts[0], **rest}

    def _branches(
        self, schema: dict[str, Any], strict: dict[str, Any], path: tuple[Part, ...]
    ) -> None:
        if "anyOf" in schema and "oneOf" in schema:
            raise NotStrict(f"{pointer_of(path) or 'its root'} has both anyOf and oneOf")
        for keyword in schema.keys() & {"anyOf", "oneOf"}:
            if keyword == "oneOf":
                self._lose(keyword, path, "becomes anyOf: two alternatives may fit at once")
            strict["anyOf"] = [
                self.node(branch, (*path, keyword, index))
                for index, branch in enumerate(schema[keyword])
            ]

    def _object(self, schema: dict[str, Any], path: tuple[Part, ...]) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        further = schema.get("additionalProperties", True)
        if (isinstance(further, dict) and further) or "patternProperties" in schema:
            raise NotStrict(f"{pointer_of(path) or 'its root'} has properties of any name")
        if not properties and further is not False:
            raise NotStrict(f"{pointer_of(path) or 'its root'} is an object of anything")
        if not set(required) <= properties.keys():
            raise NotStrict(f"{pointer_of(path) or 'its root'} requires an undeclared property")
        below = {}
        for name, sub in properties.items():
            strict = self.node(sub, (*path, "properties", name))
            below[name] = strict if name in required else _nullable(strict)
        return {"properties": below, "required": list(below), "additionalProperties": False}

    def _lose(self, keyword: str, path: tuple[Part, ...], reason: str = "") -> None:
        self.losses.append(
            Loss(
                mode="strict",
                path=pointer_of((*path, keyword)),
                keyword=keyword,
                reason=reason or "strict mode does not enforce it",
            )
        )

    def _described(self, schema: dict[str, Any], strict: dict[str, Any]) -> dict[str, Any]:
        lost = [k for k in schema if k in _KEPT | _UNENFORCED and k not in strict]
        said = [schema["description"]] if isinstance(schema.get("description"), str) else []
        said += [f"{k}: {msgspec.json.encode(schema[k]).decode()}" for k in lost]
        return {**strict, "description": "\n".join(said)} if said else strict


def _keeps(keyword: str, value: Any) -> bool:
    """Whether strict mode takes this value of a keyword that it knows."""
    if keyword == "format":
        return value in _FORMATS
    if keyword == "pattern":
        return not any(mark in value for mark in _LOOKS_AROUND)
    return not isinstance(value, bool) or keyword == "const"  # draft 4: exclusiveMinimum: true


def _types_of(schema: dict[str, Any], path: tuple[Part, ...]) -> Any:
    """The `type`, stated or plain from the other keywords; None for a node of alternatives."""
    if "type" in schema:
        return schema["type"]
    if "properties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    options = schema.get("enum", [schema["const"]] if "const" in schema else [])
    types = sorted({_TYPES.get(type(option), "null") for option in options if option is not None})
    if any(isinstance(option, dict | list) for option in options):
        raise NotStrict(f"{pointer_of(path) or 'its root'} has an object or a list among its enum")
    if options:
        types += ["null"] if None in options else []
        return types[0] if len(types) == 1 else types
    if "anyOf" in schema or "oneOf" in schema:
        return None
    raise NotStrict(f"{pointer_of(path) or 'its root'} does not say its type")


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    types = schema.get("type")
    names = types if isinstance(types, list) else [types]
    if "null" in names and None in schema.get("enum", [None]) and "const" not in schema:
        return schema
    if types is None or "const" in schema:
        outer = {k: v for k, v in schema.items() if k == "description"}
        inner = {k: v for k, v in schema.items() if k != "description"}
        return {**outer, "anyOf": [inner, {"type": "null"}]}
    nullable = {**schema, "type": [*(n for n in names if n != "null"), "null"]}
    if "enum" in schema:
        nullable["enum"] = [*(v for v in schema["enum"] if v is not None), None]
    return nullable


def _require_within_limits(schema: dict[str, Any]) -> None:
    properties = options = chars = 0
    waiting = [(schema, 0)]
    while waiting:
        node, level = waiting.pop()
        below = node.get("properties", {})
        properties += len(below)
        options += len(node.get("enum", ()))
        chars += sum(map(len, below)) + sum(len(str(v)) for v in node.get("enum", ()))
        chars += sum(map(len, node.get("$defs", ())))
        if level > _MAX_LEVELS:
            raise NotStrict(f"it is nested deeper than {_MAX_LEVELS} levels")
        waiting += [(sub, level + 1) for sub in below.values()]
        waiting += [(sub, level) for sub in node.get("$defs", {}).values()]
        waiting += [(sub, level) for sub in node.get("anyOf", ())]
        waiting += [(node["items"], level + 1)] if "items" in node else []
    if properties > _MAX_PROPERTIES or options > _MAX_ENUM_VALUES or chars > _MAX_NAME_CHARS:
        raise NotStrict(f"it has {properties} properties and {options} enum values")
