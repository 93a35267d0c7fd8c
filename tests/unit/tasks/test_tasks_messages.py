from __future__ import annotations

import contextlib
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import InvalidInput
from roadworthy.tasks import TaskDefinition, input_from_messages

STRING = {"type": "string"}
TURNS = {"type": "array", "role": "conversation"}


def definition(properties: dict[str, Any], required: list[str]) -> TaskDefinition:
    schema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return TaskDefinition(name="t", model="local", input_schema=schema)


COMMENT = definition({"comment": STRING, "lang": STRING}, ["comment"])
TWO = definition({"title": STRING, "body": STRING}, ["title", "body"])
NUMBER = definition({"count": {"type": "integer"}}, ["count"])
MIXED = definition({"comment": STRING, "count": {"type": "integer"}}, ["comment", "count"])
CHAT = definition({"question": STRING, "past": TURNS}, ["question"])
CHAT_REQUIRED = definition({"question": STRING, "past": TURNS}, ["question", "past"])
PICTURE = definition(
    {"photo": {"type": "string", "role": "image"}, "ask": STRING}, ["photo", "ask"]
)
REFERRED = TaskDefinition(
    name="t",
    model="local",
    input_schema={
        "$ref": "#/$defs/In",
        "$defs": {
            "In": {"type": "object", "properties": {"q": {"$ref": "#/$defs/Q"}}, "required": ["q"]},
            "Q": STRING,
        },
    },
)


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def read(task: TaskDefinition, messages: list[Any], explicit: Any = None) -> dict[str, Any]:
    validator = jsonschema_rs.Draft202012Validator(task.input_schema)
    return input_from_messages(task, messages, explicit, is_valid=validator.is_valid)


PARTS = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
PAST = [user("a"), assistant("b")]


@pytest.mark.parametrize(
    ("task", "messages", "explicit", "expected"),
    [
        # An explicit input wins, whatever the messages say.
        (COMMENT, [user("x")], {"comment": "y"}, {"comment": "y"}),
        (COMMENT, [], {"comment": "y"}, {"comment": "y"}),
        (TWO, [user('{"title": "a", "body": "b"}')], {"wrong": 1}, {"wrong": 1}),
        # A JSON object that satisfies the schema.
        (TWO, [user('{"title": "a", "body": "b"}')], None, {"title": "a", "body": "b"}),
        (NUMBER, [user(' \n{"count": 3}')], None, {"count": 3}),
        (COMMENT, [user('{"comment": "a", "lang": "de"}')], None, {"comment": "a", "lang": "de"}),
        (NUMBER, [user([{"type": "text", "text": '{"count": 3}'}])], None, {"count": 3}),
        # The text, for the one required string field.
        (COMMENT, [user("Bad.")], None, {"comment": "Bad."}),
        (COMMENT, [user("")], None, {"comment": ""}),
        (COMMENT, [user(PARTS)], None, {"comment": "one two"}),
        (COMMENT, [user('{"coment": "a"}')], None, {"comment": '{"coment": "a"}'}),
        (COMMENT, [user('["a"]')], None, {"comment": '["a"]'}),
        (COMMENT, [user('{"comment": ')], None, {"comment": '{"comment": '}),
        (MIXED, [user("Bad.")], None, {"comment": "Bad."}),
        (PICTURE, [user("What?")], None, {"ask": "What?"}),
        (REFERRED, [user("What?")], None, {"q": "What?"}),
        # Earlier messages go to the field declared for them.
        (CHAT, [*PAST, user("c")], None, {"question": "c", "past": PAST}),
        (CHAT, [*PAST, user('{"question": "c"}')], None, {"question": "c", "past": PAST}),
        (CHAT, [user("c")], None, {"question": "c"}),
        (CHAT_REQUIRED, [user("c")], None, {"question": "c", "past": []}),
        (CHAT_REQUIRED, [user('{"question": "c"}')], None, {"question": "c", "past": []}),
        (CHAT, [*PAST, user('{"question": "c", "past": []}')], None, {"question": "c", "past": []}),
        (CHAT, [*PAST, user("c")], {"question": "d"}, {"question": "d", "past": PAST}),
        (CHAT, PAST, {"question": "d"}, {"question": "d", "past": PAST}),
        (CHAT, [user(PARTS), assistant("b"), user("c")], None,
         {"question": "c", "past": [user("one two"), assistant("b")]}),
    ],
)  # fmt: skip
def test_messages_become_input(
    task: TaskDefinition, messages: list[Any], explicit: Any, expected: dict[str, Any]
) -> None:
    assert read(task, messages, explicit) == expected


@pytest.mark.parametrize(
    ("task", "messages", "explicit", "message"),
    [
        (TWO, [user("text")], None, '"required":["title","body"]'),
        (NUMBER, [user('{"count": "3"}')], None, '"count":{"type":"integer"}'),
        (NUMBER, [user("3")], None, "the last user message is not a JSON object that satisfies"),
        (COMMENT, [user("x")], "text", "input is not a JSON object"),
        (COMMENT, [*PAST, user("c")], None, "no history"),
        (COMMENT, [user("a"), user("c")], None, "no history"),
        (COMMENT, [*PAST, user("c")], {"comment": "y"}, "no history"),
        (COMMENT, [user("c"), assistant("b")], None, "must have the role 'user'"),
        (COMMENT, [], None, "must have the role 'user'"),
        (COMMENT, [{"role": "system", "content": "s"}, user("c")], None, "its own instructions"),
        (CHAT, [{"role": "tool", "content": "s"}, user("c")], None, "messages[0] has the role"),
        (CHAT, ["text"], None, "messages[0] has the role none"),
        (COMMENT, [user(None)], None, "messages[0].content must be text"),
        (COMMENT, [user([{"type": "image_url"}])], None, "content[0] is no text part"),
    ],
)
def test_messages_without_a_place_are_the_callers_fault(
    task: TaskDefinition, messages: list[Any], explicit: Any, message: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        read(task, messages, explicit)
    assert message in raised.value.message


def test_an_error_never_shows_what_the_user_wrote() -> None:
    with pytest.raises(InvalidInput) as raised:
        read(NUMBER, [user('{"count": "my secret"}')])
    assert "secret" not in raised.value.message


CONTENT = st.text() | st.lists(st.fixed_dictionaries({"type": st.just("text"), "text": st.text()}))
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant", "system", "x"]) | st.none(),
            "content": CONTENT | st.none() | st.integers() | st.lists(st.integers()),
        }
    )
    | st.text(),
    max_size=4,
)


@given(MESSAGES, st.sampled_from([COMMENT, TWO, NUMBER, CHAT, CHAT_REQUIRED, REFERRED]))
def test_any_messages_give_an_input_or_the_callers_fault(
    messages: list[Any], task: TaskDefinition
) -> None:
    with contextlib.suppress(InvalidInput):
        assert isinstance(read(task, messages), dict)


@given(st.dictionaries(st.sampled_from(["title", "body"]), st.text(st.characters(codec="utf-8"))))
def test_an_object_in_a_message_is_the_input_exactly_if_it_is_valid(value: dict[str, str]) -> None:
    messages = [user(json.dumps(value))]
    if value.keys() == {"title", "body"}:
        assert read(TWO, messages) == value
    else:
        with pytest.raises(InvalidInput):
            read(TWO, messages)
