"""A chain whose answer flows: all its steps but the last run first, then the last one is sent on.

That can be where the chain's output is exactly that step's, nothing else remains beside it, and
nothing can stand in its place once it has begun. Else the whole is sent once it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from roadworthy.core import ANSWERED, Call, Stage
from roadworthy.core.errors import RoadworthyError
from roadworthy.pipeline.chain.answering import begin_run, failed_by_step
from roadworthy.pipeline.chain.errand import Errand, RunStep
from roadworthy.pipeline.chain.executor import ChainRun
from roadworthy.pipeline.chain.failure import StepFailed, name_step
from roadworthy.pipeline.chain.plan import ChainPlan, StepPlan
from roadworthy.pipeline.chain.result import chain_result
from roadworthy.pipeline.decided import Decided
from roadworthy.pipeline.flow import Settle
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import CallStream, Deltas, Finished

__all__ = ["StepEnded", "StepStream", "streamed_step"]

StepEnded: TypeAlias = Callable[[Call, RoadworthyError | None], None]
"""Told of the step's call once it is settled, and of its error."""


class FlowStep(Protocol):
    async def __call__(self, errand: Errand, ended: StepEnded, /) -> Deltas:
        """The step's answer while it is written; see `RunStep`."""
        ...


def streamed_step(plan: ChainPlan) -> StepPlan | None:
    """The step whose answer can be sent on as it comes; None: there is none."""
    whole = plan.output.whole
    if whole is None or whole.parts or whole.source not in plan.steps:
        return None
    step = plan.steps[whole.source]
    may_be_replaced = step.definition.on_error != "fail" or step.over is not None
    return None if may_be_replaced or step.followers else step


class StepStream:
    """One run of a chain whose caller asked for a stream."""

    def __init__(self, decided: Decided, recorder: Recorder, settle: Settle) -> None:
        self._decided = decided
        self._recorder = recorder
        self._settle = settle
        self._finished: Finished | None = None

    async def all_but_last(self, run_step: RunStep) -> Errand | None:
        """Run what comes before the step that can be sent on, which is returned to be run; None:
        there is none, and the whole has `finished`.

        Raises:
            RoadworthyError: a step's, where no answer of it came.
        """
        run = begin_run(self._decided, self._recorder, run_step)
        try:
            errand = await _until_last(run, self._last(run.plan))
        except StepFailed as failure:
            self._finished = failed_by_step(failure, self._recorder)
            return None
        if errand is None:
            self._finished = self._result(run.plan.output.value(run.values), run.calls)
        return errand

    def finished(self) -> Finished:
        """What has come of it, where nothing is left to be sent on."""
        assert self._finished is not None
        return self._finished

    async def flow(self, errand: Errand, flow_step: FlowStep) -> CallStream:
        """The last step's answer as the chain's.

        Raises:
            RoadworthyError: it failed before anything could be sent.
        """
        recorder = self._recorder
        start_us = recorder.offset_us()

        def ended(step: Call, error: RoadworthyError | None) -> None:
            spent_us = recorder.offset_us() - start_us
            note = "" if error is None else error.code
            recorder.call.stages.append(
                Stage(name=f"step {step.step}", start_us=start_us, duration_us=spent_us, note=note)
            )
            self._end(step, error)

        try:
            deltas = await flow_step(errand, ended)
        except RoadworthyError as error:
            if not recorder.settled:  # it failed before it could flow
                name_step(error, errand.step)
            raise
        return CallStream(call=recorder.call, deltas=deltas)

    def _last(self, plan: ChainPlan) -> StepPlan | None:
        task = self._decided.checked.task
        assert task is not None
        whole = task.definition.stream == "buffered" or task.has_constraints
        return None if whole else streamed_step(plan)

    def _end(self, step: Call, error: RoadworthyError | None) -> None:
        """
        Raises:
            OutputNonconforming: what the step gave is not what the chain promises.
        """
        call = self._recorder.call
        if error is not None:
            outcome = "errored" if step.outcome in ANSWERED else step.outcome
            self._settle(outcome, name_step(error, step.step))
        elif step.outcome in ANSWERED:
            finished = self._result(step.value, {step.step: step})
            self._settle(call.outcome, finished.error)
            if finished.error is not None:
                raise finished.error
        else:
            call.value = step.value
            self._settle(step.outcome, None)

    def _result(self, value: Any, calls: Mapping[str, Call]) -> Finished:
        with self._recorder.stage("conform"):
            return chain_result(self._decided, self._recorder, value, calls)


async def _until_last(run: ChainRun, last: StepPlan | None) -> Errand | None:
    """Run all steps but the last, or all of them if that gives nothing that could flow.

    Raises:
        StepFailed: one of them failed.
    """
    if last is None:
        await run.run()
        return None
    name = last.definition.name
    await run.run(but=name)
    if name not in run.recorded and not run.is_skipped(last):
        return run.errand(last.definition.task, last.wiring.value(run.values), name)
    await run.run_last(name)
    return None
