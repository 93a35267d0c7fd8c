"""Tasks that judge: asked through the same path as what they judge, once for equal questions.

What a judge said is kept as a run of the judge's own task, so that another test, or the same one
tomorrow, need not ask again; a judge that has changed is another task state, and is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from roadworthy.core import Usage
from roadworthy.core.errors import UnknownTask
from roadworthy.evaluation.measuring import UNMEASURED
from roadworthy.evaluation.spending import Estimator, Purse
from roadworthy.evaluation.turns import Turns
from roadworthy.models import Model
from roadworthy.pipeline import TASK_PREFIX, CallRequest, Pipeline
from roadworthy.registry import CaseResult, ResultKey
from roadworthy.registry.binding import binding_of_task
from roadworthy.tasks import TaskDefinition, content_digest

__all__ = ["Judge", "Judges"]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A task state that judges, on the models that it is bound to."""

    definition: TaskDefinition
    models: Mapping[str, Model]
    """By logical name, all that it may ask."""

    @property
    def binding(self) -> str:
        return binding_of_task(self.definition, self.models.__getitem__)

    def key(self, given: dict[str, Any]) -> ResultKey:
        return ResultKey(
            task=self.definition.name,
            definition=self.definition.digest,
            binding=self.binding,
            question=content_digest(given),
            run=0,
        )


@dataclass(kw_only=True)
class Judges:
    """Asks judges, and remembers what they said."""

    judges: Mapping[str, Judge]
    """By the reference that checks name."""
    pipeline: Pipeline
    purse: Purse
    known: dict[ResultKey, CaseResult]
    keep: Callable[[CaseResult], Awaitable[None]]
    environment: str = ""
    turns: Turns = field(default_factory=Turns)
    asked: int = 0
    cost_nusd: int = 0
    _estimators: dict[str, Estimator] = field(default_factory=dict)
    _under_way: dict[ResultKey, asyncio.Task[Any]] = field(default_factory=dict)

    def definition(self, reference: str) -> TaskDefinition | None:
        """What the reference names; None: nothing."""
        judge = self.judges.get(reference)
        return None if judge is None else judge.definition

    async def ask(self, reference: str, given: dict[str, Any]) -> Any:
        """The value that the judge delivers.

        Raises:
            RoadworthyError: it delivers none.
        """
        judge = self.judges.get(reference)
        if judge is None:
            raise UnknownTask(f"there is no task {reference!r} to judge by")
        key = judge.key(given)
        said = self.known.get(key)
        if said is not None and said.error is None and said.outcome not in UNMEASURED:
            return said.value
        asking = self._under_way.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(reference, judge, key, given))
            self._under_way[key] = asking
            asking.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(asking)  # others may wait for the same

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(
        self, reference: str, judge: Judge, key: ResultKey, given: dict[str, Any]
    ) -> Any:
        if reference not in self._estimators:
            self._estimators[reference] = Estimator.of(judge.definition, judge.models)
        estimator = self._estimators[reference]
        clock = self.pipeline.clock
        async with self.purse.reserve(estimator.estimate(given)) as ticket:
            async with self.turns.of(*judge.models.values()):
                started_us = clock.elapsed_us()
                self.asked += 1
                finished = await self.pipeline.run(
                    CallRequest(target=TASK_PREFIX + reference, surface="test", input=given)
                )
                latency_ms = (clock.elapsed_us() - started_us) / 1000
            call = finished.call
            ticket.cost_nusd = call.cost_nusd
            estimator.learn(call.cost_nusd)
            self.cost_nusd += call.cost_nusd or 0
        if finished.error is not None:
            raise finished.error
        usage: Usage = call.usage
        said = CaseResult(
            key=key,
            expected="",
            case_id=f"judged-{key.question[:10]}",
            outcome=call.outcome,
            value=call.value,
            latency_ms=latency_ms,
            cost_nusd=call.cost_nusd,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            call_id=call.id,
            at_us=clock.now_us(),
            environment=self.environment,
        )
        self.known[key] = said
        await self.keep(said)
        return call.value
