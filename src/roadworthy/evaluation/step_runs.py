"""What the steps of one run of a chain gave, put together again from their calls. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from roadworthy.core import ANSWERED, Call
from roadworthy.evaluation.expectations import Answer, AnswerError
from roadworthy.tasks.chain.paths import ABSENT
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = ["ChainCalls", "StepRun", "answer_of_call", "answer_of_step", "failure_of_call"]

_STAGE = "step "
_SKIPPED = "skipped"


class StepRun(NamedTuple):
    """One step of one run."""

    step: StepDefinition
    calls: tuple[Call, ...]
    """Of the step itself, not of what is below them; in the order of items, a fallback's behind
    the call that failed. Empty: it did not run."""
    value: Any
    """What the chain went on with; ABSENT: nothing."""
    skipped: bool = False
    """Whether it was not to run; False without calls: the chain ended before."""

    @property
    def error(self) -> AnswerError | None:
        """Why it gave nothing, where a call of it failed; None otherwise."""
        if self.value is not ABSENT:
            return None
        failures = [failure_of_call(call) for call in self.calls]
        return next((failure for failure in reversed(failures) if failure is not None), None)


class ChainCalls(NamedTuple):
    """One call of a chain with those below it."""

    root: str
    """The chain's own call."""
    calls: tuple[Call, ...]
    """All below it."""
    notes: Mapping[str, str]
    """How steps ended, as the stages of the chain's call say it, by step; empty: unknown."""

    @classmethod
    def of(cls, root: Call, below: Iterable[Call]) -> ChainCalls:
        stages = [stage for stage in root.stages if stage.name.startswith(_STAGE)]
        notes = {stage.name.removeprefix(_STAGE): stage.note for stage in stages}
        return cls(root.id, tuple(below), notes)

    def runs(self, chain: ChainDefinition) -> dict[str, StepRun]:
        """The chain's own steps by name."""
        of_step: dict[str, list[Call]] = {step.name: [] for step in chain.steps}
        for call in sorted(self.calls, key=lambda c: (c.item or 0, c.started_us, c.id)):
            if call.parent_id == self.root and call.step in of_step:
                of_step[call.step].append(call)
        return {
            step.name: _run(step, of_step[step.name], self.notes.get(step.name))
            for step in chain.steps
        }


def _run(step: StepDefinition, calls: Sequence[Call], note: str | None) -> StepRun:
    if not calls and note == _SKIPPED:
        return StepRun(step, (), step.default, skipped=True)
    if step.for_each is not None:
        return StepRun(step, tuple(calls), _items(step, calls, ended=note is not None))
    if not calls:
        return StepRun(step, (), ABSENT)
    return StepRun(step, tuple(calls), _value(step, calls))


def _items(step: StepDefinition, calls: Sequence[Call], *, ended: bool) -> Any:
    """The list of what its items gave; an empty list of items leaves no call."""
    by_item: dict[int, list[Call]] = {}
    for call in calls:
        by_item.setdefault(call.item or 0, []).append(call)
    if not by_item and not ended:
        return ABSENT
    values = [_value(step, of_item) for of_item in by_item.values()]
    if step.on_error != "skip" and any(value is ABSENT for value in values):
        return ABSENT  # the chain ended with it
    return [value for value in values if value is not ABSENT]


def _value(step: StepDefinition, calls: Sequence[Call]) -> Any:
    answered = [call.value for call in calls if call.outcome in ANSWERED]
    if answered:
        return answered[-1]
    failed = any(failure_of_call(call) is not None for call in calls)
    return step.default if failed and step.on_error == "default" else ABSENT


def failure_of_call(call: Call) -> AnswerError | None:
    """Why the call gave nothing; None: it did, or was given up because another one failed."""
    if call.outcome in ANSWERED or call.outcome == "cancelled":
        return None
    if call.error is not None:
        return AnswerError(call.error.code, call.error.message)
    return AnswerError(f"output_{call.outcome}", "")


def answer_of_call(call: Call) -> Answer:
    """One call of a step, as expectations of its task see it."""
    return Answer(
        input=call.input or {},
        value=call.value,
        error=failure_of_call(call),
        text=call.attempts[-1].text if call.attempts else None,
        latency_ms=call.duration_us / 1000,
        cost_usd=_cost_usd([call]),
    )


def answer_of_step(run: StepRun) -> Answer:
    """What the chain got of the step, as expectations of the step see it."""
    single = run.step.for_each is None and bool(run.calls)
    last = run.calls[-1] if run.calls else None
    return Answer(
        input=(last.input or {}) if single and last is not None else {},
        value=run.value,
        error=run.error,
        text=last.attempts[-1].text if single and last is not None and last.attempts else None,
        latency_ms=_span_ms(run.calls),
        cost_usd=_cost_usd(run.calls),
    )


def _span_ms(calls: Sequence[Call]) -> float | None:
    """From the first call's beginning to the last one's end: items run side by side."""
    if not calls:
        return None
    ends = [call.started_us + call.duration_us for call in calls]
    return (max(ends) - min(call.started_us for call in calls)) / 1000


def _cost_usd(calls: Sequence[Call]) -> float | None:
    costs = [call.cost_nusd for call in calls if call.cost_nusd is not None]
    return sum(costs) / 1e9 if calls and len(costs) == len(calls) else None
