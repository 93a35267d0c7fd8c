"""Scores of single steps: what a case expects of them, and what their own tasks' suites do."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from roadworthy.evaluation.expectations import Expectations
from roadworthy.evaluation.step_runs import StepRun, answer_of_step
from roadworthy.registry import Score
from roadworthy.tasks.chain.paths import ABSENT

__all__ = ["of_step", "step_scores"]

_RAN = "ran"


async def step_scores(
    expected: Mapping[str, Expectations], runs: Mapping[str, StepRun]
) -> tuple[Score, ...]:
    """What is expected of each step, held against what the chain got of it.

    A step that was skipped and has no default fails; one that the chain did not come to, because
    another failed before, is unscored.
    """
    found: list[Score] = []
    for name, expectations in expected.items():
        run = runs.get(name)
        if run is None or (run.value is ABSENT and run.error is None):
            found.append(_missing(name, run))
            continue
        scores = await expectations.score(answer_of_step(run))
        found += [of_step(score, name) for score in scores]
    return tuple(found)


def of_step(score: Score, step: str) -> Score:
    """The score as one of this step."""
    return msgspec.structs.replace(score, step=step)


def _missing(name: str, run: StepRun | None) -> Score:
    if run is not None and (run.skipped or run.calls):
        reason = "the step was skipped, and something is expected of it"
        return Score(name=_RAN, step=name, passed=False, reason=reason)
    reason = "the chain ended before the step did"
    return Score(name=_RAN, step=name, passed=None, reason=reason)
