from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from pydantic import BaseModel

from roadworthy.client import Partial
from roadworthy.core.errors import InvalidInput
from roadworthy.integrations.langchain.schemas import schema_class
from roadworthy.integrations.langchain.values import (
    Chunks,
    as_fields,
    as_messages,
    fields_of_messages,
)
from roadworthy.pipeline.contract import TaskContract

TURNS = {"type": "array", "items": {"type": "object"}, "role": "conversation"}
TALK = {
    "type": "object",
    "properties": {"message": {"type": "string"}, "earlier": TURNS},
    "required": ["message", "earlier"],
}
SUPPORT = TaskContract(task="support", version="1.0.0", input_schema=TALK)


class Order(BaseModel):
    sku: str
    tags: list[str] = []


def test_fields_given_by_name_are_told_as_json_has_them() -> None:
    assert as_fields(Order(sku="a")) == {"sku": "a", "tags": []}
    given = {"order": Order(sku="a"), "earlier": [HumanMessage("Hi"), AIMessage("Hello")]}
    assert as_fields(given) == {
        "order": {"sku": "a", "tags": []},
        "earlier": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
        ],
    }


def test_documents_are_what_a_context_holds() -> None:
    found = Document(page_content="text", metadata={"source": "a.md", "page": 3}, id="1")
    assert as_fields({"context": [found, Document(page_content="bare")]}) == {
        "context": [{"id": "1", "source": "a.md", "text": "text"}, {"text": "bare"}]
    }


@pytest.mark.parametrize(
    "given",
    [
        "Late?",
        HumanMessage("Late?"),
        [HumanMessage("Late?")],
        PromptTemplate.from_template("{x}").invoke({"x": "Late?"}),
        ChatPromptTemplate.from_messages([("human", "{x}")]).invoke({"x": "Late?"}),
    ],
)
def test_a_text_a_message_and_a_prompt_ask_the_same(given: Any) -> None:
    assert as_fields(given) is None
    assert as_messages(given) == [{"role": "user", "content": "Late?"}]
    fields = fields_of_messages(as_messages(given), SUPPORT)
    assert fields == {"message": "Late?", "earlier": []}


def test_earlier_messages_are_the_conversation() -> None:
    asked = [HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Late?")]
    fields = fields_of_messages(as_messages(asked), SUPPORT)
    assert fields["message"] == "Late?"
    assert [turn["content"] for turn in fields["earlier"]] == ["Hi", "Hello"]


def test_what_a_task_cannot_take_is_told() -> None:
    with pytest.raises(InvalidInput, match=r"not int"):
        as_messages(5)
    with pytest.raises(InvalidInput, match="brings its own instructions"):
        fields_of_messages(as_messages([SystemMessage("Be kind"), HumanMessage("x")]), SUPPORT)


def chunks_of(*pieces: tuple[Any, str], end: Any) -> list[Any]:
    chunks = Chunks()
    fed = [chunk for value, text in pieces for chunk in chunks.feed(Partial(value, text, ("",)))]
    return fed + list(chunks.end(end))


def test_text_streams_in_pieces_that_add_up() -> None:
    told = chunks_of(("Hel", "Hel"), ("Hello", "lo"), ("Hello", ""), end="Hello")
    assert told == ["Hel", "lo"]
    assert chunks_of(("Hel", "Hel"), end="Hello") == ["Hel", "lo"]
    assert chunks_of(end="") == [""]


def test_an_object_streams_as_far_as_it_is_known() -> None:
    told = chunks_of(({}, "{"), ({"a": 1}, '"a":1'), ({"a": 1, "b": 2}, ""), end={"a": 1, "b": 2})
    assert told == [{"a": 1}, {"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("pieces", "end"),
    [
        ([([1], "[1"), ([1, 2], ",2]")], [1, 2]),
        ([("he", '"he'), ("hey", 'y"')], "hey"),
        ([(1, "1"), (12, "2")], 12),
        ([(None, "null")], None),
    ],
)
def test_what_would_not_add_up_comes_whole(pieces: list[tuple[Any, str]], end: Any) -> None:
    assert chunks_of(*pieces, end=end) == [end]


def test_a_class_says_the_schema_that_it_stands_for() -> None:
    schema = {
        "type": "object",
        "properties": {
            "mood": {"enum": ["good", "bad"], "description": "How it sounds"},
            "stars": {"type": ["integer", "null"]},
            "parts": {"$ref": "#/$defs/Parts"},
        },
        "required": ["mood"],
        "$defs": {"Parts": {"type": "array", "items": {"type": "string"}}},
    }
    made = schema_class("Input", schema)
    assert made.model_json_schema() == schema
    assert made.model_validate({"mood": "good"}).model_dump(exclude_unset=True) == {"mood": "good"}
    assert made.model_fields["mood"].description == "How it sounds"
    assert made.model_fields["parts"].annotation == list[Any] | None


@pytest.mark.parametrize(
    "schema",
    [
        None,
        {"type": "array", "items": {"type": "integer"}},
        {"type": "object", "properties": {"unit price": {"type": "number"}}},
        {"type": "object", "properties": {"model_config": {"type": "number"}}},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
    ],
)
def test_schemas_that_no_class_has_fields_for_are_told_all_the_same(schema: Any) -> None:
    made = schema_class("Output", schema)
    assert made.model_json_schema() == (schema or {"type": "string"})
    assert made.__name__ == "Output"


def test_without_langchain_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain_core.documents", None)
    monkeypatch.delitem(sys.modules, "roadworthy.integrations.langchain.package")
    with pytest.raises(ImportError, match=r"pip install 'roadworthy\[langchain\]'"):
        importlib.import_module("roadworthy.integrations.langchain.package")
