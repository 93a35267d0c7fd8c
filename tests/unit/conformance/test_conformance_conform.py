"""Conformance as a function, and what holds of everything it delivers."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.conformance import compile_schema, conform
from roadworthy.core import StopReason
from roadworthy.core.errors import InvalidSchema

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["alpha", "beta"]},
        "fixed": {"const": "gamma"},
        "count": {"type": "integer"},
        "share": {"type": "number", "maximum": 1},
        "flag": {"type": "boolean", "default": True},
        "words": {"type": "array", "items": {"type": "string"}},
        "inner": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    },
    "additionalProperties": False,
}


def test_a_text_that_conforms_a_text_that_is_repaired_and_one_that_fails() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert conform('{"n": 3}', schema).outcome == "first_pass"
    repaired = conform('Sure: {"n": "3"}', schema)
    assert (repaired.outcome, repaired.value) == ("repaired", {"n": 3})
    failed = conform('{"n": "three"}', schema)
    assert (failed.outcome, failed.value) == ("failed", None)
    assert failed.error == '/n is not of type "integer" (it is "three")'


def test_a_compiled_schema_serves_as_well() -> None:
    assert conform("3", compile_schema({"type": "integer"})).value == 3


def test_a_schema_that_does_not_compile_is_an_error() -> None:
    with pytest.raises(InvalidSchema):
        conform("3", {"type": "strin"})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equality that tells true from 1 and 1.0 from 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@settings(deadline=None)  # the first example imports a heavy package
@given(JSON)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        result = conform(text, True)
        assert result.outcome == "first_pass"
        assert same(result.value, value)


@settings(deadline=None)  # the first example imports a heavy package
@given(JSON.filter(lambda v: isinstance(v, dict | list) and bool(v)))
def test_every_json_container_is_found_in_a_fence(value: Any) -> None:
    result = conform(f"Here you are:\n```json\n{json.dumps(value)}\n```\nAnything else?", True)
    assert same(result.value, value) or "```" in json.dumps(value)


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in (key, *leaves(item))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def stems_from(leaf: Any, text: str) -> bool:
    """Whether this leaf was written, in some spelling, or is an enum or const of the schema."""
    lower = text.lower()
    if leaf is None:
        return "null" in lower or "none" in lower
    if isinstance(leaf, bool):
        return any(word in lower for word in (("true", "yes") if leaf else ("false", "no")))
    if isinstance(leaf, int | float):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", text)]
        return any(math.isclose(leaf, n) or math.isclose(leaf, n / 100) for n in numbers)
    if leaf in ("alpha", "beta", "gamma"):
        return leaf in lower
    return leaf in text or json.dumps(leaf)[1:-1] in text


NAMES = ['"kind": ', '"fixed": ', '"count": ', '"share": ', '"flag": ', '"inner": ', "words: "]
SCALARS = ['"Alpha"', '"beta."', "GAMMA", '"3"', "4", "-5.5", '"85%"', "1e2", "true", "Yes"]
ODDITIES = ['"no"', "None", "null", "NaN", '"a, b"', "'c'", '["d"]', "// e\n", " so ", "\\", "\n"]
MARKS = ["{", "}", "[", "]", ", ", ",", '"', "```", "```json\n", "'count': "]
PIECES = st.sampled_from([*NAMES, *SCALARS, *ODDITIES, *MARKS])
STOPS: st.SearchStrategy[StopReason] = st.sampled_from(["stop", "length", "unknown", "tool_calls"])


@settings(deadline=None)  # the first example imports a heavy package
@given(st.lists(PIECES, max_size=14).map("".join), STOPS)
def test_whatever_is_delivered_conforms_and_was_written(body: str, stop_reason: StopReason) -> None:
    text = "{" + body
    result = conform(text, SCHEMA, stop_reason=stop_reason)
    if result.outcome == "failed":
        assert (result.value, bool(result.error), bool(result.violations)) == (None, True, True)
        return
    assert compile_schema(SCHEMA).violations(result.value) == ()
    json.dumps(result.value, allow_nan=False).encode()
    assert all(stems_from(leaf, text) for leaf in leaves(result.value) if leaf not in ({}, []))


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["alpha", "BETA", " Alpha. ", ["beta"]]),
        "count": st.integers(-99, 99).flatmap(lambda n: st.sampled_from([n, str(n), [n]])),
        "share": st.sampled_from([0.5, "0.5", "85%", 1]),
        "flag": st.sampled_from([True, "yes", "No", None]),
        "words": st.sampled_from(["one", ["one"], [], [1]]),
        "mood": st.text(max_size=3),
    },
)


@settings(deadline=None)  # the first example imports a heavy package
@given(FIELDS)
def test_spelling_is_always_repaired_to_a_value_that_conforms(value: dict[str, Any]) -> None:
    result = conform(json.dumps(value), SCHEMA)
    assert result.outcome == ("repaired" if result.repairs else "first_pass")
    assert compile_schema(SCHEMA).violations(result.value) == ()
    assert set(result.value) == {k for k in value if k != "mood" and value[k] is not None}


@settings(deadline=None)  # the first example imports a heavy package
@given(st.text())
def test_any_text_at_all_has_an_outcome(text: str) -> None:
    for schema in (True, SCHEMA, {"type": "array"}, {"type": "string", "format": "date"}):
        assert conform(text, schema).outcome in ("first_pass", "repaired", "failed")
