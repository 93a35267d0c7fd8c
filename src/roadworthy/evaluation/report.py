"""What a test found, as values: what ``--json`` writes. Other forms are made from it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from roadworthy.core import Outcome
from roadworthy.registry import Figures, Miss, Score, Share

__all__ = [
    "EXIT_STATUS",
    "BlameReport",
    "CaseReport",
    "CaseVerdict",
    "RecordedReport",
    "RepeatsReport",
    "Report",
    "RunReport",
    "Status",
    "StepBlame",
    "TaskReport",
]

CaseVerdict: TypeAlias = Literal["passed", "failed", "flaky", "unscored", "left_out"]
"""``flaky``: it passed in some runs and failed in others, which a gate counts as failed.
``unscored``: no run failed, and none has a verdict. ``left_out``: it was not asked."""
Status: TypeAlias = Literal["passed", "failed", "incomplete"]
EXIT_STATUS: dict[Status, int] = {"passed": 0, "failed": 1, "incomplete": 3}


class RunReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of one case."""

    run: int
    passed: bool | None
    """None: unscored."""
    outcome: Outcome
    value: Any = None
    error: str | None = None
    """Code and message of the error in place of a value."""
    scores: tuple[Score, ...] = ()
    latency_ms: float
    cost_usd: float | None = None
    call: str | None = None
    """`roadworthy call` shows it."""
    asked: bool = True
    """False: it was measured by an earlier test."""
    blamed: str = ""
    """The step of a chain that failed first; empty: nobody asked, or nothing explains it."""
    because: tuple[str, ...] = ()
    """What speaks against that step."""


class CaseReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case with its runs."""

    id: str
    verdict: CaseVerdict
    tags: tuple[str, ...] = ()
    weight: float = 1.0
    question: str = ""
    """Digest of its input."""
    runs: tuple[RunReport, ...] = ()
    wanted: int = 1
    """How many runs there were to be."""
    identical: float | None = None
    """Share of the runs that gave the most frequent answer; None: it ran once."""
    agreement: float | None = None
    """Share of the pairs of runs that gave the same answer."""
    as_recorded: bool | None = None
    """Whether every run answered as was recorded; None: nothing was, or it is no recorded call."""

    @property
    def failing(self) -> tuple[RunReport, ...]:
        return tuple(run for run in self.runs if run.passed is False)


class RepeatsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What repeats say, in the mean of the cases that ran more than once."""

    k: int
    """As many runs as each of these cases has, at least."""
    cases: int
    identical: float
    agreement: float
    fields: dict[str, float] = {}
    """Agreement by field of the output."""
    pass_at: list[float] = []
    """How likely at least one of 1, 2, … k runs passes."""
    pass_hat: list[float] = []
    """How likely all of 1, 2, … k runs pass."""


class StepBlame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a chain under test."""

    step: str
    task: str
    version: str
    """Of its task; ``working``, or the one that the chain pins."""
    runs: int = 0
    """In how many runs of the chain it ran, as far as their calls are recorded."""
    failing: int = 0
    """Failing runs of the chain in which something speaks against this step."""
    first: int = 0
    """Of these, the ones in which nothing speaks against a step before it."""
    share: Share | None = None
    """Of all failing runs of the chain, those that failed here first; None: none failed."""
    p50_ms: float | None = None
    p95_ms: float | None = None
    """Of the step, from its first item's beginning to its last one's end."""
    cost_usd: float | None = None
    """Mean of a run of the chain in which it ran; None: unknown."""


class BlameReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """At which step failing runs of a chain fail first."""

    failing: int
    """Runs of the chain."""
    steps: tuple[StepBlame, ...]
    """In topological order."""
    unexplained: int = 0
    """Failing runs in which nothing speaks against any step."""
    unexplained_cases: tuple[str, ...] = ()


class RecordedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked where recorded calls stand in for cases, and how often the answer is still
    the one of then."""

    calls: int
    """That the inputs stand for."""
    inputs: int
    """Different ones."""
    without_input: int = 0
    """Calls left out because their input was not kept."""
    same: Share | None = None
    """Runs that answer as was recorded, weighted by calls; None: nothing can be compared."""
    fields: dict[str, float] = {}
    """The same by field of the output."""


class TaskReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One state of one task."""

    task: str
    version: str
    """``1.4.0``, or ``working``."""
    definition: str
    """Digest of what may change an answer."""
    model: str
    """``provider/model``."""
    binding: str
    figures: Figures
    repeats: RepeatsReport | None = None
    cases: tuple[CaseReport, ...] = ()
    recorded: RecordedReport | None = None
    """None: the cases are those of the suite."""
    blame: BlameReport | None = None
    """None: it is no chain, or nobody asked."""
    gate: bool = False
    """Whether it has thresholds."""
    misses: tuple[Miss, ...] = ()
    """Thresholds that are not reached."""
    invalid: tuple[str, ...] = ()
    """Cases whose input this state does not accept."""
    partial: bool = False
    """Not all of its cases, or another number of runs, were asked for: the gate is not decided."""
    asked: int = 0
    """Runs for which the model was asked."""
    recalled: int = 0
    """Runs that an earlier test had measured."""
    rescored: int = 0
    """Of these, the ones that were scored anew, because something else is expected now."""
    left_out: int = 0
    cost_usd: float = 0.0
    """Of what was asked now, as far as it is known."""
    unpriced: int = 0
    """Runs asked now whose cost is not known."""

    @property
    def incomplete(self) -> bool:
        """Whether runs are missing, or without a verdict; where no case could be asked, all are."""
        return not self.cases or self.left_out > 0 or self.figures.unscored > 0

    @property
    def failing(self) -> tuple[CaseReport, ...]:
        return tuple(case for case in self.cases if case.verdict in ("failed", "flaky"))

    @property
    def decided(self) -> bool:
        """Whether the gate says something: it has thresholds, and all was asked that they take."""
        return self.gate and not self.partial and not self.left_out

    @property
    def status(self) -> Status:
        """With a gate, what it says; without one, whether every case passes."""
        if self.decided and self.misses:
            return "failed"
        if self.failing and (self.partial or not self.gate):
            return "failed"  # whatever is missing beside it
        return "incomplete" if self.incomplete else "passed"


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A whole test."""

    format: int = 1
    tasks: tuple[TaskReport, ...]
    environment: str = ""
    replayed: bool = False
    """Models were answered for by a cassette: nothing was kept as evidence."""
    left_out: Literal["cost", "stopped"] | None = None
    """Why something was not asked."""
    unkept: str | None = None
    """Why the results could not be kept as evidence; None: they were, or were not to be."""
    spent_usd: float = 0.0
    """Judges included."""
    judges_usd: float = 0.0
    judged: int = 0
    """How often judges were asked."""
    seconds: float = 0.0

    @property
    def status(self) -> Status:
        found = [task.status for task in self.tasks]
        if "failed" in found:
            return "failed"
        lacking = "incomplete" in found or self.left_out is not None or self.unkept is not None
        return "incomplete" if lacking else "passed"
