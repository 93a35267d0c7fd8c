"""Leaves out each part of a prompt in turn, then what can go together, and proposes a patch.

Every shortened prompt is a definition of its own that is asked the task's cases through the path of
a call, like any version, so that its results are kept, and a test that ended early goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from roadworthy.core.errors import InvalidInput, ProjectError
from roadworthy.evaluation.lint.places import Places
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.evaluation.lint.weights import lengths_of
from roadworthy.evaluation.session import Session
from roadworthy.evaluation.spending import Estimator
from roadworthy.evaluation.states import State, bound_models, read_state, require_cases
from roadworthy.evaluation.subjects import WORKING
from roadworthy.evaluation.summary import task_report
from roadworthy.evaluation.trimming.bench import Bench, Budget, Pair, Variant
from roadworthy.evaluation.trimming.judging import Judged, Terms, judge
from roadworthy.evaluation.trimming.parts import Part, parts_of, still_asks, without
from roadworthy.evaluation.trimming.patch import patch_of
from roadworthy.evaluation.trimming.prompt_files import PromptFiles, read_prompt_files
from roadworthy.evaluation.trimming.report import (
    Proposal,
    TrimLeftOut,
    TrimPart,
    TrimPlan,
    TrimReport,
)
from roadworthy.evaluation.trimming.search import largest_set
from roadworthy.models import Model, with_price
from roadworthy.models.tokens import counter_of
from roadworthy.registry.binding import describe_task_binding
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.cases import case_input, question_digest, runs_of

__all__ = ["Budget", "Wish", "plan_trim", "run_trim"]

_FEWEST_CASES = 10
"""On which a part is judged early."""
_FEWEST_TOGETHER = 2
_PASSES_KEPT = 3
"""Questions set aside for combinations, in passes over all cases; a third of the budget at most."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to shorten, and on which terms."""

    task: str
    budget: Budget = field(default_factory=Budget)
    tolerance: float = 0.02
    """Share of the cases that a shorter prompt may lose, in the balance."""
    calls_a_month: float | None = None
    volume: str = ""
    """Where that figure comes from."""


def plan_trim(session: Session, wish: Wish) -> TrimPlan:
    """What would be asked; nothing is.

    Raises:
        UnknownTask: there is no such task.
        InvalidInput: it has no prompt, or no case.
    """
    trim = _Trim(session, wish)
    variants = [trim.base, *(trim.variant([part]) for part in trim.parts)]
    known = {variant.definition.digest: variant for variant in variants}.values()
    everything = len(trim.bench.pairs)
    questions = sum(trim.bench.questions(variant, everything) for variant in known)
    return TrimPlan(
        task=wish.task,
        model=trim.model_name,
        estimated=trim.counter.estimated,
        tokens=trim.whole_tokens,
        parts=tuple(trim.parts_shown({})),
        cases=everything,
        runs=trim.runs,
        questions=questions,
        usd=trim.cost_usd(questions),
        calls_a_month=wish.calls_a_month,
        volume=wish.volume,
    )


async def run_trim(session: Session, wish: Wish) -> TrimReport:
    """What can go, as far as the budget tells.

    Raises:
        UnknownTask: there is no such task.
        ProjectError: an expectation does not fit it, or its model is not bound.
        InvalidInput: it has no prompt or no case, or the budget is too small to ask it as it is.
    """
    trim = _Trim(session, wish)
    try:
        await trim.run()
    finally:
        trim.bench.close()
    return trim.report()


class _Trim:
    """One task on its way to a shorter prompt."""

    def __init__(self, session: Session, wish: Wish) -> None:
        state = _state(session, wish.task)
        self.wish = wish
        self.session = session
        self.files: PromptFiles = read_prompt_files(session.project, state.definition)
        self.parts = parts_of(self.files)
        self._variants: dict[tuple[int, ...], Variant] = {}
        self.terms = Terms(gate=state.gate, tolerance=wish.tolerance)
        self.base = Variant(label="", definition=state.definition)
        self.state = state
        models = bound_models(session.project, state.definition)
        self.models = {name: with_price(model) for name, model in models.items()}
        self.model: Model | None = self.models.get(state.definition.model)
        self.model_name = describe_task_binding(state.definition, self.models.__getitem__)
        self.counter = counter_of(self.model)
        self.bench = Bench(
            session=session, pairs=_pairs(session, state), gate=state.gate, budget=wish.budget
        )
        self.whole_tokens = self._tokens(state.definition)
        self.tokens = {part.number: self._saved([part]) for part in self.parts}
        self.judged: dict[int, Judged] = {}
        self.tried = 0
        self.proposed: list[Part] = []
        self.together: Judged | None = None
        self.left_out: TrimLeftOut | None = None

    @property
    def runs(self) -> int:
        """How many calls one pass over all cases is."""
        times = self.session.options.selection.runs
        return sum(times or runs_of(case, suite) for case, suite in self.bench.pairs)

    def variant(self, parts: Sequence[Part]) -> Variant:
        """The prompt without these parts; raises ProjectError if that is none."""
        numbers = tuple(sorted(part.number for part in parts))
        if numbers not in self._variants:
            definition = self.files.with_texts(without(self.files.texts, parts))
            if not still_asks(self.base.definition, definition):
                raise ProjectError(["a required input is not shown any more"])
            label = "without-" + "-".join(map(str, numbers))
            self._variants[numbers] = Variant(label=label, definition=definition)
        return self._variants[numbers]

    async def run(self) -> None:
        everything = len(self.bench.pairs)
        if not self.bench.affordable([self.base], everything):
            needed = self.bench.questions(self.base, everything)
            raise InvalidInput(
                f"the prompt as it is takes {needed} questions, and the budget is"
                f" {self.wish.budget.questions}; raise --max-questions, or choose cases with --tag"
            )
        await self.bench.measure([self.base], everything)
        if self.bench.measured(self.base) < everything:
            self.left_out = self.bench.left_out
            return
        longest_first = sorted(self.parts, key=lambda part: -self.tokens[part.number])
        waiting = await self._alone(longest_first, self._reserve())
        if sum(map(self._is_spare, self.parts)) < _FEWEST_TOGETHER:
            waiting = await self._alone(waiting, 0)  # there is nothing to combine
        if waiting and not self.bench.ended():
            self.left_out = "questions"
        spare = [part for part in self.parts if self._is_spare(part)]
        spare.sort(key=self._safest_first)
        self.proposed = await largest_set(spare, self._together)
        if self.proposed:
            variant = self.variant(self.proposed)
            self.together = self._judge(variant, everything)
        self.left_out = self.bench.left_out or self.left_out

    async def _alone(self, waiting: list[Part], reserve: int) -> list[Part]:
        """Each part left out by itself, as far as the questions last; what is plainly needed is
        asked no further. Gives those that were not asked."""
        everything = len(self.bench.pairs)
        while waiting:
            variants = {part.number: self.variant([part]) for part in waiting}
            chosen = self.bench.affordable(list(variants.values()), everything, reserve)
            if not chosen or self.bench.ended():
                break
            now, waiting = waiting[: len(chosen)], waiting[len(chosen) :]
            active = now
            for upto in _boundaries(everything):
                await self.bench.measure([variants[part.number] for part in active], upto)
                for part in active:
                    if self.bench.measured(variants[part.number]) >= upto:
                        self.judged[part.number] = self._judge(variants[part.number], upto)
                active = [part for part in active if self._open(part)]
        return waiting

    async def _together(self, parts: Sequence[Part]) -> bool | None:
        """Whether these can go together; None: that cannot be asked any more."""
        everything = len(self.bench.pairs)
        try:
            variant = self.variant(parts)
        except ProjectError:
            return False
        if not self.bench.affordable([variant], everything):
            self.left_out = self.left_out or "questions"
            return None
        self.tried += 1
        for upto in _boundaries(everything):
            await self.bench.measure([variant], upto)
            if self.bench.measured(variant) < upto:
                return None
            verdict = self._judge(variant, upto).verdict
            if verdict == "needed":
                return False
        return verdict == "spare"

    def _judge(self, variant: Variant, upto: int) -> Judged:
        whole = upto == len(self.bench.pairs)
        before, after = self.bench.runs_of(self.base), self.bench.runs_of(variant)
        return judge(before, after, self.terms, whole=whole)

    def _open(self, part: Part) -> bool:
        judged = self.judged.get(part.number)
        return judged is not None and judged.verdict != "needed"

    def _is_spare(self, part: Part) -> bool:
        judged = self.judged.get(part.number)
        whole = self.bench.measured(self.variant([part])) == len(self.bench.pairs)
        return whole and judged is not None and judged.verdict == "spare"

    def _safest_first(self, part: Part) -> tuple[float, float, int]:
        # Of equals the later one: an example is a copy of the one before it.
        return (
            -self.judged[part.number].difference,
            -self.tokens[part.number],
            -part.number,
        )

    def _reserve(self) -> int:
        """Questions that combinations will need."""
        limit = self.wish.budget.questions
        return 0 if limit is None else min(_PASSES_KEPT * self.runs, limit // 3)

    def _tokens(self, definition: TaskDefinition) -> float | None:
        subject = Subject(
            definition=definition,
            suite=self.state.suite,
            model=self.model,
            counter=self.counter,
            places=Places(None, definition.name),
            root=self.session.project.root,
        )
        return lengths_of(subject).mean

    def _saved(self, parts: Sequence[Part]) -> float:
        """What a call is shorter by, in the mean of the cases."""
        after = self._tokens(self.variant(parts).definition)
        if self.whole_tokens is None or after is None:  # no case can be rendered by itself
            return sum(self.counter.count(part.text) for part in parts)
        return round(self.whole_tokens - after, 1)

    def cost_usd(self, questions: int) -> float | None:
        """What so many calls may cost at most, about; None: a price is not known."""
        if any(model.price is None for model in self.models.values()) or not self.bench.pairs:
            return None
        estimator = Estimator.of(self.base.definition, self.models)
        estimates = [
            estimator.estimate(case_input(case, self.base.definition))
            for case, _ in self.bench.pairs
        ]
        return questions * sum(estimates) / len(estimates) / 1e9

    def usd_a_month(self, tokens: float) -> float | None:
        """What so many tokens less of input save at list price."""
        price = None if self.model is None else self.model.price
        if price is None or self.wish.calls_a_month is None:
            return None
        return tokens * price.input_usd / 1e6 * self.wish.calls_a_month

    def parts_shown(self, judged: dict[int, Judged]) -> list[TrimPart]:
        """The parts in their order, with what was found of them."""
        proposed = {part.number for part in self.proposed}
        found = []
        for part in self.parts:
            tokens = self.tokens[part.number]
            shown = TrimPart(
                number=part.number,
                kind=part.kind,
                name=part.name,
                file=part.file,
                line=part.line,
                tokens=tokens,
                proposed=part.number in proposed,
                usd_a_month=self.usd_a_month(tokens),
            )
            verdict = judged.get(part.number)
            found.append(shown if verdict is None else self._with(shown, part, verdict))
        return found

    def _with(self, shown: TrimPart, part: Part, judged: Judged) -> TrimPart:
        compared = judged.compared
        unfinished = self.bench.measured(self.variant([part])) < len(self.bench.pairs)
        return msgspec.structs.replace(
            shown,
            verdict="unmeasured" if unfinished and judged.verdict == "spare" else judged.verdict,
            cases=compared.cases,
            pass_rate=compared.pass_rate,
            reason=judged.reason,
            worse=tuple(case.id for case in compared.worse),
            better=tuple(case.id for case in compared.better),
        )

    def report(self) -> TrimReport:
        bench, parts = self.bench, tuple(self.parts_shown(self.judged))
        left_out = self.left_out
        if left_out is None and any(part.verdict == "unmeasured" for part in parts):
            left_out = "questions"
        base = (
            task_report(bench.runs_of(self.base), gate=self.state.gate)
            if bench.asked + bench.recalled
            else None
        )
        return TrimReport(
            task=self.wish.task,
            definition=self.base.definition.digest,
            at_us=bench.latest_us,
            model=self.model_name,
            estimated=self.counter.estimated,
            tokens=self.whole_tokens,
            calls_a_month=self.wish.calls_a_month,
            volume=self.wish.volume,
            cases=len(bench.pairs),
            pass_rate=None if base is None else base.figures.pass_rate,
            gate=base is not None and base.gate,
            misses=() if base is None else tuple(miss.message for miss in base.misses),
            tolerance=self.wish.tolerance,
            parts=parts,
            proposal=self._proposal(),
            tried=self.tried,
            asked=bench.asked,
            recalled=bench.recalled,
            max_questions=self.wish.budget.questions,
            max_cost_usd=self.wish.budget.cost_usd,
            spent_usd=bench.spent_nusd / 1e9,
            unpriced=bench.unpriced,
            left_out=left_out,
            replayed=self.session.options.replay is not None,
            seconds=round(bench.seconds, 3),
        )

    def _proposal(self) -> Proposal | None:
        judged = self.together
        if judged is None or judged.compared.pass_rate is None:
            return None
        compared, tokens = judged.compared, self._saved(self.proposed)
        assert compared.pass_rate is not None
        after = without(self.files.texts, self.proposed)
        return Proposal(
            parts=tuple(sorted(part.number for part in self.proposed)),
            definition=self.files.with_texts(after).digest,
            tokens=tokens,
            usd_a_month=self.usd_a_month(tokens),
            pass_rate=compared.pass_rate,
            figures=compared.figures,
            worse=tuple(case.id for case in compared.worse),
            better=tuple(case.id for case in compared.better),
            patch=patch_of(self.files.texts, after),
        )


def _state(session: Session, task: str) -> State:
    """The working copy, which must have a prompt and cases."""
    state = read_state(session.project, task, WORKING, None)
    if state.definition.chain is not None:
        steps = ", ".join(dict.fromkeys(step.task for step in state.definition.chain.steps))
        raise InvalidInput(f"{task} is a chain and has no prompt; shorten its steps': {steps}")
    if not state.definition.templates:
        raise InvalidInput(f"{task} has no prompt that could be shorter: its rules answer")
    require_cases([state], session.options.selection.tags)
    return state


def _pairs(session: Session, state: State) -> list[Pair]:
    """The cases that are asked, in an order that has nothing to do with the file's: the first ones
    decide early."""
    tags = set(session.options.selection.tags)
    found: dict[str, Pair] = {}
    for case in state.suite.cases:
        if not tags or tags & set(case.tags):
            found.setdefault(question_digest(case), (case, state.suite))
    return [found[question] for question in sorted(found)]


def _boundaries(cases: int) -> list[int]:
    """After how many cases a part is judged: a quarter, half, all; not of a few."""
    steps = {max(_FEWEST_CASES, cases // 4), max(_FEWEST_CASES, cases // 2), cases}
    return sorted(step for step in steps if step <= cases)
