"""The demo's two ways of asking, over HTTP through a running gateway.

The prototype's is a plain chat completion without a schema, as an existing program would send
it; the task's is one POST of typed input.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from roadworthy.cli.demo.prototype import PROTOTYPE_PARAMETERS
from roadworthy.cli.demo.runner import PrototypeReply, TaskReply
from roadworthy.core import Message
from roadworthy.core.errors import UpstreamUnavailable

if TYPE_CHECKING:
    import aiohttp

__all__ = ["TASK", "GatewayWays", "read_chat", "read_task", "through_gateway"]

TASK: Final = "classify-feedback"
PROTOTYPE_TASK: Final = "feedback-prototype"
"""What the prototype's calls are filed under, so that the dashboard shows both side by side."""
TIMEOUT_S: Final = 300.0


class GatewayWays:
    """Both ways of asking, at one gateway."""

    def __init__(self, session: aiohttp.ClientSession, *, model: str) -> None:
        self._session = session
        self._model = model

    async def ask_prototype(self, messages: list[Message]) -> PrototypeReply:
        body = {"model": self._model, "messages": messages, **PROTOTYPE_PARAMETERS}
        status, answer = await self._post(
            "/v1/chat/completions", body, headers={"x-roadworthy-task": PROTOTYPE_TASK}
        )
        return read_chat(status, answer)

    async def ask_task(self, comment: str) -> TaskReply:
        body = {"input": {"comment": comment}}
        status, answer = await self._post(f"/v1/tasks/{TASK}", body, headers={})
        return read_task(status, answer)

    async def _post(
        self, path: str, body: dict[str, Any], *, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        import aiohttp

        data = msgspec.json.encode(body)
        headers = {"content-type": "application/json", **headers}
        try:
            async with self._session.post(path, data=data, headers=headers) as response:
                return response.status, msgspec.json.decode(await response.read())
        except aiohttp.ClientError as error:
            raise UpstreamUnavailable(
                f"the demo's gateway stopped answering ({type(error).__name__});"
                " its last messages stand above"
            ) from error


@asynccontextmanager
async def through_gateway(gateway_url: str, *, model: str) -> AsyncIterator[GatewayWays]:
    """Both ways of asking at this address, the prototype's with this model."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(gateway_url, timeout=timeout) as session:
        yield GatewayWays(session, model=model)


def read_chat(status: int, answer: dict[str, Any]) -> PrototypeReply:
    """What a chat completion's answer means to the prototype."""
    if status != 200:
        code, message = _error(answer)
        return PrototypeReply(text=None, outcome=code, message=message)
    choice = answer["choices"][0]
    usage = answer.get("usage") or {}
    return PrototypeReply(
        text=choice["message"].get("content") or "",
        outcome=choice.get("finish_reason") or "unknown",
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
    )


def read_task(status: int, answer: dict[str, Any]) -> TaskReply:
    """What a task's answer delivered."""
    if status != 200:
        code, message = _error(answer)
        return TaskReply(value=None, delivered=False, outcome=code, message=message)
    usage = answer.get("usage") or {}
    return TaskReply(
        value=answer["value"],
        delivered=True,
        outcome=answer["outcome"],
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )


def _error(answer: dict[str, Any]) -> tuple[str, str]:
    """The error's code and message."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return "unknown", ""
    return str(error.get("code")), str(error.get("message"))
