from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streaming_documents import ARTICLE, articles, cuts_of, sent_of, written

from roadworthy.conformance import compile_schema, plan_request, read_answer
from roadworthy.conformance.pointer import parts_of, value_at
from roadworthy.conformance.restore import WRAPPED, forward
from roadworthy.conformance.streaming import FieldStream, StreamTerms
from roadworthy.conformance.strict_json import MISSING

DATA = Path(os.environ.get("ROADWORTHY_DATA", Path(__file__).parents[4] / "shared" / "data"))
SCHEMA = compile_schema(ARTICLE)


def stream_of(schema: dict[str, Any], **terms: Any) -> FieldStream:
    return FieldStream(compile_schema(schema), StreamTerms(**terms))


def feed(stream: FieldStream, text: str) -> str:
    return "".join([stream.feed(char) for char in text])


@given(written(), st.lists(st.integers(0, 999), max_size=40))
def test_what_is_sent_is_one_document_equal_to_the_delivered_value(
    text: str, at: list[int]
) -> None:
    sent, rest, value = sent_of(text, cuts_of(text, at))
    assert sent_of(text, iter(text)) == (sent, rest, value)
    if rest is not None:
        assert json.loads(sent + rest) == value
    else:  # the whole does not conform, and was then read in another way
        assert sent
        assert SCHEMA.violations(value) or read_answer(text, SCHEMA).repairs


@given(written())
def test_a_valid_answer_never_contradicts_itself(text: str) -> None:
    stream = FieldStream(SCHEMA)
    sent = feed(stream, text)
    reading = read_answer(text, SCHEMA, stop_reason="stop")
    if reading.conforms and all(repair.kind in ("fence", "prose") for repair in reading.repairs):
        rest = stream.finish(reading.value)
        assert rest is not None
        assert json.loads(sent + rest) == reading.value
        assert stream.abort is None
        assert stream.draft.faults == []


@given(articles)
def test_no_partial_shows_a_closed_node_that_the_final_answer_lacks(value: Any) -> None:
    stream = FieldStream(SCHEMA)
    draft = stream.draft
    for char in json.dumps(value):
        stream.feed(char)
        partial, still_open = draft.snapshot(), set(draft.open_paths())
        waiting: list[tuple[str, Any]] = [] if partial is MISSING else [("", partial)]
        while waiting:
            path, node = waiting.pop()
            if path not in still_open:
                assert value_at(value, parts_of(path)) == node
            elif isinstance(node, dict):
                waiting += [(f"{path}/{name}", item) for name, item in node.items()]
            elif isinstance(node, list):
                waiting += [(f"{path}/{index}", item) for index, item in enumerate(node)]
            else:
                assert value_at(value, parts_of(path)).startswith(node)


def test_scalars_are_held_until_they_are_closed_and_free_strings_flow() -> None:
    stream = FieldStream(SCHEMA)
    pieces = [
        '{"title": "He',
        "llo",
        '", "mood": "sa',
        'd", ',
        '"stars": 4',
        '5, "done": tr',
        "ue}",
    ]
    sent = [stream.feed(piece) for piece in pieces]
    assert sent == ['{"title":"He', "llo", '"', ',"mood":"sad"', "", "", ',"done":true']
    assert stream.finish({"title": "Hello", "mood": "sad", "done": True, "stars": 5}) == (
        ',"stars":5}'
    )


def test_what_was_sent_is_never_replaced() -> None:
    stream = FieldStream(SCHEMA)
    feed(stream, '{"title": "Hello", "tags": ["a", "b')
    assert stream.finish({"title": "Hullo", "tags": ["a", "b"]}) is None
    assert stream.finish({"tags": ["a", "b"]}) is None
    assert stream.finish({"title": "Hello", "tags": ["a"]}) is None
    assert stream.finish({"title": "Hello", "tags": ["b", "a"]}) is None
    assert stream.finish({"title": "Hello", "tags": ["a", "bc", "d"]}) == 'c","d"]}'


@pytest.mark.parametrize("other", [True, 1.0, "1"])
def test_a_number_of_another_kind_contradicts(other: Any) -> None:
    stream = stream_of({"type": "object", "properties": {"n": {}, "t": {"type": "string"}}})
    feed(stream, '{"n": 1, "t": "x')
    assert stream.finish({"n": 1, "t": "xy"}) == 'y"}'
    assert stream.finish({"n": other, "t": "xy"}) is None


def test_a_repeated_name_ends_the_sending() -> None:
    stream = FieldStream(SCHEMA)
    assert feed(stream, '{"title": "a", "title": "b", "stars": 2}') == '{"title":"a"'
    assert stream.finish({"title": "b", "stars": 2}) is None


def test_what_is_no_strict_json_waits_for_the_final_value() -> None:
    stream = FieldStream(SCHEMA)
    assert feed(stream, '{"title": "a", "tags": ["b", oops') == '{"title":"a","tags":["b"'
    assert stream.finish({"title": "a", "tags": ["b", "oops"]}) == ',"oops"]}'


def test_unions_are_held_until_they_are_whole() -> None:
    kinds = [{"properties": {"kind": {"const": k}, "t": {"type": "string"}}} for k in "ab"]
    stream = stream_of({"type": "array", "items": {"type": "object", "oneOf": kinds}})
    assert feed(stream, '[{"kind": "a", "t": "x"') == ""
    assert feed(stream, '}, {"t": 1}]') == '[{"kind":"a","t":"x"}'


def test_an_alias_may_rename_what_came_so_all_waits() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "x-alias": "b"}}}
    assert feed(stream_of(schema), '{"a": "x", "c": "y"}') == ""


def test_properties_that_the_schema_does_not_know_wait_for_the_end() -> None:
    stream = stream_of({"type": "object", "properties": {"a": {"type": "string"}}})
    assert feed(stream, '{"more": "x", "a": "y"}') == '{"a":"y"'
    assert stream.finish({"more": "x", "a": "y"}) == ',"more":"x"}'


def test_dictionaries_flow() -> None:
    stream = stream_of({"type": "object", "additionalProperties": {"type": "string"}})
    assert feed(stream, '{"a": "x", "b": "y"}') == '{"a":"x","b":"y"'


def test_a_box_is_taken_off_as_it_passes() -> None:
    schema = {"type": "array", "items": {"type": "string"}}
    stream = stream_of(schema, form=WRAPPED)
    assert feed(stream, '{"value": ["a", "b"]}') == '["a","b"'
    assert stream.finish(["a", "b"]) == "]"
    assert feed(stream_of(schema, form=WRAPPED), '{"values": ["a"]}') == ""


def test_a_null_that_stands_for_no_value_is_left_out() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["b"],
        "additionalProperties": False,
    }
    form = plan_request(compile_schema(schema), ("strict",)).form
    assert form != "plain"
    stream = stream_of(schema, form=form)
    assert feed(stream, '{"a": null, "b": "x"}') == '{"b":"x"'
    assert stream.finish({"b": "x"}) == "}"
    assert stream.draft.faults == []


def test_richer_forms_are_mapped_back_node_by_node() -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": ["title", "counts"],
        "additionalProperties": False,
    }
    value = {"title": "x", "counts": {"a": 1}}
    form = plan_request(compile_schema(schema), ("strict",)).form
    text = json.dumps(forward(value, form))
    assert text != json.dumps(value)
    sent = feed(stream := stream_of(schema, form=form), text)
    assert json.loads(sent + (stream.finish(value) or "")) == value
    assert sent.startswith('{"title":"x","counts":{"a":1}')


def test_whether_a_place_may_be_asked_for_again() -> None:
    stream = FieldStream(SCHEMA)
    feed(stream, '{"title": "a", "tags": ["b", "c')
    assert not stream.may_ask_for(("/title",))
    assert not stream.may_ask_for(("/stars", "/tags"))
    assert not stream.may_ask_for(("",))
    assert not stream.may_ask_for(("/tags/1",))
    assert stream.may_ask_for(("/stars", "/tags/2"))
    assert FieldStream(SCHEMA).may_ask_for(("",))


@pytest.mark.parametrize(
    ("text", "terms", "path"),
    [
        ('{"title": "a", "stars": 9,', {"may_reask": False}, "/stars"),
        ('{"title": "a", "author": {"age": 1}', {"may_reask": False}, "/author/name"),
        ('{"title": "a", "tags": ["1","2","3","4","', {}, "/tags"),
        ('{"stars": "', {"may_reask": False, "repair": "lossless"}, "/stars"),
        ('{"mood": "glo', {"may_reask": False, "repair": "none"}, "/mood"),
        ("[", {"may_reask": False, "repair": "none"}, ""),
    ],
)
def test_an_answer_that_can_no_longer_conform_is_given_up(
    text: str, terms: dict[str, Any], path: str
) -> None:
    stream = FieldStream(SCHEMA, StreamTerms(**terms))
    feed(stream, text[:-1])
    before = stream.abort
    stream.feed(text[-1])
    assert before is None
    assert stream.abort is not None
    assert (stream.abort.code, stream.abort.violation.path) == ("aborted_nonconforming", path)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ('{"title": "a", "stars": 9, "done": true}', {}),  # asked for again
        ('{"title": "a", "stars": "3"}', {"may_reask": False}),  # repaired
        ('{"title": "a", "mood": "SAD"}', {"may_reask": False}),
        ('{"title": "a", "stars": null}', {"may_reask": False}),
        ('{"title": "a", "more": 1}', {"may_reask": False}),
        ('{"result": {"title": "a"}}', {"may_reask": False}),
    ],
)
def test_an_answer_that_may_yet_conform_is_not(text: str, terms: dict[str, Any]) -> None:
    stream = FieldStream(SCHEMA, StreamTerms(**terms))
    feed(stream, text)
    assert stream.abort is None


def test_draft_7_ignores_what_stands_beside_a_reference() -> None:
    legacy = "http://json-schema.org/draft-07/schema#"
    schema = {
        "$schema": legacy,
        "type": "object",
        "properties": {"a": {"$ref": "#/definitions/a", "maxLength": 1}},
        "definitions": {"a": {"type": "string"}},
    }
    stream = stream_of(schema, may_reask=False)
    assert feed(stream, '{"a": "long"}') == '{"a":"long"'
    assert stream.abort is None


def recorded() -> list[dict[str, Any]]:
    file = DATA / "structured" / "malformed" / "streaming_sequences.jsonl.gz"
    if not file.exists():
        return []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.skipif(not recorded(), reason="the public data is absent")
def test_recorded_streams_give_the_same_value_however_they_are_cut() -> None:
    for row in recorded():
        text = "".join(row["chunks"])
        schema = compile_schema(row.get("schema") or {"type": "object"})
        value = read_answer(text, schema).value
        for cut in range(len(text) + 1):
            stream = FieldStream(schema)
            sent = stream.feed(text[:cut]) + stream.feed(text[cut:])
            assert json.loads(sent + (stream.finish(value) or "!")) == value, row["id"]


def instances() -> Any:
    folder = DATA / "structured" / "jsonschemabench"
    if not folder.exists():
        return
    with gzip.open(folder / "Github_easy.jsonl.gz", "rt", encoding="utf-8") as lines:
        schemas = {row["id"]: row["schema"] for row in map(json.loads, lines)}
    with gzip.open(folder / "maskbench_tests.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["id"] in schemas and len(row["tests"]) > 1:
                yield schemas[row["id"]], [test["data"] for test in row["tests"]]


@pytest.mark.skipif(not (DATA / "structured").exists(), reason="the public data is absent")
def test_real_instances_are_never_wronged() -> None:
    """A valid one has no fault and is not contradicted; one that can be repaired is not given
    up."""
    for schema_source, data in list(instances())[:300]:
        schema = compile_schema(schema_source)
        for value in data:
            text = json.dumps(value)
            stream = FieldStream(schema, StreamTerms(may_reask=False))
            sent = "".join([stream.feed(text[i : i + 7]) for i in range(0, len(text), 7)])
            if schema.is_valid(value):
                assert stream.draft.faults == []
                assert json.loads(sent + (stream.finish(value) or "!")) == value
            elif stream.abort is not None:
                assert not read_answer(text, schema).conforms
