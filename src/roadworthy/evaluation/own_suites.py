"""What speaks against single steps by their own tasks' suites: checks that hold of every answer,
and cases that ask what a step was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from roadworthy.core import ANSWERED, Call
from roadworthy.evaluation.blame import Finding
from roadworthy.evaluation.expectations import Expectations, Services, compile_expectations
from roadworthy.evaluation.step_runs import answer_of_call
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.cases import question_digest

__all__ = ["OwnSuites"]


@dataclass(frozen=True, kw_only=True)
class OwnSuites:
    """The suites of the tasks that a chain runs."""

    suites: Mapping[str, Suite]
    """By task."""
    services: Callable[[Suite], Services]
    _compiled: dict[tuple[str, str], Expectations] = field(default_factory=dict)

    async def findings(
        self, definition: TaskDefinition, root: str, calls: Iterable[Call]
    ) -> list[Finding]:
        """What speaks against steps of the chain whose call is ``root``, and of chains in it.
        ``calls`` are all below it."""
        return await self._below(definition, root, list(calls), "")

    async def _below(
        self, definition: TaskDefinition, root: str, calls: list[Call], above: str
    ) -> list[Finding]:
        chain = definition.chain
        if chain is None:
            return []
        steps = {step.name: step for step in chain.steps}
        found: list[Finding] = []
        for call in calls:
            step = steps.get(call.step)
            if call.parent_id != root or step is None or call.task not in chain.tasks:
                continue
            path = above + (call.step if call.item is None else f"{call.step}[{call.item}]")
            task = chain.tasks[call.task]
            if call.outcome in ANSWERED:
                found += await self._against(task, call, path)
            found += await self._below(task, call.id, calls, f"{path}/")
        return found

    async def _against(self, task: TaskDefinition, call: Call, path: str) -> list[Finding]:
        expectations = self._of(task, call)
        if expectations is None:
            return []
        scores = await expectations.score(answer_of_call(call))
        return [
            Finding(path, "own", f"{score.name}: {score.reason}" if score.reason else score.name)
            for score in scores
            if score.passed is False
        ]

    def _of(self, task: TaskDefinition, call: Call) -> Expectations | None:
        """None: nothing is expected."""
        suite = self.suites.get(task.name)
        if suite is None:
            return None
        asked = Case(input=call.input or {})
        question = question_digest(asked)
        key = (task.name, question)
        if key not in self._compiled:
            known = (case for case in suite.cases if question_digest(case) == question)
            case = next(known, asked)
            if case is asked and not suite.checks:
                return None
            self._compiled[key] = compile_expectations(
                case, suite, task, services=self.services(suite)
            )
        return self._compiled[key]
