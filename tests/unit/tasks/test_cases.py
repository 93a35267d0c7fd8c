"""What a case asks, and what identifies it."""

from __future__ import annotations

import pytest

from roadworthy.core import Message
from roadworthy.core.errors import InvalidInput
from roadworthy.tasks import Case, TaskDefinition
from roadworthy.tasks.cases import case_id, case_input

TURN = {"type": "object", "properties": {"role": {}, "content": {}}}
SUPPORT = TaskDefinition(
    name="support",
    model="local",
    input_schema={
        "type": "object",
        "properties": {
            "question": {"type": "string"},
            "history": {"type": "array", "items": TURN, "role": "conversation"},
        },
        "required": ["question"],
    },
)
TURNS: list[Message] = [
    {"role": "user", "content": "Where is my parcel?"},
    {"role": "assistant", "content": "On its way."},
    {"role": "user", "content": "Since when?"},
]


def test_a_conversation_becomes_the_question_and_what_went_before() -> None:
    assert case_input(Case(conversation=TURNS), SUPPORT) == {
        "question": "Since when?",
        "history": TURNS[:2],
    }


def test_a_conversation_for_a_task_without_a_place_for_it_is_an_error() -> None:
    schema = {"properties": {"question": {"type": "string"}}, "required": ["question"]}
    short = TaskDefinition(name="short", model="local", input_schema=schema)
    with pytest.raises(InvalidInput, match="no history"):
        case_input(Case(conversation=TURNS), short)


def test_the_name_of_a_case_without_an_id_follows_what_it_asks_alone() -> None:
    one = Case(conversation=TURNS, tags=["a"], expect="x")
    assert case_id(one) == case_id(Case(conversation=TURNS))
    assert case_id(one) != case_id(Case(conversation=TURNS[-1:]))
    assert case_id(Case(id="mine", conversation=TURNS)) == "mine"
