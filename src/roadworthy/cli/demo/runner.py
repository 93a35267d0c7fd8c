"""Asks about each comment both ways, and keeps what came of it.

The two ways of asking are handed in, so that a test can script them; in the demo both go through
the running gateway (`roadworthy.cli.demo.through_gateway`). One asking runs at a time, and the
two ways take turns. The embedded model computes on one thread: two askings at once would each
take twice as long and be no sooner done together, and whatever else the machine does while the
run goes on falls on both ways alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from roadworthy.cli.demo.comments import Comment
from roadworthy.cli.demo.figures import Sample
from roadworthy.cli.demo.prototype import prototype_messages, read_prototype
from roadworthy.cli.demo.schedule import Asking, Schedule
from roadworthy.core import Clock, Message
from roadworthy.core.errors import UpstreamError

__all__ = [
    "AskPrototype",
    "AskTask",
    "Comparison",
    "OnProgress",
    "PrototypeReply",
    "TaskReply",
    "compare",
]

US_PER_MS: Final = 1_000
US_PER_S: Final = 1_000_000
WARM_UP: Final = "Is this shop open today?"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrototypeReply:
    """What the model said to the prototype."""

    text: str | None
    """None: an error came instead, and `outcome` is its code."""
    outcome: str
    """Why the model stopped, or the error's code."""
    message: str = ""
    """The error's."""
    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReply:
    """What the task delivered."""

    value: Any
    delivered: bool
    """False: a typed error, and `outcome` is its code."""
    outcome: str
    message: str = ""
    """The error's."""
    input_tokens: int | None = None
    output_tokens: int | None = None


AskPrototype: TypeAlias = Callable[[list[Message]], Awaitable[PrototypeReply]]
AskTask: TypeAlias = Callable[[str], Awaitable[TaskReply]]
OnProgress: TypeAlias = Callable[[float, int], None]
"""Told after each asking how much is over, from 0 to 1, and about how many comments so far."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Everything that was asked, and what came of it."""

    comments: list[Comment] = field(default_factory=list)
    """Those asked about, in order."""
    before: list[Sample] = field(default_factory=list)
    after: list[Sample] = field(default_factory=list)
    askings: int = 0
    elapsed_s: float = 0.0


async def compare(
    schedule: Schedule,
    *,
    ask_prototype: AskPrototype,
    ask_task: AskTask,
    clock: Clock,
    on_progress: OnProgress,
) -> Comparison:
    """Ask both ways until the schedule says that it is enough.

    Each way is asked once before the clock starts, for the model is loaded on its first use.
    An error that a way of asking raises ends the run; one that it returns is a miss.

    Raises:
        UpstreamError: neither way got through to the model on that first time.
    """
    await _warm_up(ask_prototype, ask_task)
    ways = _Ways(ask_prototype, ask_task, clock)
    run = Comparison()
    start_us = clock.elapsed_us()
    for asking in schedule.askings():
        run.before.append(await ways.prototype(asking))
        run.after.append(await ways.task(asking))
        run.askings += 1
        if asking.round == 0:
            run.comments.append(asking.comment)
        run.elapsed_s = (clock.elapsed_us() - start_us) / US_PER_S
        on_progress(
            schedule.progress(run.askings, elapsed_s=run.elapsed_s),
            len(run.comments),
        )
        if schedule.enough(run.askings, elapsed_s=run.elapsed_s):
            break
    return run


async def _warm_up(ask_prototype: AskPrototype, ask_task: AskTask) -> None:
    chat = await ask_prototype(prototype_messages(WARM_UP))
    task = await ask_task(WARM_UP)
    # A table of nothing but misses would blame the prompt for a wrong key or name.
    if chat.text is None and not task.delivered:
        raise UpstreamError(f"the model cannot be asked ({chat.outcome}): {chat.message}")


class _Ways:
    """The two ways of asking, timed."""

    def __init__(self, ask_prototype: AskPrototype, ask_task: AskTask, clock: Clock) -> None:
        self._ask_prototype = ask_prototype
        self._ask_task = ask_task
        self._clock = clock

    async def prototype(self, asking: Asking) -> Sample:
        messages = prototype_messages(asking.comment.text)
        start_us = self._clock.elapsed_us()
        reply = await self._ask_prototype(messages)
        latency_ms = (self._clock.elapsed_us() - start_us) / US_PER_MS
        text = reply.text or ""
        try:
            value, parsed = read_prototype(text), True
        except (ValueError, RecursionError):
            value, parsed = None, False
        return Sample(
            comment_id=asking.comment.id,
            round=asking.round,
            parsed=parsed,
            value=value,
            text=text,
            outcome=reply.outcome,
            latency_ms=latency_ms,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
        )

    async def task(self, asking: Asking) -> Sample:
        start_us = self._clock.elapsed_us()
        reply = await self._ask_task(asking.comment.text)
        latency_ms = (self._clock.elapsed_us() - start_us) / US_PER_MS
        return Sample(
            comment_id=asking.comment.id,
            round=asking.round,
            parsed=reply.delivered,
            value=reply.value if reply.delivered else None,
            text=reply.message,
            outcome=reply.outcome,
            latency_ms=latency_ms,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
        )
