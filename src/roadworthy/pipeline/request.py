"""What a surface hands to the path of a call, and what the path hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from roadworthy.core import Call, Message, Surface
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Delta, Reply

__all__ = ["CallRequest", "CallStream", "Deltas", "Finished"]


@dataclass(slots=True, kw_only=True)
class CallRequest:
    """One caller's wish, already parsed, not yet believed."""

    target: str
    """``task:NAME``, ``task:NAME@SELECTOR`` or a plain model's name."""
    surface: Surface
    task_label: str | None = None
    """The task that a plain model's call shall be counted for (``x-roadworthy-task``)."""
    input: dict[str, Any] | None = None
    messages: list[Message] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    """The rest of a chat request, unknown fields included."""
    output_schema: dict[str, Any] | None = None
    """A schema that the caller sent; a task's own schema goes before it."""
    stream: bool = False
    conversation_id: str | None = None
    unit: str | None = None
    model: str | None = None
    """A model to ask in place of the task's own. Never a caller's wish: for tests and operators."""
    timeout_s: float | None = None
    """How long the caller will wait, if it said so."""
    recorded: Mapping[str, Any] | None = None
    """What steps of the chain have answered before: they are not run again. By name, ``copy[2]``
    for an item, ``outer/inner`` for a step of a step."""
    resumes: str | None = None
    """The call that they answered in."""
    steps: list[Call] | None = None
    """Takes all calls below this one as they end, for those who want them whatever comes of it."""


@dataclass(slots=True, kw_only=True)
class Finished:
    """A call that has ended and stands in the journal."""

    call: Call
    reply: Reply | None = None
    """The provider's last whole answer, for fields that pass through."""
    text: str = ""
    """The delivered answer as text; with a schema, JSON that conforms."""
    error: RoadworthyError | None = None
    """Why nothing may be delivered. On the chat surface a refusal or a truncation is none: the
    caller reads it in OpenAI's own shape."""
    steps: Sequence[Call] = ()
    """All calls below this one, in the order in which they ended."""


class Deltas(Protocol):
    """The pieces of an answer, in order."""

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> list[Delta]:
        """What came together, at least one. Raises RoadworthyError where the answer breaks off."""
        ...

    async def aclose(self) -> None:
        """Give the call up, whatever its state; a finished one stays as it is."""
        ...


@dataclass(slots=True, kw_only=True)
class CallStream:
    """A call under way. The journal holds it before `deltas` yields its last items."""

    call: Call
    deltas: Deltas
