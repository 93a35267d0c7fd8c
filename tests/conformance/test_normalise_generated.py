"""The normaliser on schemas made up at random, with values that conform to them."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roadworthy.conformance import NotStrict, Target, compile_schema, restore, strict_form

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TARGETS = ["openai", "anthropic", "gemini", "llguidance"]
NAMES = st.sampled_from("abcd")
Schema = dict[str, Any]
LEAF: Schema = {"type": "object", "properties": {"leaf": {"type": "integer"}}, "required": ["leaf"]}
NODE: Schema = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}},
    "required": ["n"],
    "additionalProperties": False,
}
SCALARS: st.SearchStrategy[Schema] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 1, "maxLength": 9},
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 10},
        {"type": ["boolean", "null"]},
        {"enum": ["x", 1, None]},
        {"enum": [{"o": []}, "x"]},
        {"const": "c"},
        {"type": "null"},
        {},
        {"type": "object"},
        {"$ref": "#/$defs/Node"},
        {"allOf": [{"$ref": "#/$defs/Leaf"}, {"properties": {"leaf": {"minimum": 1}}}]},
    ]
)


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(
        lambda properties, optional, more: {
            "type": "object",
            "properties": properties,
            "required": sorted(properties.keys() - optional),
            **({} if more is None else {"additionalProperties": more}),
        },
        st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        st.sets(NAMES),
        st.one_of(st.none(), st.just(False), inner),
    )


SCHEMAS: st.SearchStrategy[Schema] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        objects(inner),
        inner.map(lambda items: {"type": "array", "items": items}),
        inner.map(lambda values: {"type": "object", "additionalProperties": values}),
        inner.map(
            lambda values: {
                "type": "object",
                "patternProperties": {"^p": values},
                "additionalProperties": False,
            }
        ),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda first: {"type": "array", "prefixItems": first, "items": False}
        ),
        st.lists(inner, min_size=2, max_size=3).map(lambda branches: {"anyOf": branches}),
        st.lists(inner, min_size=2, max_size=3).map(lambda branches: {"oneOf": branches}),
    ),
    max_leaves=6,
).map(lambda schema: {**schema, "$defs": {"Node": NODE, "Leaf": LEAF}})
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("ab{}", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "key", "value", "json", "item_1", "p1"]), inner),
    ),
    max_leaves=5,
)
NODES = st.recursive(
    st.builds(lambda n: {"n": n}, st.integers(0, 9)),
    lambda inner: st.builds(lambda n, below: {"n": n, "next": below}, st.integers(0, 9), inner),
    max_leaves=3,
)


def instances(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that are likely to conform."""
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    if "$ref" in schema:
        return NODES
    if "allOf" in schema:
        return st.builds(lambda n: {"leaf": n}, st.integers(1, 9))
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return st.one_of([instances(branch) for branch in schema[keyword]])
    kind = schema.get("type")
    if kind == "array" and "prefixItems" in schema:
        whole = st.tuples(*map(instances, schema["prefixItems"]))
        return st.builds(lambda items, n: list(items)[:n], whole, st.integers(0, 3))
    if kind == "array":
        return st.lists(instances(schema["items"]), max_size=2)
    if kind == "object":
        return records(schema)
    scalars = {"string": st.text("ab", min_size=1, max_size=9), "integer": st.integers(0, 9)}
    scalars["null"] = st.none()
    return scalars.get(kind, JSON) if isinstance(kind, str) else st.sampled_from([True, None])


def records(schema: Schema) -> st.SearchStrategy[Any]:
    below = {name: instances(s) for name, s in schema.get("properties", {}).items()}
    required = {n: s for n, s in below.items() if n in schema.get("required", [])}
    own = st.fixed_dictionaries(
        required, optional={n: s for n, s in below.items() if n not in required}
    )
    values = schema.get("additionalProperties") or {}
    values = schema.get("patternProperties", {}).get("^p", values)
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        return own
    more = st.dictionaries(st.sampled_from(["p1", "p2"]), instances(values), max_size=2)
    return st.builds(lambda one, other: {**other, **one}, own, more)


@pytest.fixture(scope="module")
def normalising() -> Iterator[Any]:
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("harness.normalising")
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize("target", TARGETS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_values_come_back_and_nothing_is_dropped_silently(
    normalising: Any, target: str, data: st.DataObject
) -> None:
    schema = data.draw(SCHEMAS)
    drawn = data.draw(st.lists(instances(schema), max_size=4))
    judged = normalising.judge(schema, [{"data": value} for value in drawn], target)
    if judged.refused is not None:
        return
    assert not judged.not_allowed
    assert not judged.silent, json.dumps(judged.schema)
    assert not judged.counts["unreported"], json.dumps(judged.schema)


@pytest.mark.parametrize("target", ["openai", "anthropic", "gemini"])
@given(schema=SCHEMAS, value=JSON)
def test_restoring_never_raises_and_leaves_each_scalar_one_that_was_written(
    target: Target, schema: Schema, value: Any
) -> None:
    try:
        form = strict_form(schema, target).form
    except NotStrict:
        return
    restored = restore(value, compile_schema(schema), form)
    assert leaves(restored) <= leaves(value) | leaves_of_texts(value)


def leaves(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(leaves, value.values()))
    if isinstance(value, list):
        return set().union(*map(leaves, value))
    return {value} if isinstance(value, str) else {json.dumps(value)}


def leaves_of_texts(value: Any) -> set[str]:
    """What the strings in a value would be if they held JSON."""
    found: set[str] = set()
    for text in leaves(value):
        try:
            found |= leaves(json.loads(text))
        except ValueError:
            continue
    return found
