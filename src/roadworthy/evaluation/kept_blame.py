"""Which step failing runs of a chain failed first, from the results that were kept of them. Pure.

Results hold the scores of what cases expect, of steps included; what the steps' own tasks' suites
say of their answers is looked at by `roadworthy test --blame` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from roadworthy.evaluation.blame import Blame, blame, findings_of, wired_from
from roadworthy.evaluation.expectations import places_of
from roadworthy.registry import CaseResult
from roadworthy.tasks import Suite
from roadworthy.tasks.cases import question_digest
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.definition import ChainDefinition

__all__ = ["KeptBlame", "KeptStep", "kept_blame"]


class KeptStep(NamedTuple):
    """One step of a chain."""

    step: str
    task: str
    first: int
    """Failing runs in which nothing speaks against a step before it."""
    failing: int
    """Failing runs in which something speaks against it."""


class KeptBlame(NamedTuple):
    """What failing runs are blamed on."""

    failing: int
    """Runs."""
    steps: tuple[KeptStep, ...]
    """In topological order."""
    unexplained: int
    by_question: dict[str, str]
    """The step that a question's first failing run is blamed on; some are blamed on none."""


def kept_blame(chain: ChainDefinition, suite: Suite, results: Iterable[CaseResult]) -> KeptBlame:
    """What these results of the chain say; those of questions that the suite does not ask any more
    are looked at as far as their scores name steps."""
    asked = {question_digest(case): case for case in suite.cases}
    wires = wired_from(chain)
    firsts, failing = Counter[str](), Counter[str]()
    by_question: dict[str, str] = {}
    runs = 0
    for result in results:
        if result.passed is not False:
            continue
        runs += 1
        case = asked.get(result.key.question)
        known = case is not None and result.error is None
        places = places_of(case, suite) if case is not None and known else {}
        found: Blame | None = blame(chain, findings_of(result.scores, wires, places))
        if found is not None:
            firsts[found.step] += 1
            failing.update([found.step, *found.behind])
            by_question.setdefault(result.key.question, found.step)
    return KeptBlame(
        failing=runs,
        steps=tuple(
            KeptStep(step.name, step.task, firsts[step.name], failing[step.name])
            for step in topological(chain)
        ),
        unexplained=runs - firsts.total(),
        by_question=by_question,
    )
