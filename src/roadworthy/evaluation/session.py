"""Where a test runs: earlier results from the registry, cases through the path of a call, results
back into the registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from roadworthy.core import NUSD_PER_USD
from roadworthy.core.errors import ProjectError
from roadworthy.evaluation.cassettes import Recording, Replay, read_cassette
from roadworthy.evaluation.expectations import PythonFunctions, Services
from roadworthy.evaluation.judges import Judge, Judges
from roadworthy.evaluation.keeping import Keeping
from roadworthy.evaluation.own_suites import OwnSuites
from roadworthy.evaluation.recorded import FromCalls
from roadworthy.evaluation.runner import Measured, Runner, SubjectRuns, WhyLeftOut
from roadworthy.evaluation.spending import Purse
from roadworthy.evaluation.states import State, bound_models, judge_definitions
from roadworthy.evaluation.step_runs import ChainCalls
from roadworthy.evaluation.subjects import Selection, Subject, subject_of
from roadworthy.evaluation.turns import Turns
from roadworthy.models import Model, Upstream
from roadworthy.models.embedders import Embedders
from roadworthy.pipeline import Pipeline
from roadworthy.pipeline.inprocess import in_process
from roadworthy.registry import Actor, CaseResult, Registry, ResultKey
from roadworthy.registry.binding import binding_of_task
from roadworthy.storage import StateFolder
from roadworthy.storage.recorded import recorded_tree
from roadworthy.tasks import Project, Suite, TaskDefinition

__all__ = ["Between", "Found", "OpenRegistry", "Options", "Session", "Watch"]

OpenRegistry: TypeAlias = Callable[[], AbstractContextManager[Registry]]
"""Opens the registry for as long as a block takes, so that others can use it in between."""


class Watch(Protocol):
    """Who looks on while a test runs."""

    def plan(self, runs: int) -> None:
        """So many runs there will be, those that are known already included."""
        ...

    def run(self, measured: Measured) -> None:
        """One of them is done."""
        ...


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to test."""

    selection: Selection = field(default_factory=Selection)
    concurrency: int = 4
    max_cost_usd: float | None = None
    use_earlier: bool = True
    """Take runs that were measured before."""
    record: Path | None = None
    """Write what models say into this cassette."""
    replay: Path | None = None
    """Answer from this cassette in place of models."""
    channel: str = "production"
    """Whose gate is asked, and whose cases are asked beside a version's own."""
    blame: bool = False
    """Say of each failing run of a chain which step failed first."""
    from_calls: FromCalls | None = None
    """Ask what recorded calls asked, in place of cases. Nothing of it is kept: results are kept
    for good, and the texts of calls are not."""

    @property
    def partial(self) -> bool:
        """Whether less is asked than a gate takes."""
        chosen = bool(self.selection.tags) or self.selection.runs is not None
        return chosen or self.from_calls is not None

    @property
    def recalls(self) -> bool:
        """Whether runs of earlier tests are taken. A cassette is to hold all that is asked, and to
        be asked all."""
        return self.use_earlier and self.record is None and self.replay is None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was measured, state by state."""

    runs: tuple[SubjectRuns, ...]
    spent_nusd: int
    """Judges included."""
    judges_nusd: int
    judged: int
    left_out: WhyLeftOut | None
    unkept: str | None
    """Why results could not be kept; None: they were."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What there is before anything is asked."""

    states: Sequence[State]
    judges: Mapping[str, TaskDefinition]
    known: dict[ResultKey, CaseResult]


class Between:
    """What stands between the path and the models: a cassette that is written or read, or nothing.

    Raises:
        InvalidInput: the cassette cannot be read.
    """

    def __init__(self, options: Options) -> None:
        self._record = options.record
        self._recording: Recording | None = None
        self._replay: Replay | None = None
        self.models: Upstream | None = None
        """The models themselves, if they are asked."""
        if options.replay is not None:
            self._replay = Replay(read_cassette(options.replay), name=str(options.replay))

    def __call__(self, upstream: Upstream) -> Upstream:
        if self._replay is not None:
            return self._replay
        self.models = upstream
        if self._record is None:
            return upstream
        if self._recording is None:
            self._recording = Recording(upstream)
        return self._recording.over(upstream)

    def write(self) -> None:
        """Write the cassette, if there is one to be written."""
        if self._record is not None and self._recording is not None:
            self._recording.write(self._record)


@dataclass(frozen=True, kw_only=True)
class Session:
    """One test of a project."""

    project: Project
    options: Options = field(default_factory=Options)
    registry: OpenRegistry | None = None
    """None: nothing is taken from earlier tests, nothing is kept, and only working copies can be
    tested."""
    by: Actor = field(default_factory=lambda: Actor(name="test"))
    stop: asyncio.Event | None = None
    """Set by whoever wants no more to be asked; what was measured is kept."""
    watch: Watch | None = None
    between: Between | None = None
    """Of several measurements that make up one test, and share a cassette: whoever makes them
    writes it at the end. None: each has its own."""

    @contextmanager
    def reading(self) -> Iterator[Registry | None]:
        """The registry, if there is one, until the block ends."""
        if self.registry is None:
            yield None
            return
        with self.registry() as registry:
            yield registry

    async def measure(
        self,
        read: Callable[[Registry | None], Sequence[State]],
        *,
        keep_scores: bool = True,
    ) -> tuple[Sequence[State], Found]:
        """Ask what the states that are ``read`` are to be asked. ``keep_scores`` False keeps new
        runs, but not new scores of earlier ones.

        Raises:
            ProjectError: an expectation does not fit its task, or a model is not bound.
            InvalidInput: the cassette cannot be read.
        """
        ground = await asyncio.to_thread(self._read, read)
        between = self.between or Between(self.options)
        definitions = {s.reference: s.definition for s in ground.states} | dict(ground.judges)
        try:
            async with in_process(
                self.project, self.state_folder, name="test", definitions=definitions, wrap=between
            ) as pipeline:
                turns = Turns(between.models)
                return ground.states, await self._ask(pipeline, ground, turns, keep_scores)
        finally:
            if self.between is None:
                between.write()

    @property
    def state_folder(self) -> Path:
        """Where the project's calls are recorded."""
        return (self.project.root / self.project.settings.store.path).resolve()

    @property
    def _keeps(self) -> bool:
        # What a cassette says is no evidence.
        evidence = self.options.replay is None and self.options.from_calls is None
        return self.registry is not None and evidence

    def _read(self, read: Callable[[Registry | None], Sequence[State]]) -> _Ground:
        with self.reading() as registry:
            states = read(registry)
            judges = judge_definitions(self.project, states, registry)
            known: dict[ResultKey, CaseResult] = {}
            if registry is not None and self.options.recalls:
                for definition in (*(state.definition for state in states), *judges.values()):
                    known |= self.earlier(registry, definition)
        return _Ground(states=states, judges=judges, known=known)

    def earlier(
        self, registry: Registry, definition: TaskDefinition
    ) -> dict[ResultKey, CaseResult]:
        """What earlier tests measured of this definition on the models that it asks here."""
        models = bound_models(self.project, definition)
        binding = binding_of_task(definition, models.__getitem__)
        rows = registry.results(definition.name, definition=definition.digest, binding=binding)
        return {row.key: row for row in rows}

    async def _ask(
        self, pipeline: Pipeline, ground: _Ground, turns: Turns, keep_scores: bool
    ) -> Found:
        clock = asyncio.get_running_loop().time
        started_s, options = clock(), self.options
        limit = options.max_cost_usd
        purse = Purse(limit_nusd=None if limit is None else round(limit * NUSD_PER_USD))
        keeping = Keeping(keep=self._keep if self._keeps else None)
        judges = Judges(
            judges={
                reference: Judge(definition=judge, models=_models(pipeline, self.project, judge))
                for reference, judge in ground.judges.items()
            },
            pipeline=pipeline,
            purse=purse,
            known=ground.known,
            keep=keeping.add,
            environment=self.project.environment,
            turns=turns,
        )
        embedders = Embedders(self.project.models)
        subjects = [
            self._subject(pipeline, state, judges, embedders=embedders) for state in ground.states
        ]
        asked = [s.models for s in subjects] + [j.models for j in judges.judges.values()]
        self._check_prices([model for models in asked for model in models.values()])
        if self.watch is not None:
            self.watch.plan(sum(case.runs for subject in subjects for case in subject.cases))
        runner = Runner(
            pipeline=pipeline,
            known=ground.known,
            keeping=keeping,
            purse=purse,
            environment=self.project.environment,
            concurrency=options.concurrency,
            turns=turns,
            stop=self.stop or asyncio.Event(),
            on_run=_ignore if self.watch is None else self.watch.run,
            keep_scores=keep_scores,
            recorded=self._recorded,
        )
        try:
            runs = await runner.run(subjects)
        finally:
            await judges.close()
            await embedders.close()
        return Found(
            runs=tuple(runs),
            spent_nusd=purse.spent_nusd,
            judges_nusd=judges.cost_nusd,
            judged=judges.asked,
            left_out=runner.left_out,
            unkept=keeping.failure,
            seconds=clock() - started_s,
        )

    def _subject(
        self, pipeline: Pipeline, state: State, judges: Judges, *, embedders: Embedders
    ) -> Subject:
        def services(suite: Suite) -> Services:
            python = PythonFunctions(suite, root=self.project.root, task=state.task)
            return Services(
                ask_task=judges.ask,
                definition=judges.definition,
                embed=embedders.embed,
                python=python,
            )

        subject = subject_of(
            state.definition,
            state.suite,
            version=state.version,
            models=_models(pipeline, self.project, state.definition),
            services=services,
            selection=self.options.selection,
            beside=state.beside,
        )
        if state.own is None:
            return subject
        return replace(subject, own=OwnSuites(suites=state.own, services=services))

    def _recorded(self, call: str) -> ChainCalls | None:
        found = recorded_tree(StateFolder(self.state_folder), call)
        return None if found is None else ChainCalls.of(*found)

    def _keep(self, results: Sequence[CaseResult]) -> None:
        assert self.registry is not None
        with self.registry() as registry:
            registry.record(results, self.by)

    def _check_prices(self, models: Iterable[Model]) -> None:
        if self.options.max_cost_usd is None or self.options.replay is not None:
            return
        unpriced = sorted({model.name for model in models if model.price is None})
        if unpriced:
            named = ", ".join(unpriced)
            raise ProjectError(
                [
                    f"--max-cost cannot be kept: the price of {named} is not known; state it in"
                    f" models.toml under [models.{unpriced[0]}.price]"
                ]
            )


def _models(pipeline: Pipeline, project: Project, definition: TaskDefinition) -> dict[str, Model]:
    """The models with their prices, which the pipeline has looked up."""
    bind = pipeline.state().model
    bound = bound_models(project, definition)
    return {name: bind(name) or model for name, model in bound.items()}


def _ignore(_: Measured) -> None:
    """Nobody looks on."""
