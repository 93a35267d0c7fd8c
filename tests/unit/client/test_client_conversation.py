from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from roadworthy.client import Answer, AnswerStream, AsyncConversation
from roadworthy.client.stream import Piece

T = TypeVar("T")


class Versions:
    """A client whose task moves on with every call that does not pin."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self.asked: list[tuple[str, str | None, str | None]] = []

    def reply(self, task: str) -> Answer:
        name, _, pinned = task.partition("@")
        version = pinned if pinned[:1].isdigit() else self.versions.pop(0)
        return Answer(
            value="v", call="c", outcome="unchecked", task=name, version=version, model="m"
        )

    async def answer(
        self,
        task: str,
        fields: dict[str, Any],
        *,
        conversation_id: str | None = None,
        unit: str | None = None,
    ) -> Answer:
        self.asked.append((task, conversation_id, unit))
        return self.reply(task)

    def begin_stream(
        self,
        task: str,
        body: dict[str, Any],
        output: type[T] | None,
        *,
        on_answer: Callable[[Answer], None] | None = None,
    ) -> AnswerStream[T]:
        self.asked.append((task, body["conversation_id"], body["unit"]))

        async def pieces() -> AsyncGenerator[Piece, None]:
            yield False
            yield "v"
            yield self.reply(task)

        return AnswerStream(pieces(), output, on_answer=on_answer)


def begun(client: Versions, task: str = "talk") -> AsyncConversation:
    return AsyncConversation(client, task, conversation_id="c-1", unit="u-1")


def test_the_first_answer_pins_its_version_for_all_that_follow() -> None:
    client = Versions("1.0.0", "1.1.0")
    conversation = begun(client)
    assert conversation.version is None
    asyncio.run(conversation.run(message="a"))
    asyncio.run(conversation.run(message="b"))
    assert client.asked == [("talk", "c-1", "u-1"), ("talk@1.0.0", "c-1", "u-1")]
    assert conversation.version == "1.0.0"


def test_a_channel_or_a_range_is_resolved_by_the_first_answer() -> None:
    client = Versions("2.0.0")
    conversation = begun(client, "talk@staging")
    asyncio.run(conversation.run())
    assert conversation.task == "talk@2.0.0"


def test_a_stream_pins_once_it_is_whole() -> None:
    client = Versions("1.0.0")
    conversation = begun(client)

    async def read() -> list[str]:
        async with conversation.stream({}) as stream:
            return [conversation.task async for _ in stream]

    assert asyncio.run(read()) == ["talk", "talk@1.0.0"]


def test_an_answer_that_names_no_version_pins_none() -> None:
    client = Versions("", "1.1.0")
    conversation = begun(client)
    asyncio.run(conversation.run())
    assert conversation.task == "talk"
