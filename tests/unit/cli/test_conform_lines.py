"""Every line gives one line at its place, whatever it holds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.cli import conform_lines
from roadworthy.cli.conform_lines import Filter, lines_of
from roadworthy.conformance import compile_schema

COUNT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def answered(line: dict[str, Any] | bytes, number: int = 1, **terms: Any) -> dict[str, Any]:
    data = line if isinstance(line, bytes) else json.dumps(line).encode()
    out = Filter(**terms).answer(number, data)
    assert out is not None
    assert out.endswith(b"\n")
    assert out.count(b"\n") == 1
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_an_answer_that_conforms_comes_out_as_it_is() -> None:
    assert answered({"input": '{"n": 3}', "schema": COUNT}) == {
        "outcome": "first_pass",
        "value": {"n": 3},
        "repairs": [],
        "error": None,
    }


def test_a_repaired_answer_says_what_was_changed_and_where() -> None:
    answer = answered({"input": '{"n": "3"}', "schema": COUNT})
    assert (answer["outcome"], answer["value"]) == ("repaired", {"n": 3})
    assert answer["repairs"] == [{"path": "/n", "kind": "number", "before": '"3"', "after": "3"}]


def test_an_answer_that_does_not_conform_says_where_and_gives_no_value() -> None:
    answer = answered({"input": "{}", "schema": COUNT, "id": 7})
    assert answer["id"] == 7
    assert (answer["outcome"], answer["value"]) == ("failed", None)
    assert answer["error"] == "output_nonconforming: /n is required"


def test_a_line_without_a_schema_takes_the_one_for_all_and_else_any_json() -> None:
    assert answered({"input": "[1]"})["outcome"] == "first_pass"
    assert answered({"input": "{}"}, schema=compile_schema(COUNT))["outcome"] == "failed"
    own = {"input": "{}", "schema": {"type": "object"}}
    assert answered(own, schema=compile_schema(COUNT))["outcome"] == "first_pass"


def test_a_line_may_say_why_the_model_stopped() -> None:
    cut = {"input": '{"n": 3', "schema": COUNT}
    assert answered(cut)["outcome"] == "repaired"
    assert answered(cut | {"stop_reason": "length"})["outcome"] == "failed"
    assert answered(cut, stop_reason="length")["outcome"] == "failed"


def test_the_level_of_repair_holds_for_every_line() -> None:
    assert answered({"input": '{"n": "3"}', "schema": COUNT}, repair="lossless")["value"] is None


@pytest.mark.parametrize("given_id", ["7", '"a b"', "null", "1e3", '{"k":[1]}', "0.10"])
def test_an_id_passes_through_as_it_was_written(given_id: str) -> None:
    out = Filter().answer(1, b'{"input": "1", "id": %s}' % given_id.encode())
    assert out is not None
    assert out.startswith(b'{"id":%s,' % given_id.encode())


@pytest.mark.parametrize(
    ("line", "code", "remedy"),
    [
        (b"{", "malformed_body", "Write one object"),
        (b"[1]", "malformed_body", "Write one object"),
        (b'"\\ud800"', "malformed_body", "Write one object"),
        (b'{"input": "\xff"}', "malformed_body", "in UTF-8"),
        (b"[" * 100_000, "malformed_body", "Write one object"),
        (b"{}", "invalid_input", "under it"),
        (b'{"input": {"n": 1}}', "invalid_input", "as a string"),
        (b'{"input": "1", "stop_reason": "end"}', "invalid_input", "content_filter"),
        (b'{"input": "1", "stop_reason": [1]}', "invalid_input", "content_filter"),
        (b'{"input": "1", "schema": {"type": "int"}}', "invalid_schema", "Mend it"),
        (b'{"input": "1", "schema": 3}', "invalid_schema", "send a JSON Schema"),
        (b'{"input": "1", "schema": {"$ref": "http://x/y"}}', "invalid_schema", "never fetched"),
    ],
)
def test_a_line_that_cannot_be_used_is_a_typed_failure(line: bytes, code: str, remedy: str) -> None:
    answer = answered(line, number=5)
    assert (answer["outcome"], answer["value"], answer["repairs"]) == ("failed", None, [])
    assert answer["error"].startswith(f"{code}: line 5")
    assert remedy in answer["error"]


def test_half_a_surrogate_pair_fails_and_keeps_its_id() -> None:
    answer = answered(b'{"id": "k", "input": "\\ud800"}')
    assert (answer["id"], answer["outcome"]) == ("k", "failed")
    whole = answered(b'{"id": "\\ud800", "input": "{\\"a\\": 1}"}')
    assert whole["value"] == {"a": 1}


def test_a_blank_line_gives_none_and_a_byte_order_mark_is_passed_over() -> None:
    assert Filter().answer(2, b" \r\n") is None
    assert answered(b'\xef\xbb\xbf{"input": "1"}')["value"] == 1


def test_a_line_that_is_too_long_is_said_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conform_lines, "MAX_LINE_BYTES", 20)
    source = io.BytesIO(b'{"input": "1"}\n' + b"x" * 100 + b'\n{"input": "2"}')
    lines = list(lines_of(source))
    assert [len(line) for line in lines] == [15, 21, 14]
    assert "longer than 20 bytes" in answered(lines[1])["error"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: json.dumps(t).encode()))
def test_no_line_is_lost_and_none_breaks_the_filter(line: bytes) -> None:
    out = Filter().answer(1, line)
    assert (out is None) == (not line.removeprefix(b"\xef\xbb\xbf").strip())
    assert out is None or json.loads(out)["outcome"] in ("first_pass", "repaired", "failed")


@given(st.text(max_size=100))
def test_any_text_gets_an_answer(text: str) -> None:
    answer = answered({"input": text, "schema": COUNT, "id": text})
    assert answer["id"] == text
    assert (answer["error"] is None) == (answer["outcome"] != "failed")
