"""Asks the cases of what is tested, side by side, as far as money and patience go.

What was measured before is not asked again: runs are taken from the registry where definition,
model and question are the same, and scored anew where what is expected has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from roadworthy.evaluation.blame import DELIVERED, Finding
from roadworthy.evaluation.keeping import Keeping
from roadworthy.evaluation.measuring import UNMEASURED, Asked, ask_once, score
from roadworthy.evaluation.spending import Estimator, MaxCostReached, Purse
from roadworthy.evaluation.step_runs import ChainCalls
from roadworthy.evaluation.subjects import AskedCase, Subject
from roadworthy.evaluation.turns import Turns
from roadworthy.pipeline import Pipeline
from roadworthy.registry import CaseResult, ResultKey

__all__ = ["Measured", "Runner", "SubjectRuns", "WhyLeftOut"]

WhyLeftOut: TypeAlias = Literal["cost", "stopped"]


class Measured(NamedTuple):
    """One run of one case."""

    result: CaseResult
    asked: bool
    """False: it was measured before."""
    below: ChainCalls | None = None
    """The calls of a chain's steps, where failures are blamed; None: nobody remembers them."""
    own: tuple[Finding, ...] = ()
    """What speaks against steps by their own tasks' suites, where the run failed."""


@dataclass(kw_only=True)
class SubjectRuns:
    """What became of one subject's cases."""

    subject: Subject
    runs: dict[str, dict[int, Measured]] = field(default_factory=dict)
    """By question and run."""
    rescored: int = 0
    """Runs from before that were scored anew, because something else is expected now."""

    @property
    def new(self) -> list[Measured]:
        """Runs for which the model was asked."""
        return [run for runs in self.runs.values() for run in runs.values() if run.asked]

    @property
    def asked(self) -> int:
        return len(self.new)

    @property
    def left_out(self) -> int:
        """Runs that were to be asked and were not."""
        wanted = sum(case.runs for case in self.subject.cases)
        return wanted - sum(map(len, self.runs.values()))


class _Work(NamedTuple):
    place: int
    """Of the case among its subject's."""
    into: SubjectRuns
    case: AskedCase
    run: int
    estimator: Estimator
    known: Asked | None
    """What was measured before and is judged anew; None: the model is asked."""


@dataclass(kw_only=True)
class Runner:
    """Runs tests on one pipeline."""

    pipeline: Pipeline
    known: Mapping[ResultKey, CaseResult]
    keeping: Keeping
    purse: Purse
    environment: str = ""
    concurrency: int = 4
    turns: Turns = field(default_factory=Turns)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever wants no more to be asked; what is under way is given up."""
    on_run: Callable[[Measured], None] = lambda _: None
    keep_scores: bool = True
    """Whether new scores of earlier runs are kept."""
    recorded: Callable[[str], ChainCalls | None] = lambda _: None
    """The calls below a chain's call of an earlier test; None: they are not recorded. Blocks."""
    left_out: WhyLeftOut | None = None
    """Why something was not asked; None: everything was."""

    async def run(self, subjects: Sequence[Subject]) -> list[SubjectRuns]:
        """What becomes of the subjects, in their order. All cases are asked once, then again for
        the repeats, so that what is left out where money ends is repeats before cases."""
        all_runs = [SubjectRuns(subject=subject) for subject in subjects]
        to_ask: list[_Work] = []
        for runs in all_runs:
            estimator = Estimator.of(runs.subject.definition, runs.subject.models)
            for place, case, run in _in_order(runs.subject):
                known = self._known(runs.subject.key(case, run))
                before = None if known is None else await self._remembered(runs, case, known)
                if before is None or case.judged:
                    to_ask.append(_Work(place, runs, case, run, estimator, before))
                else:
                    await self._add_known(runs, case, before)
        # By repeats, not by subjects: what is compared is asked in turn, under the same weather.
        to_ask.sort(key=lambda work: (work.run, work.place))
        try:
            await self._ask_all(to_ask)
        finally:
            await self.keeping.flush()
        return all_runs

    def _known(self, key: ResultKey) -> CaseResult | None:
        result = self.known.get(key)
        return None if result is None or result.outcome in UNMEASURED else result

    async def _remembered(
        self, runs: SubjectRuns, case: AskedCase, known: CaseResult
    ) -> Asked | None:
        """What was measured before; None: it must be scored anew by what steps answered, and
        nobody remembers that."""
        subject = runs.subject
        by_steps = bool(case.steps) and _is_stale(known, case)
        below: ChainCalls | None = None
        if known.call_id is not None and (by_steps or subject.own is not None):
            below = await asyncio.to_thread(self.recorded, known.call_id)
        if by_steps and below is None:
            return None
        failed = [s.step for s in known.scores if s.name == DELIVERED and s.passed is False]
        return Asked(known, below=below, failed_step=failed[0] if failed else "")

    async def _add_known(self, runs: SubjectRuns, case: AskedCase, before: Asked) -> None:
        known = fresh = before.result
        if case.judged or _is_stale(known, case):
            fresh = await score(before, case, runs.subject.definition.chain)
        if fresh != known:
            runs.rescored += 1
            if self.keep_scores:
                await self.keeping.add(fresh)
        await self._add(runs, case, before._replace(result=fresh), asked=False)

    async def _ask_all(self, to_ask: list[_Work]) -> None:
        """
        Raises:
            Exception: whatever else than a call's own failure ended one of the workers.
        """
        waiting = iter(to_ask)
        number = min(self.concurrency, len(to_ask))
        everyone = _all([self._work(waiting) for _ in range(number)])
        working = asyncio.create_task(everyone)
        stopped = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self.left_out = "stopped"
        finally:
            working.cancel()
            stopped.cancel()
            ended, _ = await asyncio.gather(working, stopped, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended

    async def _work(self, waiting: Iterator[_Work]) -> None:
        for work in waiting:
            if self.left_out is not None:
                return
            with suppress(MaxCostReached):
                await self._ask(work)
            if self.purse.refused:  # this call, or a judge's
                self.left_out = "cost"

    async def _ask(self, work: _Work) -> None:
        runs, case = work.into, work.case
        if work.known is not None:
            await self._add_known(runs, case, work.known)
            return
        async with self.purse.reserve(work.estimator.estimate(case.input)) as ticket:
            async with self.turns.of(*runs.subject.models.values()):
                asked = await ask_once(
                    self.pipeline, runs.subject, case, work.run, environment=self.environment
                )
            ticket.cost_nusd = asked.result.cost_nusd
            work.estimator.learn(ticket.cost_nusd)
        # Outside: a judge takes money, too, and would wait for what this call has set aside.
        result = await score(asked, case, runs.subject.definition.chain)
        await self._add(runs, case, asked._replace(result=result), asked=True)
        await self.keeping.add(result)

    async def _add(self, runs: SubjectRuns, case: AskedCase, scored: Asked, *, asked: bool) -> None:
        result, below = scored.result, scored.below
        measured = Measured(result, asked=asked)
        own = runs.subject.own
        if own is not None and below is not None:
            against: list[Finding] = []
            if result.passed is False:
                against = await own.findings(runs.subject.definition, below.root, below.calls)
            measured = Measured(result, asked=asked, below=below, own=tuple(against))
        runs.runs.setdefault(case.question, {})[result.key.run] = measured
        self.on_run(measured)


def _is_stale(known: CaseResult, case: AskedCase) -> bool:
    """Whether its scores are not those of what is expected now."""
    return known.expected != case.expected or known.passed is None


async def _all(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Side by side, until all are done or one fails, which ends the others."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _in_order(subject: Subject) -> Iterator[tuple[int, AskedCase, int]]:
    for place, case in enumerate(subject.cases):
        yield from ((place, case, run) for run in range(case.runs))
