"""What is called harmless, held against the validator: on schemas, edits and values at random."""

from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from roadworthy.registry.schema_changes import input_changes, output_changes

Schema = dict[str, Any]
NAMES = ("a", "b", "p1")
ATOMS: list[Any] = [None, True, False, -1, 0, 1, 2, 3, 1.5, "", "a", "b", "ab", "abc"]


def _universe() -> list[Any]:
    """Every small value: what a schema of these generators can tell apart."""
    few = [None, True, 0, 2, 1.5, "a", "abc"]
    lists: list[list[Any]] = [list(t) for n in range(3) for t in itertools.product(few, repeat=n)]
    lists += [[1, 2, 3], ["a", "b", "a"], [["a"]], [{"a": 1}]]
    missing = object()
    objects = []
    for values in itertools.product([missing, None, 0, 2, "a", "abc"], repeat=3):
        pairs = zip(NAMES, values, strict=True)
        objects.append({name: value for name, value in pairs if value is not missing})
    inner = [*objects[:40], [], ["a"], [2, "a"], {"q": 1}, {"a": {"a": {"a": 0}}}]
    objects += [{name: value} for name in NAMES for value in inner]
    objects += [{"a": value, "b": 0} for value in inner]
    objects += [{"q": 1}, {"a": 0, "q": "a"}, {"a": 0, "b": "a", "p1": 2, "q": 1}]
    return [*ATOMS, *lists, *objects]


UNIVERSE = _universe()
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["null", "boolean", "integer", "number", "string"]).map(lambda t: {"type": t}),
    st.sets(st.sampled_from(["null", "integer", "string", "object"]), min_size=1).map(
        lambda types: {"type": sorted(types)}
    ),
    st.lists(st.sampled_from([*ATOMS, ["a"], {"a": 0}]), min_size=1, max_size=4).map(
        lambda values: {"enum": values}
    ),
    st.sampled_from(ATOMS).map(lambda value: {"const": value}),
    st.builds(
        lambda kind, bounds: {"type": kind, **bounds},
        st.sampled_from(["integer", "number"]),
        st.dictionaries(
            st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
            st.sampled_from([-1, 0, 0.5, 1, 2, 3]),
            max_size=2,
        ),
    ),
    st.sampled_from([0.5, 1, 2, 3]).map(lambda m: {"type": "number", "multipleOf": m}),
    st.dictionaries(st.sampled_from(["minLength", "maxLength"]), st.integers(0, 3), min_size=1).map(
        lambda lengths: {"type": "string", **lengths}
    ),
    st.sampled_from(["^a", "b$", "^.$"]).map(lambda p: {"type": "string", "pattern": p}),
    st.sampled_from([{}, True, False, {"not": {"const": "a"}}, {"$ref": "#/$defs/Node"}]),
    st.sampled_from([{"$ref": "#/$defs/Leaf"}, {"$ref": "#/$defs/Leaf", "minimum": 1}]),
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
            "required": st.sets(st.sampled_from(NAMES), max_size=2).map(sorted),
            "additionalProperties": st.one_of(st.just(False), st.just(False), inner),
            "patternProperties": inner.map(lambda schema: {"^p": schema}),
            "maxProperties": st.integers(0, 2),
            "minProperties": st.integers(0, 2),
            "propertyNames": st.sampled_from([{"maxLength": 1}, {"enum": ["a", "b"]}]),
            "dependentRequired": st.just({"a": ["b"]}),
            "dependentSchemas": inner.map(lambda schema: {"b": {"properties": {"a": schema}}}),
        },
    )


def _arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 2),
            "uniqueItems": st.booleans(),
            "contains": inner,
            "maxContains": st.integers(1, 2),
        },
    )


def _combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda branches: {"anyOf": branches}),
        several.map(lambda branches: {"oneOf": branches}),
        several.map(lambda branches: {"allOf": branches}),
        inner.map(lambda schema: {"not": schema}),
        st.builds(lambda i, t, e: {"if": i, "then": t, "else": e}, inner, inner, inner),
        st.builds(lambda one, two: {"anyOf": one, "oneOf": two}, several, several),
    )


PARTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(_objects(inner), _objects(inner), _arrays(inner), _combined(inner)),
    max_leaves=7,
)
NODE = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/Node"}, "b": {"type": "integer"}},
    "additionalProperties": False,
}
ROOTS = st.builds(
    lambda body, leaf: {"allOf": [body], "$defs": {"Node": NODE, "Leaf": leaf}},
    PARTS,
    st.sampled_from([{"type": "integer"}, {"type": "number"}, {"enum": [0, 1, "a"]}]),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Schema, Schema]:
    """A schema, and one that came of it by a few edits, so that much of it stays."""
    old = draw(ROOTS)
    new = copy.deepcopy(old)
    for _ in range(draw(st.integers(1, 3))):
        spots = list(_spots(new))
        holder, key = draw(st.sampled_from(spots))
        edit = draw(st.sampled_from(["replace", "delete", "wrap", "merge"]))
        extra = copy.deepcopy(draw(st.one_of(SCALARS, _objects(SCALARS), _arrays(SCALARS))))
        if edit == "delete" and isinstance(holder, dict) and key != "$defs":
            del holder[key]
        elif edit == "wrap" and isinstance(holder[key], dict):
            holder[key] = {draw(st.sampled_from(["anyOf", "allOf"])): [holder[key], extra]}
        elif edit == "merge" and isinstance(holder[key], dict):
            holder[key].update(extra if isinstance(extra, dict) else {})
        else:
            holder[key] = extra
    assume(_compiles(new))
    return old, new


def _spots(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        if isinstance(inner, dict | list):
            found += _spots(inner)
        found.append((value, key))
    return found


def _compiles(schema: Schema) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(schema, offline=True)
    except ValueError:
        return False
    return True


def _accepted(schema: Any) -> list[bool]:
    validator = jsonschema_rs.Draft202012Validator(schema, offline=True)
    return [validator.is_valid(value) for value in UNIVERSE]


def _as_read(schema: Schema) -> Schema:
    """The schema as a reader holds answers to it who passes over fields that he does not know."""
    strict = {f"Strict{name}": _strictly(inner) for name, inner in schema["$defs"].items()}
    read = _leniently(schema)
    assert isinstance(read, dict)
    return {**read, "$defs": {**read["$defs"], **strict}}


def _leniently(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_leniently(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    read: Schema = {}
    for key, value in schema.items():
        if key in ("not", "if", "contains", "enum", "const", "propertyNames"):
            read[key] = _strictly(value)
        elif key == "additionalProperties" and value is False:
            continue
        elif key == "oneOf" and isinstance(value, list):
            read["allOf"] = [*read.get("allOf", []), {"anyOf": _leniently(value)}]
        elif key == "allOf" and isinstance(value, list):
            read["allOf"] = [*read.get("allOf", []), *_leniently(value)]
        else:
            read[key] = _leniently(value)
    return read


def _strictly(schema: Any) -> Any:
    """The same, with references to definitions that bind as they are written."""
    text = json.dumps(schema)
    return json.loads(text.replace('"#/$defs/', '"#/$defs/Strict'))


ONE_ON_TWO_SIDES: list[Schema] = [{"enum": [1]}, {"enum": [1]}, {"type": "array"}]
"""Alternatives that lead back to themselves."""
CHECKED = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@CHECKED
@given(pairs())
@example(
    (
        {"anyOf": [{"enum": [1]}, {"type": "array"}], "oneOf": ONE_ON_TWO_SIDES, "$defs": {}},
        {"anyOf": [{"type": "number"}], "oneOf": ONE_ON_TWO_SIDES, "$defs": {}},
    )
)
def test_an_input_change_that_is_called_harmless_refuses_nothing_that_was_accepted(
    pair: tuple[Schema, Schema],
) -> None:
    old, new = pair
    if any(change.breaking for change in input_changes(old, new)):
        return
    for value, before, after in zip(UNIVERSE, _accepted(old), _accepted(new), strict=True):
        assert after or not before, f"{value!r} was accepted"


@CHECKED
@given(pairs())
def test_an_output_change_that_is_called_harmless_gives_nothing_that_readers_do_not_know(
    pair: tuple[Schema, Schema],
) -> None:
    old, new = pair
    if any(change.breaking for change in output_changes(old, new)):
        return
    known = _accepted(_as_read(old))
    for value, before, after in zip(UNIVERSE, known, _accepted(new), strict=True):
        assert before or not after, f"{value!r} could not come before"


@CHECKED
@given(ROOTS)
def test_a_schema_does_not_differ_from_itself(schema: Schema) -> None:
    again = copy.deepcopy(schema)
    assert input_changes(schema, again) == output_changes(schema, again) == []


@CHECKED
@given(pairs())
def test_what_is_a_patch_of_an_input_one_way_is_one_the_other_way(
    pair: tuple[Schema, Schema],
) -> None:
    old, new = pair
    there, back = (
        {change.level for change in input_changes(*states)} for states in ((old, new), (new, old))
    )
    assert (there == {"patch"}) == (back == {"patch"})
    assert bool(there) == bool(back)
