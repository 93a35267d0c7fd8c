"""The hand-written check that both columns are judged by."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.cli.demo.comments import bundled_comments, example_folder
from roadworthy.cli.demo.promise import confidence_in_range, keeps_promise, sentiment_of
from roadworthy.cli.demo.prototype import prototype_messages, read_prototype
from roadworthy.tasks import load_project

TASK = load_project(example_folder()).tasks["classify-feedback"]
TASK_SCHEMA = jsonschema_rs.validator_for(TASK.output_schema or {})
GOOD = {"sentiment": "neutral", "confidence": 0.5, "themes": ["price"]}


@pytest.mark.parametrize("change", [{}, {"themes": []}, {"confidence": 0}, {"confidence": 1}])
def test_what_the_feature_promises_is_kept(change: dict[str, Any]) -> None:
    assert keeps_promise(GOOD | change)


@pytest.mark.parametrize(
    "change",
    [
        {"sentiment": "happy"},
        {"sentiment": "Neutral"},
        {"sentiment": ["neutral"]},
        {"confidence": 1.01},
        {"confidence": "0.5"},
        {"confidence": True},
        {"confidence": float("nan")},
        {"themes": ["a", "b", "c", "d"]},
        {"themes": ["x" * 25]},
        {"themes": [""]},
        {"themes": "price"},
        {"themes": [1]},
        {"reason": "it is"},
    ],
)
def test_each_way_of_breaking_the_promise_is_seen(change: dict[str, Any]) -> None:
    assert not keeps_promise(GOOD | change)


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_breaks_the_promise(field: str) -> None:
    assert not keeps_promise({key: value for key, value in GOOD.items() if key != field})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_what_is_no_object_keeps_nothing(value: Any) -> None:
    assert not keeps_promise(value)
    assert not confidence_in_range(value)
    assert sentiment_of(value) is None


def test_a_sentiment_is_read_whatever_else_is_wrong() -> None:
    assert sentiment_of({"sentiment": "negative", "themes": 7}) == "negative"


words = st.text(alphabet="abc XÜ1", max_size=26)
values = st.fixed_dictionaries(
    {
        "sentiment": st.sampled_from(["positive", "neutral", "negative", "mixed", None]),
        "confidence": st.sampled_from([0, 0.05, 0.5, 0.95, 1, 1.5, -1, "0.5", None]),
        "themes": st.lists(words | st.integers(), max_size=4),
    },
    optional={"note": st.text(max_size=3)},
)


@given(values)
def test_whatever_the_tasks_schema_lets_through_keeps_the_promise(value: dict[str, Any]) -> None:
    if TASK_SCHEMA.is_valid(value):
        assert keeps_promise(value)


def test_the_longest_answer_fits_the_tasks_token_limit() -> None:
    longest = {"sentiment": "positive", "confidence": 0.25, "themes": ["x" * 24] * 3}
    assert TASK_SCHEMA.is_valid(longest)
    # A token is at least one character, and one more token ends the answer.
    assert len(json.dumps(longest, separators=(",", ":"))) + 1 <= TASK.parameters["max_tokens"]


def test_the_prototype_asks_about_the_comment_as_it_is() -> None:
    messages = prototype_messages('{{ x }} "quoted"')
    assert [m["role"] for m in messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert '{{ x }} "quoted"' in messages[-1]["content"]


def test_the_prototypes_own_examples_keep_the_promise_and_name_each_sentiment_once() -> None:
    answered = [m["content"] for m in prototype_messages("") if m["role"] == "assistant"]
    values = [read_prototype(text) for text in answered]
    assert all(keeps_promise(value) for value in values)
    assert sorted(value["sentiment"] for value in values) == ["negative", "neutral", "positive"]


def test_no_comment_of_the_example_is_shown_to_the_prototype() -> None:
    shown = " ".join(m["content"] for m in prototype_messages(""))
    texts = [c.text for c in bundled_comments(example_folder()) if len(c.text.split()) > 1]
    assert not any(text in shown for text in texts)


@pytest.mark.parametrize("text", ["", "Sure! {}", "```json\n{}\n```", '{"a": 1', "{}{}"])
def test_the_prototype_reads_nothing_but_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|Extra data"):
        read_prototype(text)


@given(st.dictionaries(st.text(), st.integers()))
def test_the_prototype_reads_what_json_loads_reads(value: dict[str, int]) -> None:
    assert read_prototype(json.dumps(value)) == value
