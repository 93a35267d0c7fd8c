"""Asks the cases of shortened prompts, chunk by chunk of cases, as far as the budget goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from roadworthy.core import NUSD_PER_USD
from roadworthy.evaluation.runner import SubjectRuns
from roadworthy.evaluation.session import Between, Options, Session
from roadworthy.evaluation.states import State
from roadworthy.evaluation.subjects import WORKING
from roadworthy.evaluation.trimming.report import TrimLeftOut
from roadworthy.registry import Registry
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition
from roadworthy.tasks.cases import question_digest, runs_of

__all__ = ["Bench", "Budget", "Pair", "Variant"]

Pair = tuple[Case, Suite]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What may be spent, the prompt as it is included."""

    questions: int | None = 1_000
    """Calls that are made; None: no limit. What was measured before is not asked again."""
    cost_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One state of the prompt."""

    label: str
    """Empty: as it is."""
    definition: TaskDefinition

    @property
    def version(self) -> str:
        return f"{WORKING}-{self.label}" if self.label else WORKING


@dataclass(kw_only=True)
class Bench:
    """Measures variants, and holds what was measured."""

    session: Session
    pairs: Sequence[Pair]
    """What is asked, in the order in which it is; the first ones decide early."""
    gate: Gate
    budget: Budget
    asked: int = 0
    recalled: int = 0
    unpriced: int = 0
    spent_nusd: int = 0
    seconds: float = 0.0
    latest_us: int = 0
    """When the latest run was measured."""
    left_out: TrimLeftOut | None = None
    """Why something was not asked."""
    _runs: dict[str, SubjectRuns] = field(default_factory=dict)
    _done: dict[str, int] = field(default_factory=dict)
    """By digest, how many of the pairs were asked."""
    _known: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    _between: Between = field(init=False)

    def __post_init__(self) -> None:
        self._between = Between(self.session.options)

    def runs_of(self, variant: Variant) -> SubjectRuns:
        """What was measured of it so far."""
        return self._runs[variant.definition.digest]

    def measured(self, variant: Variant) -> int:
        """How many of the pairs were asked of it."""
        return self._done.get(variant.definition.digest, 0)

    def questions(self, variant: Variant, upto: int) -> int:
        """How many calls it takes to have asked it the first pairs."""
        known = self._recalled(variant.definition)
        return sum(
            (question_digest(case), run) not in known
            for case, suite in self.pairs[self.measured(variant) : upto]
            for run in range(self._times(case, suite))
        )

    @property
    def questions_left(self) -> int | None:
        limit = self.budget.questions
        return None if limit is None else max(0, limit - self.asked)

    def affordable(self, variants: Sequence[Variant], upto: int, reserve: int = 0) -> list[Variant]:
        """As many of them, from the first on, as the questions last for that are left."""
        left = self.questions_left
        if left is None:
            return list(variants)
        found: list[Variant] = []
        left -= reserve
        for variant in variants:
            needed = self.questions(variant, upto)
            if needed > left:
                break
            left -= needed
            found.append(variant)
        return found

    async def measure(self, variants: Sequence[Variant], upto: int) -> None:
        """Ask each of them the first ``upto`` pairs, as far as that was not done.

        Raises:
            ProjectError: an expectation does not fit the task, or a model is not bound.
        """
        fresh = {v.definition.digest: v for v in variants if self.measured(v) < upto}
        if not fresh or self.ended():
            return
        states = [self._state(variant, upto) for variant in fresh.values()]
        session = replace(self.session, options=self._options(), between=self._between)

        def read(_: Registry | None) -> Sequence[State]:
            return states

        _, found = await session.measure(read, keep_scores=False)
        for variant, runs in zip(fresh.values(), found.runs, strict=True):
            self._add(variant.definition.digest, runs)
            if found.left_out is None:
                self._done[variant.definition.digest] = upto
        self.spent_nusd += found.spent_nusd
        self.seconds += found.seconds
        self.left_out = found.left_out or self.left_out

    def ended(self) -> bool:
        """Whether nothing can be asked any more."""
        return self.left_out is not None

    def close(self) -> None:
        """Write the cassette, if there is one to be written."""
        self._between.write()

    def _state(self, variant: Variant, upto: int) -> State:
        return State(
            definition=variant.definition,
            suite=Suite(),
            version=variant.version,
            gate=self.gate,
            beside=tuple(self.pairs[self.measured(variant) : upto]),
        )

    def _options(self) -> Options:
        limit = self.budget.cost_usd
        left = None if limit is None else max(0.0, limit - self.spent_nusd / NUSD_PER_USD)
        return replace(self.session.options, max_cost_usd=left)

    def _add(self, digest: str, runs: SubjectRuns) -> None:
        new = [measured.result for measured in runs.new]
        every = [run.result.at_us for of in runs.runs.values() for run in of.values()]
        self.latest_us = max([self.latest_us, *every])
        self.asked += len(new)
        self.recalled += sum(map(len, runs.runs.values())) - len(new)
        self.unpriced += sum(result.cost_nusd is None for result in new)
        known = self._runs.get(digest)
        if known is None:
            self._runs[digest] = runs
            return
        subject = replace(known.subject, cases=(*known.subject.cases, *runs.subject.cases))
        self._runs[digest] = replace(known, subject=subject, runs=known.runs | runs.runs)

    def _times(self, case: Case, suite: Suite) -> int:
        return self.session.options.selection.runs or runs_of(case, suite)

    def _recalled(self, definition: TaskDefinition) -> set[tuple[str, int]]:
        """Questions and runs that earlier tests measured."""
        digest = definition.digest
        if digest not in self._known:
            self._known[digest] = set()
            if self.session.options.recalls:
                with self.session.reading() as registry:
                    if registry is not None:
                        rows = self.session.earlier(registry, definition)
                        self._known[digest] = {(key.question, key.run) for key in rows}
        return self._known[digest]
