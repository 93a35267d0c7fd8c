"""From a model's text to a value that conforms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from roadworthy.conformance import OutputSchema, compile_schema, read_answer, strict_form
from roadworthy.core import StopReason

SCHEMA = compile_schema(
    {
        "type": "object",
        "properties": {
            "sentiment": {"enum": ["positive", "negative"]},
            "confidence": {"type": "number", "maximum": 1},
        },
        "required": ["sentiment"],
    }
)
ANSWER = {"sentiment": "positive", "confidence": 0.5}
TEXT = json.dumps(ANSWER)


def read(text: str, schema: OutputSchema = SCHEMA, **how: Any) -> tuple[Any, list[str]]:
    """The value and the kinds of repair; the violations' places where it does not conform."""
    reading = read_answer(text, schema, **how)
    if reading.conforms:
        return reading.value, [r.kind for r in reading.repairs]
    return None, [v.path for v in reading.violations]


@pytest.mark.parametrize("text", [TEXT, f"\n {TEXT}\t", json.dumps(ANSWER, indent=2)])
def test_json_that_conforms_is_taken_as_it_is(text: str) -> None:
    assert read(text) == (ANSWER, [])
    assert read(text, repair="none") == (ANSWER, [])


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (f"```json\n{TEXT}\n```", ["fence"]),
        (f"Sure! {TEXT} Anything else?", ["prose"]),
        ("{'sentiment': 'positive', 'confidence': 0.50,}", ["commas", "quotes"]),
        ("Here: {sentiment: 'positive', confidence: 0.5}.", ["prose", "unquoted", "quotes"]),
        (TEXT[:-1], ["tail"]),
        (json.dumps(TEXT), ["encoded"]),
        (f"```\n{json.dumps(TEXT)}\n```", ["fence", "encoded"]),
        ("\ufeff" + TEXT, []),
    ],
)
def test_what_stands_around_it_is_taken_off_and_recorded(text: str, kinds: list[str]) -> None:
    assert read(text, repair="lossless") == (ANSWER, kinds)


def test_strict_reading_takes_nothing_off() -> None:
    assert read(f"```json\n{TEXT}\n```", repair="none") == (None, [""])
    assert read('{"sentiment": "Positive"}', repair="none") == (None, ["/sentiment"])


def test_spelling_is_repaired_only_where_the_level_says_so() -> None:
    text = '{"sentiment": "Positive"}'
    assert read(text, repair="lossless") == (None, ["/sentiment"])
    assert read(text, repair="schema") == ({"sentiment": "positive"}, ["enum"])


def test_of_several_candidates_the_one_that_fits_best_is_taken() -> None:
    text = 'Not {"sentiment": "so-so"} and not {"sentiment": "negative"} but ' + TEXT
    assert read(text) == (ANSWER, ["prose"])


def test_of_candidates_that_fit_equally_the_first_is_taken() -> None:
    text = '{"sentiment": "negative"} or perhaps {"sentiment": "positive"}'
    assert read(text)[0] == {"sentiment": "negative"}


def test_an_answer_that_needs_no_repair_is_better_than_one_that_does() -> None:
    text = '{"sentiment": "NEGATIVE"} or perhaps {"sentiment": "positive"}'
    assert read(text)[0] == {"sentiment": "positive"}


def test_where_nothing_conforms_the_best_candidate_says_why() -> None:
    reading = read_answer('{"x": 1} {"sentiment": "positive", "confidence": 7}', SCHEMA)
    assert reading.value == {"sentiment": "positive", "confidence": 7}
    assert [v.path for v in reading.violations] == ["/confidence"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I cannot say.", "holds no JSON"),
        ("", "holds no JSON"),
        ("{ nothing }", "is broken"),
    ],
)
def test_an_answer_without_a_value_says_so(text: str, words: str) -> None:
    reading = read_answer(text, SCHEMA)
    assert (reading.found, reading.value, reading.conforms) == (False, None, False)
    assert words in reading.violations[0].message


@pytest.mark.parametrize(
    "text", [TEXT[:-1], f"{TEXT} and", "{'sentiment': 'positive'}", f"{TEXT} {TEXT[:9]}", "{"]
)
def test_a_truncated_answer_is_never_mended(text: str) -> None:
    assert read(text, stop_reason="length") == (None, [""])


@pytest.mark.parametrize("text", [TEXT, f"```json\n{TEXT}\n```", f"So: {TEXT}\n\n\n\n"])
def test_a_value_that_was_complete_at_the_limit_is_fine(text: str) -> None:
    assert read(text, stop_reason="length")[0] == ANSWER


def test_a_number_at_the_limit_may_lack_its_last_digits() -> None:
    number = compile_schema({"type": "integer"})
    assert read("12", number, stop_reason="length") == (None, [""])
    assert read("12", number, stop_reason="stop") == (12, [])


@pytest.mark.parametrize("stop_reason", ["tool_calls", "content_filter"])
def test_a_tail_is_mended_only_where_the_model_stopped_by_itself(stop_reason: StopReason) -> None:
    assert read(TEXT[:-1], stop_reason=stop_reason) == (None, [""])
    assert read(TEXT[:-1], stop_reason="stop")[0] == ANSWER


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"enum": ["yes", "no"]}, " Yes. ", "yes"),
        ({"type": "integer"}, "42", 42),
        ({"type": "boolean"}, "True", True),
        ({"type": "string"}, "Paris, see [1] and {2}", "Paris, see [1] and {2}"),
        ({"type": "string"}, 'Run ```json\n{"a": 1}\n``` now', 'Run ```json\n{"a": 1}\n``` now'),
        ({"type": "number", "maximum": 1}, "```\n85%\n```", 0.85),
        ({"type": "string"}, '{"text":  "Paris"}', '{"text":  "Paris"}'),
    ],
)
def test_words_alone_are_an_answer_where_a_scalar_is_wanted(
    schema: dict[str, Any], text: str, value: Any
) -> None:
    assert read(text, compile_schema(schema))[0] == value


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "array", "items": {"type": "string"}}, "I cannot say."),
        ({}, "I cannot say."),
        ({"enum": ["yes", "no"]}, "yes and no"),
        ({"type": "integer"}, "See [1]"),
    ],
)
def test_words_alone_are_no_answer_elsewhere(schema: dict[str, Any], text: str) -> None:
    assert not read_answer(text, compile_schema(schema)).conforms


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_json_number_is_no_number(literal: str) -> None:
    assert read(TEXT.replace("0.5", literal))[0] is None


def test_a_lone_surrogate_is_a_violation_and_not_an_error() -> None:
    anything = compile_schema({})
    assert read('{"a": "\\ud800"}', anything) == (None, ["/a"])
    assert read('{"a": "\ud800"}', anything) == (None, ["/a"])


@pytest.mark.parametrize("depth", [150, 500, 990, 5_000, 200_000])
def test_a_deeply_nested_answer_is_delivered_or_a_violation(depth: int) -> None:
    reading = read_answer("[" * depth + "]" * depth, compile_schema({"items": {"$ref": "#"}}))
    assert reading.conforms is (depth == 150)


def test_a_huge_integer_is_kept_to_the_last_digit() -> None:
    digits = "1234567890" * 30
    assert read(f'{{"n": {digits}}}', compile_schema({})) == ({"n": int(digits)}, [])
    assert not read_answer('{"n": ' + "1" * 100_000 + "}", compile_schema({})).conforms


def test_of_a_repeated_property_the_last_one_holds() -> None:
    text = '{"sentiment": "negative", "sentiment": "positive"}'
    assert read(text) == ({"sentiment": "positive"}, [])


def test_nulls_for_absent_fields_are_no_repair_in_the_strict_form() -> None:
    text = '{"sentiment": "positive", "confidence": null}'
    form = strict_form(SCHEMA.source).form
    assert read(text, form=form) == ({"sentiment": "positive"}, [])
    assert read(text, form="plain") == ({"sentiment": "positive"}, ["null"])


def test_a_wrapped_root_is_unwrapped_without_a_repair() -> None:
    names = compile_schema({"type": "array", "items": {"type": "string"}})
    form = strict_form(names.source).form
    assert read('{"value": ["a"]}', names, form=form) == (["a"], [])
    assert read('["a"]', names, form=form) == (["a"], [])


def test_repairs_show_little_of_the_text() -> None:
    reading = read_answer("word " * 10_000 + TEXT, SCHEMA)
    assert all(len(r.before) <= 80 and len(r.after) <= 80 for r in reading.repairs)
