"""The body of a chain's call: its steps, then what they come to."""

from __future__ import annotations

from roadworthy.core.errors import OutputRefused
from roadworthy.pipeline.chain.errand import RunStep
from roadworthy.pipeline.chain.executor import ChainRun
from roadworthy.pipeline.chain.failure import StepFailed
from roadworthy.pipeline.chain.plan import ChainPlan
from roadworthy.pipeline.chain.result import chain_result
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.decided import Decided
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import Finished

__all__ = ["answer_by_steps", "begin_run", "failed_by_step"]


async def answer_by_steps(decided: Decided, recorder: Recorder, run_step: RunStep) -> Finished:
    """The answer of a task that is a chain, or why none may be delivered.

    Raises:
        RoadworthyError: a step's, where no answer of it came; `step` says which.
    """
    run = begin_run(decided, recorder, run_step)
    try:
        await run.run()
    except StepFailed as failure:
        return failed_by_step(failure, recorder)
    with recorder.stage("conform"):
        return chain_result(decided, recorder, run.plan.output.value(run.values), run.calls)


def begin_run(decided: Decided, recorder: Recorder, run_step: RunStep) -> ChainRun:
    """The run of a chain, before its first step."""
    checked, call = decided.checked, recorder.call
    task = checked.task
    assert task is not None
    if checked.schema is not None:
        call.schema_digest = checked.schema.digest
        recorder.schema = checked.schema
    return ChainRun(
        task=task,
        plan=_plan(task),
        run_step=run_step,
        recorder=recorder,
        deadline_us=checked.deadline_us,
        values={"input": call.input},
        recorded=checked.request.recorded or {},
    )


def failed_by_step(failure: StepFailed, recorder: Recorder) -> Finished:
    """The end of a chain that a step has failed: with its error, and its outcome.

    Raises:
        RoadworthyError: the step's, where no answer of it came.
    """
    finished, error = failure.finished, failure.error
    if finished is None:
        raise error
    call = recorder.call
    call.outcome = finished.call.outcome
    if call.surface == "chat" and isinstance(error, OutputRefused):
        # OpenAI's shape says it: `refusal`.
        return Finished(call=call, reply=finished.reply, steps=recorder.below)
    return Finished(call=call, error=error, steps=recorder.below)


def _plan(task: CompiledTask) -> ChainPlan:
    assert task.chain is not None
    return task.chain
