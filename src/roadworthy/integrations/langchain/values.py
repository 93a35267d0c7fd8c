"""What LangChain hands to a Runnable, as a task's input; what a task streams, as chunks. Pure.

Objects of LangChain become what a task's fields take: messages turns of a conversation, documents
the items of a context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from roadworthy.client import Partial
from roadworthy.core import Message
from roadworthy.core.errors import InvalidInput
from roadworthy.integrations.langchain.package import (
    BaseMessage,
    Document,
    PromptValue,
    convert_to_openai_messages,
)
from roadworthy.pipeline.contract import TaskContract
from roadworthy.tasks import TaskDefinition, input_from_messages
from roadworthy.tasks.schemas import validator_of

__all__ = ["Chunks", "as_fields", "as_messages", "fields_of_messages"]


def as_fields(given: Any) -> dict[str, Any] | None:
    """The input's fields, if they are given by name; None: it is a text or messages."""
    if isinstance(given, BaseModel) and not isinstance(given, BaseMessage | PromptValue | Document):
        given = given.model_dump(mode="json")
    if isinstance(given, Mapping):
        return {name: _plain(value) for name, value in given.items()}
    return None


def as_messages(given: Any) -> list[Message]:
    """The text, message, messages or prompt as turns of a conversation.

    Raises:
        InvalidInput: it is none of these.
    """
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if isinstance(given, PromptValue):
        given = given.to_messages()
    messages = [given] if isinstance(given, BaseMessage) else given
    if not isinstance(messages, list | tuple) or not all(
        isinstance(message, BaseMessage) for message in messages
    ):
        raise InvalidInput(
            "a task takes its fields by name, as a dict or a pydantic model; a text; or messages,"
            f" not {type(given).__name__}",
            param="input",
        )
    return [_turn(message) for message in messages]


def fields_of_messages(messages: list[Message], contract: TaskContract) -> dict[str, Any]:
    """The fields that these messages carry, as the gateway's chat surface would read them.

    Raises:
        InvalidInput: they do not fit the task's fields.
    """
    definition = TaskDefinition(name=contract.task, model="", input_schema=contract.input_schema)
    is_valid = validator_of(contract.input_schema).is_valid
    return input_from_messages(definition, messages, is_valid=is_valid)


class Chunks:
    """The chunks of one answer, as LangChain's parsers give them: of free text the pieces, which
    add up; of an object all that is known so far, each in place of the last; of any other value
    the whole of it, once.
    """

    def __init__(self) -> None:
        self._received = ""
        self._told: Any = None

    def feed(self, partial: Partial) -> Iterator[Any]:
        """The chunks after this piece of the answer; at most one."""
        self._received += partial.text_delta
        value = partial.value
        if isinstance(value, dict) and value and value != self._told:
            self._told = value
            yield value
        # The text itself, not JSON that says it.
        elif isinstance(value, str) and partial.text_delta and value == self._received:
            self._told = value
            yield partial.text_delta

    def end(self, value: Any) -> Iterator[Any]:
        """What the whole value adds to the chunks; at most one."""
        told = self._told
        if isinstance(told, str) and isinstance(value, str) and value.startswith(told):
            if rest := value[len(told) :]:
                yield rest
        elif told is None or told != value:
            yield value


def _turn(message: BaseMessage) -> Message:
    found = convert_to_openai_messages(message)
    assert isinstance(found, dict)
    return {"role": found["role"], "content": found["content"]}


def _plain(value: Any) -> Any:
    """The value as JSON has it."""
    if isinstance(value, PromptValue):
        return [_turn(message) for message in value.to_messages()]
    if isinstance(value, BaseMessage):
        return _turn(value)
    if isinstance(value, Document):
        return _document(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _document(document: Document) -> dict[str, Any]:
    """A document as a field with ``role = "context"`` takes it."""
    told = {name: document.metadata.get(name) for name in ("source", "score")}
    found = {"id": document.id, **told, "text": document.page_content}
    return {name: value for name, value in found.items() if value is not None}
