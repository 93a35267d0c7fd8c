from __future__ import annotations

from typing import Any

import pytest

from roadworthy.core.errors import InvalidRequest
from roadworthy.serving.chat_request import parse_chat_request, read_timeout_s

HELLO = [{"role": "user", "content": "hello"}]


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "local", "messages": HELLO, **fields}


def test_unknown_fields_pass_through_to_the_provider() -> None:
    wish = parse_chat_request(body(temperature=0.2, safety_knob={"a": 1}), {})
    assert wish.parameters == {"temperature": 0.2, "safety_knob": {"a": 1}}


def test_fields_of_ours_do_not_pass_through() -> None:
    wish = parse_chat_request(
        body(stream=True, stream_options={"include_usage": True}, response_format={"type": "text"}),
        {},
    )
    assert wish.parameters == {}
    assert wish.stream


def test_the_schema_of_a_response_format_is_the_output_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    response_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert parse_chat_request(body(response_format=response_format), {}).output_schema == schema


def test_json_mode_asks_for_an_object() -> None:
    wish = parse_chat_request(body(response_format={"type": "json_object"}), {})
    assert wish.output_schema == {"type": "object"}


def test_headers_name_task_conversation_and_unit() -> None:
    headers = {
        "x-roadworthy-task": "triage",
        "x-roadworthy-conversation": "c-1",
        "x-roadworthy-unit": "tenant-7",
    }
    wish = parse_chat_request(body(user="someone"), headers)
    assert (wish.task_label, wish.conversation_id, wish.unit) == ("triage", "c-1", "tenant-7")


def test_openais_user_field_is_the_unit_where_no_header_names_one() -> None:
    assert parse_chat_request(body(user="u-1"), {}).unit == "u-1"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"role": "robot"}]}, "messages[0].role"),
        ({"messages": [*HELLO, {"role": "user", "content": 5}]}, "messages[1].content"),
        ({"stream": "yes"}, "stream"),
        ({"input": [1]}, "input"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_chat_request(body(**fields), {})
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("600.0", 600.0), ("", None), ("soon", None), ("-1", None), ("inf", None)],
)
def test_the_clients_read_timeout_is_taken_where_it_is_one(
    header: str, seconds: float | None
) -> None:
    assert read_timeout_s({"x-stainless-read-timeout": header}) == seconds
