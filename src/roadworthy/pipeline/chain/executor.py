"""Runs the steps of one chain: each as soon as what it waits for has ended, side by side.

Pure of I/O but for the calls that it asks the path to make. If a step fails for good, the others
are cancelled; all of them have ended when the chain ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from roadworthy.core import Call, Stage
from roadworthy.core.errors import (
    CostLimitReached,
    InvalidInput,
    JournalUnavailable,
    RoadworthyError,
    UpstreamTimeout,
)
from roadworthy.pipeline.chain.errand import Errand, RunStep
from roadworthy.pipeline.chain.failure import StepFailed, failure_of, name_step
from roadworthy.pipeline.chain.plan import ChainPlan, StepPlan
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.recorder import Recorder
from roadworthy.tasks.chain.paths import ABSENT

__all__ = ["ChainRun"]

_ITEM: Final = "item"


@dataclass(slots=True)
class ChainRun:
    """One run of a chain.

    `values` are by source, the chain's input and what its steps have given so far; a step that
    was skipped, and has no default, is not among them.
    """

    task: CompiledTask
    plan: ChainPlan
    run_step: RunStep
    recorder: Recorder
    deadline_us: int
    values: dict[str, Any]
    recorded: Mapping[str, Any]
    calls: dict[str, Call] = field(default_factory=dict)
    """Of the steps that have answered; of one that runs for each item, none."""
    _waiting: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = {name: len(s.definition.needs) for name, s in self.plan.steps.items()}

    async def run(self, *, but: str | None = None) -> None:
        """All steps, into `values`; without ``but``, for which nothing else may wait.

        Raises:
            StepFailed: a step failed, and the chain with it; all others have ended.
        """
        ready = [name for name, count in self._waiting.items() if not count and name != but]
        await self._together(ready, but)

    async def run_last(self, name: str) -> None:
        """The step that `run` left out; see there."""
        await self._together([name], None)

    async def _together(self, names: list[str], but: str | None) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self._step(name, group, but))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _step(self, name: str, group: asyncio.TaskGroup, but: str | None) -> None:
        plan = self.plan.steps[name]
        start_us = self.recorder.offset_us()
        note = "cancelled"
        try:
            value, note = await self._outcome(plan)
        except StepFailed as failure:
            note = failure.error.code
            raise
        finally:
            spent_us = self.recorder.offset_us() - start_us
            stage = Stage(name=f"step {name}", start_us=start_us, duration_us=spent_us, note=note)
            self.recorder.call.stages.append(stage)
        if value is not ABSENT:
            self.values[name] = value
        for follower in plan.followers:
            self._waiting[follower] -= 1
            if not self._waiting[follower] and follower != but:
                group.create_task(self._step(follower, group, but))

    async def _outcome(self, plan: StepPlan) -> tuple[Any, str]:
        """What the step gives, ABSENT where it is nothing, and how that came about."""
        name = plan.definition.name
        if name in self.recorded:
            return self.recorded[name], "recorded"
        if self.is_skipped(plan):
            return deepcopy(plan.default), "skipped"
        if plan.over is None:
            return await self._answer(plan, self.values, None)
        items = plan.over.take(self.values)
        if not isinstance(items, list):  # where no schema says what stands there
            no_list = InvalidInput(
                f"{plan.over} is no list, and this step runs for each item of it"
            )
            raise StepFailed(name_step(no_list, name))
        found = await self._each(plan, items)
        return found, f"{len(found)} of {len(items)} items"

    def is_skipped(self, plan: StepPlan) -> bool:
        """Whether the step as a whole does not run; its default stands in its place."""
        if plan.over is not None and plan.over.source not in self.values:
            return True
        known = self.values if plan.over is None else self.values | {_ITEM: None}
        if plan.wiring.is_in_vain(known, plan.required):
            return True
        asked_once = plan.when is not None and not plan.when.reads_item
        return asked_once and plan.when is not None and not plan.when.holds(self.values)

    async def _each(self, plan: StepPlan, items: list[Any]) -> list[Any]:
        """The answers to all items, in their order; those of skipped items are left out."""
        found: list[Any] = [ABSENT] * len(items)
        queue = iter(enumerate(items))

        async def work() -> None:
            for index, item in queue:
                await asyncio.sleep(0)  # where rules answer, nothing else would wait
                values = self.values | {_ITEM: item}
                if plan.when is None or not plan.when.reads_item or plan.when.holds(values):
                    found[index], _ = await self._answer(plan, values, index)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(plan.definition.concurrency, len(items))):
                    group.create_task(work())
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [value for value in found if value is not ABSENT]

    async def _answer(
        self, plan: StepPlan, values: Mapping[str, Any], item: int | None
    ) -> tuple[Any, str]:
        """What the step's task answers, or what stands in its place, and how that came about.

        Raises:
            StepFailed: nothing does.
        """
        definition = plan.definition
        given = plan.wiring.value(values)
        try:
            return await self._call(definition.task, given, definition.name, item), ""
        except StepFailed as failure:
            if definition.on_error == "fail" or self._ends_the_chain(failure.error):
                raise
            if definition.on_error == "skip":
                return deepcopy(plan.default) if item is None else ABSENT, failure.error.code
            if definition.on_error == "default":  # a copy, because whoever gets it may change it
                return deepcopy(definition.default), "default"
        return await self._call(definition.fallback, given, definition.name, item), "fallback"

    def _ends_the_chain(self, error: RoadworthyError) -> bool:
        """Whether nothing may stand in the step's place: what failed is not the step's alone. Once
        the chain's money is gone each further step would be skipped, and nobody told."""
        purse = self.recorder.purse
        spent = isinstance(error, CostLimitReached) and purse is not None and purse.is_spent
        return spent or isinstance(error, JournalUnavailable)

    async def _call(self, task: str, given: Any, step: str, item: int | None) -> Any:
        key = step if item is None else f"{step}[{item}]"
        if key in self.recorded:
            return self.recorded[key]
        try:
            finished = await self.run_step(self.errand(task, given, step, item))
        except RoadworthyError as error:
            raise StepFailed(name_step(error, step, item=item)) from error
        undelivered = failure_of(finished)
        if undelivered is not None:
            raise StepFailed(name_step(undelivered, step, item=item), finished)
        if item is None:
            self.calls[step] = finished.call
        return finished.call.value

    def errand(self, task: str, given: Any, step: str, item: int | None = None) -> Errand:
        """What is asked of the path for one run of a step.

        Raises:
            StepFailed: the chain's time is used up.
        """
        left_us = self.deadline_us - self.recorder.began_us - self.recorder.offset_us()
        if left_us <= 0:
            late = UpstreamTimeout(
                "the chain's time was used up before this step began; raise timeout_s of"
                f" {self.task.definition.name!r}, or make its steps faster"
            )
            raise StepFailed(name_step(late, step, item=item))
        within = (step if item is None else f"{step}[{item}]") + "/"
        return Errand(
            step=step,
            item=item,
            task=self.task.steps[task],
            input=given,
            timeout_s=left_us / 1e6,
            recorded={
                name.removeprefix(within): value
                for name, value in self.recorded.items()
                if name.startswith(within)
            },
        )
