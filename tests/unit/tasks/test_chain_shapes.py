"""What is said of values below a schema holds of every value: tried on values made at random."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from roadworthy.tasks.chain.fitting import misfits
from roadworthy.tasks.chain.paths import ABSENT, EACH, Path
from roadworthy.tasks.chain.shapes import list_of, object_of, shape_of
from roadworthy.tasks.chain.wired import follow
from roadworthy.tasks.schemas import validator_of

NAMES = st.sampled_from("ab")
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["x", "y", ""])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=6,
)
LEAVES = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": ["number", "null"]},
        {"type": "boolean"},
        {"enum": ["x", "y"]},
        {"const": "x"},
        {"$ref": "#/$defs/d"},
        {},
        False,
    ]
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda properties, required, more: {
            "type": "object",
            "properties": properties,
            "required": required,
            **more,
        },
        st.dictionaries(NAMES, inner, max_size=2),
        st.lists(NAMES, max_size=2, unique=True),
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": True}]),
    )


def _lists(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda items, first, least: {
            "type": "array",
            "items": items,
            "minItems": least,
            **({"prefixItems": first} if first else {}),
        },
        inner,
        st.lists(inner, max_size=1),
        st.integers(0, 2),
    )


def _several(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda keyword, branches: {keyword: branches},
        st.sampled_from(["anyOf", "allOf", "oneOf"]),
        st.lists(inner, min_size=1, max_size=2),
    )


INNER = st.recursive(
    LEAVES, lambda inner: st.one_of(_objects(inner), _lists(inner), _several(inner)), max_leaves=5
)
SCHEMAS = st.builds(
    lambda schema, d: {**schema, "$defs": {"d": d}},
    st.one_of(_objects(INNER), _lists(INNER), _several(_objects(INNER))),
    st.one_of(_objects(LEAVES), st.sampled_from([{"type": "string"}, {"enum": ["x"]}])),
)
PARTS = st.lists(st.one_of(NAMES, st.integers(0, 1), st.just(EACH)), min_size=1, max_size=3)


def value_of(schema: Any, root: Any, data: st.DataObject, depth: int = 4) -> Any:
    """A value that is probably valid."""
    if not isinstance(schema, dict) or not schema or depth == 0:
        return data.draw(VALUES)
    if "$ref" in schema:
        return value_of(root["$defs"]["d"], root, data, depth)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return value_of(data.draw(st.sampled_from(schema[keyword])), root, data, depth)
    if "enum" in schema or "const" in schema:
        return data.draw(st.sampled_from(schema.get("enum", [schema.get("const")])))
    if schema["type"] == "object":
        names = [name for name in "ab" if name in schema["required"] or data.draw(st.booleans())]
        declared = schema["properties"]
        return {name: value_of(declared.get(name), root, data, depth - 1) for name in names}
    if schema["type"] == "array":
        count = data.draw(st.integers(schema["minItems"], 2))
        first = schema.get("prefixItems", [])
        items = [*first, *[schema["items"]] * 2][:count]
        return [value_of(item, root, data, depth - 1) for item in items]
    return data.draw(VALUES.filter(validator_of(schema).is_valid))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(SCHEMAS, PARTS, st.data())
def test_what_a_path_leads_to_is_as_it_was_told(
    schema: Any, parts: list[Any], data: st.DataObject
) -> None:
    value = value_of(schema, schema, data)
    assume(validator_of(schema).is_valid(value))
    found = follow(Path("a", tuple(parts)), {"a": shape_of(schema)})
    taken = Path("a", tuple(parts)).take({"a": value})
    if found.fault:
        return  # what is not declared counts as a slip
    if taken is ABSENT:
        assert not found.certain
    else:
        assert validator_of(found.shape.standalone()).is_valid(taken)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(SCHEMAS, st.data())
def test_parts_of_several_documents_stand_together_in_one(schema: Any, data: st.DataObject) -> None:
    value = value_of(schema, schema, data)
    assume(validator_of(schema).is_valid(value))
    shape = shape_of(schema)
    assert validator_of(list_of(shape)).is_valid([value, value])
    whole = object_of({"one": shape, "two": shape_of({"type": "string"})}, ["one"])
    assert validator_of(whole).is_valid({"one": value})
    assert validator_of(whole).is_valid({"one": value, "two": "x"})
    assert not validator_of(whole).is_valid({"two": "x"})


@settings(max_examples=60, deadline=None)
@given(SCHEMAS)
def test_a_shape_fits_itself(schema: Any) -> None:
    assume(False not in _flat(schema))
    assert misfits(shape_of(schema), shape_of(schema), name="it") == []


def _flat(schema: Any) -> list[Any]:
    inner = schema.values() if isinstance(schema, dict) else schema
    return [schema] if not isinstance(schema, dict | list) else [x for i in inner for x in _flat(i)]


def test_a_part_brings_what_it_refers_to() -> None:
    tree = {
        "$defs": {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}}},
        "type": "object",
        "properties": {"t": {"$ref": "#/$defs/t"}, "$ref": {"type": "string"}},
        "required": ["t"],
    }
    found = follow(Path("a", ("t", "next")), {"a": shape_of(tree)})
    schema = object_of({"x": found.shape}, ["x"])
    assert validator_of(schema).is_valid({"x": {"next": {"next": {}}}})
    assert not validator_of(schema).is_valid({"x": {"next": {"next": 3}}})


def test_a_document_that_cannot_be_moved_says_nothing() -> None:
    anchored = {"$id": "https://x.example/a", "properties": {"t": {"type": "string"}}}
    whole = object_of({"x": shape_of(anchored)}, [])
    assert whole["properties"] == {"x": {}}
