"""Chains built by hand, over an upstream that answers by task."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from pipelines import MODEL
from roadworthy.core import Call, Clock, Settings, SystemClock
from roadworthy.core.errors import RoadworthyError, UpstreamUnavailable
from roadworthy.models import Ask, Model, Reply, Upstream
from roadworthy.pipeline import CallRequest, Finished, Pipeline, compile_state
from roadworthy.tasks import Snapshot, TaskDefinition, Template
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream

Answers = Mapping[str, Callable[[str], "str | Reply"]]
"""By task, from the text of its input to what the model writes."""


def object_schema(*names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object of texts."""
    return {
        "type": "object",
        "properties": {name: {"type": "string"} for name in (*names, *optional)},
        "required": list(names),
        "additionalProperties": False,
    }


TEXT = object_schema("text")


def step_task(name: str, **fields: Any) -> TaskDefinition:
    """A task from ``{"text": …}`` to ``{"text": …}`` whose prompt says its name and its input."""
    given: dict[str, Any] = {
        "model": "scripted",
        "input_schema": TEXT,
        "output_schema": TEXT,
        "templates": (Template(role="user", source=name + ":{{ text }}", file="user.md"),),
        "stream": "fields",
        "max_reasks": 0,
    }
    return TaskDefinition(name=name, **(given | fields))


def step(name: str, *, reads: str = "input.text", **fields: Any) -> StepDefinition:
    """A step of the task of its name that reads one text."""
    source = reads.partition(".")[0].partition("[")[0]
    needs = [] if source in ("input", "item") else [source]
    needs += [need for need in fields.pop("needs", ()) if need not in needs]
    given = {"task": name, "wires": {"text": reads}} | fields
    return StepDefinition(name=name, needs=tuple(needs), **given)


def chain(
    *steps: StepDefinition,
    output: Mapping[str, str] | str | None = None,
    tasks: Mapping[str, TaskDefinition] | None = None,
    **fields: Any,
) -> TaskDefinition:
    """A chain named ``sheet``, from ``{"text": …}``; its output is the last step's."""
    named = [*(s.task for s in steps), *(s.fallback for s in steps if s.fallback)]
    known = {name: step_task(name) for name in named} | dict(tasks or {})
    wires = {"": output or steps[-1].name} if not isinstance(output, Mapping) else dict(output)
    given: dict[str, Any] = {
        "name": "sheet",
        "model": "",
        "input_schema": TEXT,
        "output_schema": object_schema(*output) if isinstance(output, Mapping) else TEXT,
        "stream": "fields",
    }
    body = ChainDefinition(steps=steps, output=wires, tasks=known)
    return TaskDefinition(chain=body, **(given | fields))


class ByTask(ScriptedUpstream):
    """Answers by the task that asks: ``{"text": "NAME(input)"}`` where nothing else is said."""

    def __init__(self, answers: Answers | None = None) -> None:
        super().__init__([self._by_task])
        self.answers = answers or {}
        self.order: list[str] = []
        """Tasks in the order in which they asked."""

    def _by_task(self, _model: Model, ask: Ask) -> str | Reply:
        name, _, text = _question(ask).partition(":")
        self.order.append(name)
        return self.answers[name](text) if name in self.answers else said(f"{name}({text})")


class Held(ByTask):
    """As `ByTask`, where each task's answer waits until it is let go."""

    def __init__(self, answers: Answers | None = None) -> None:
        super().__init__(answers)
        self._asking: asyncio.Queue[str] = asyncio.Queue()
        self._doors: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def next(self) -> str:
        """The task that asks next; those that have asked are told in their order."""
        return await self._asking.get()

    def let_go(self, *names: str) -> None:
        for name in names:
            self._doors[name].set()

    @property
    def waiting(self) -> int:
        """How many have asked and were not told by `next` yet."""
        return self._asking.qsize()

    async def send(self, model: Model, ask: Ask) -> Reply:
        name = _question(ask).partition(":")[0]
        self._asking.put_nowait(name)
        await self._doors[name].wait()
        return await super().send(model, ask)


def _question(ask: Ask) -> str:
    return next(str(m["content"]) for m in ask.messages if m["role"] == "user")


def said(text: str) -> str:
    return json.dumps({"text": text})


def failing(
    error: Callable[[str], RoadworthyError] = UpstreamUnavailable,
) -> Callable[[str], str]:
    """Every attempt fails with an error of its own."""

    def answer(_text: str) -> str:
        raise error("gone")

    return answer


def chain_pipeline(
    definition: TaskDefinition,
    upstream: Upstream,
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
) -> tuple[Pipeline, MemoryJournal]:
    state = compile_state(
        Snapshot(
            revision="r1",
            settings=settings or Settings(),
            tasks={definition.name: definition},
            models={"scripted": MODEL},
        ),
        {},
    )
    assert not state.unservable, state.unservable
    journal = MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=journal, clock=clock or SystemClock()
    )
    return pipeline, journal


def wish(text: str = "x", **fields: Any) -> CallRequest:
    given: dict[str, Any] = {"target": "task:sheet", "surface": "task", "input": {"text": text}}
    return CallRequest(**(given | fields))


def run_chain(
    definition: TaskDefinition, upstream: Upstream | None = None, **fields: Any
) -> tuple[Finished, list[Call]]:
    """The end of one call, and the journal."""
    pipeline, journal = chain_pipeline(definition, upstream or ByTask())
    return asyncio.run(pipeline.run(wish(**fields))), journal.calls
