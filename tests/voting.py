"""Tasks that vote, judge or choose, over an upstream that knows what it was asked for."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from pipelines import MODEL, TRIAGE, triage
from roadworthy.core import Call, Settings, SystemClock
from roadworthy.models import Ask, Capabilities, Model, Reply, Share, Upstream
from roadworthy.pipeline import Finished, Pipeline, compile_state
from roadworthy.tasks import Snapshot, TaskDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream

TELLING = msgspec.structs.replace(
    MODEL, capabilities=Capabilities(modes=("strict", "json", "prompt"), log_probabilities=True)
)


def task(**fields: Any) -> TaskDefinition:
    return msgspec.structs.replace(TRIAGE, **fields)


def said(sentiment: str = "positive", confidence: float = 0.5) -> str:
    return json.dumps({"sentiment": sentiment, "confidence": confidence})


def serve(
    definition: TaskDefinition, upstream: Upstream, **models: Model
) -> tuple[Pipeline, MemoryJournal]:
    known = {"scripted": TELLING, **models}
    state = compile_state(
        Snapshot(revision="r1", settings=Settings(), tasks={"triage": definition}, models=known), {}
    )
    assert not state.unservable, state.unservable
    journal = MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=journal, clock=SystemClock()
    )
    return pipeline, journal


def ask(
    definition: TaskDefinition, answers: Iterable[Any], **fields: Any
) -> tuple[Finished, ScriptedUpstream]:
    """What became of one call."""
    upstream = ScriptedUpstream(answers)
    pipeline, journal = serve(definition, upstream)
    finished = asyncio.run(pipeline.run(triage(**fields)))
    assert journal.calls[-1] == finished.call
    return finished, upstream


async def let_go_on() -> None:
    """Wait until nothing can go on any more by itself."""
    for _ in range(100):
        await asyncio.sleep(0)


def purposes(call: Call) -> list[str]:
    return [attempt.purpose for attempt in call.attempts]


class Weighing(ScriptedUpstream):
    """Says of each field how likely its values are, and the same without content under another
    name; what is generated comes from the script."""

    def __init__(
        self,
        weights: Mapping[str, Mapping[Any, float]],
        priors: Mapping[str, Mapping[Any, float]] | None = None,
        answers: Iterable[Any] = ("{}",),
    ) -> None:
        super().__init__(answers)
        self._weights = weights
        self._priors = priors or {}
        self.weighed: list[Ask] = []

    async def send(self, model: Model, ask: Ask) -> Reply:
        choice = ask.choice
        if choice is None:
            return await super().send(model, ask)
        self.weighed.append(ask)
        content = str(ask.messages[-1]["content"])
        is_free = content in ("Comment: ", "Comment: N/A", "Comment: [MASK]")
        told = (self._priors if is_free else self._weights).get(choice.field, {})
        masses = {value: told.get(json.loads(value), 1.0) for value in choice.values}
        total = sum(masses.values())
        shares = tuple(
            Share((index,), math.log(masses[value] / total))
            for index, value in enumerate(choice.values)
        )
        return Reply(stop_reason="stop", shares=shares)
