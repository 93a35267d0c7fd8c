"""Tests that run on a pipeline over a scripted upstream, with a registry in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from pipelines import MODEL, TRIAGE
from roadworthy.core import Settings, SystemClock
from roadworthy.core.errors import UpstreamUnavailable
from roadworthy.evaluation.expectations import Services
from roadworthy.evaluation.judges import Judge, Judges
from roadworthy.evaluation.keeping import Keeping
from roadworthy.evaluation.runner import Runner, SubjectRuns
from roadworthy.evaluation.spending import Purse
from roadworthy.evaluation.subjects import WORKING, Selection, Subject, subject_of
from roadworthy.evaluation.summary import task_report
from roadworthy.models import Ask, Model, Reply
from roadworthy.pipeline import Pipeline, compile_state
from roadworthy.registry import CaseResult, ResultKey
from roadworthy.tasks import (
    Case,
    Gate,
    Snapshot,
    Suite,
    TaskDefinition,
    Template,
    definition_digest,
)
from roadworthy.testing import Answer, MemoryJournal, ScriptedUpstream

TASK = msgspec.structs.replace(TRIAGE, digest=definition_digest(TRIAGE))
TONE = TaskDefinition(
    name="tone",
    digest="d-tone",
    model="scripted",
    input_schema={"type": "object", "properties": {"output": {"type": "string"}}},
    output_schema={
        "type": "object",
        "properties": {"score": {"type": "number", "minimum": 0, "maximum": 1}},
        "required": ["score"],
    },
    templates=(Template(role="user", source="Judge: {{ output }}", file="user.md"),),
    stream="buffered",
)


def said(sentiment: str) -> str:
    return f'{{"sentiment":"{sentiment}","confidence":0.5}}'


def of_comment(_: Model, ask: Ask) -> str:
    """Judges are asked by another schema."""
    if ask.structured is not None and "score" in ask.structured.schema.get("properties", {}):
        return '{"score": 0.9}'
    return said("positive" if "good" in str(ask.messages[-1]["content"]) else "negative")


def case(comment: str, sentiment: str = "positive", **more: Any) -> Case:
    given = {"id": comment, "input": {"comment": comment}, "expect": {"sentiment": sentiment}}
    return msgspec.convert(given | more, Case)


class _Upstream(ScriptedUpstream):
    def __init__(self, answers: Sequence[Answer], bench: Bench) -> None:
        super().__init__(answers)
        self.bench = bench

    async def send(self, model: Model, ask: Ask) -> Reply:
        if len(self.asked) == self.bench.stops_after:
            self.bench.runner.stop.set()
            await asyncio.Event().wait()
        return await super().send(model, ask)


@dataclass
class Bench:
    """One task under test."""

    answers: Sequence[Answer] = (of_comment,)
    stops_after: int | None = None
    """Somebody presses Ctrl-C while the next question waits for its answer."""
    kept: dict[ResultKey, CaseResult] = field(default_factory=dict)
    known: dict[ResultKey, CaseResult] = field(default_factory=dict)
    limit_nusd: int | None = None
    runs: int | None = None
    upstream: ScriptedUpstream = field(init=False)
    runner: Runner = field(init=False)
    judges: Judges = field(init=False)

    def test(self, suite: Suite) -> SubjectRuns:
        async def go() -> SubjectRuns:
            self.prepare()
            (runs,) = await self.runner.run([self.subject(suite)])
            await self.judges.close()
            return runs

        return asyncio.run(go())

    def prepare(self) -> None:
        self.upstream = _Upstream(self.answers, self)
        state = compile_state(
            Snapshot(
                revision="r",
                settings=Settings(),
                tasks={"triage": TASK, "tone": TONE},
                models={"scripted": MODEL},
            ),
            {},
        )
        pipeline = Pipeline(
            state=lambda: state,
            upstream=self.upstream,
            journal=MemoryJournal(),
            clock=SystemClock(),
        )
        keeping = Keeping(keep=self.keep)
        purse = Purse(limit_nusd=self.limit_nusd)
        known = {**self.known}
        self.judges = Judges(
            judges={"tone": Judge(definition=TONE, models={"scripted": MODEL})},
            pipeline=pipeline,
            purse=purse,
            known=known,
            keep=keeping.add,
        )
        self.runner = Runner(pipeline=pipeline, known=known, keeping=keeping, purse=purse)

    def keep(self, results: Iterable[CaseResult]) -> None:
        self.kept |= {result.key: result for result in results}

    def subject(self, suite: Suite) -> Subject:
        services = Services(ask_task=self.judges.ask, definition=self.judges.definition)
        return subject_of(
            TASK,
            suite,
            version=WORKING,
            models={"scripted": MODEL},
            services=lambda _: services,
            selection=Selection(runs=self.runs),
        )

    def again(self, suite: Suite) -> tuple[Bench, SubjectRuns]:
        """The same with what this one has kept."""
        other = Bench(answers=self.answers, known=self.kept)
        return other, other.test(suite)


def verdicts(runs: SubjectRuns) -> dict[str, bool | None]:
    return {
        measured.result.case_id: measured.result.passed
        for of_case in runs.runs.values()
        for measured in of_case.values()
    }


SUITE = Suite(cases=(case("good"), case("bad"), case("fine", "negative")))
JUDGED = Suite(cases=(case("good"), case("very good")), checks=({"judge": "tone", "min": 0.7},))


def test_every_case_is_asked_scored_and_kept() -> None:
    bench = Bench()
    assert verdicts(bench.test(SUITE)) == {"good": True, "bad": False, "fine": True}
    assert {result.case_id for result in bench.kept.values()} == {"good", "bad", "fine"}
    assert all(result.cost_nusd for result in bench.kept.values())


def test_what_is_known_is_not_asked() -> None:
    bench = Bench()
    bench.test(SUITE)
    other, runs = bench.again(Suite(cases=(*SUITE.cases, case("good too"))))
    assert len(other.upstream.asked) == runs.asked == 1
    assert len(verdicts(runs)) == 4


def test_a_case_whose_tags_and_name_change_keeps_its_runs() -> None:
    bench = Bench()
    bench.test(SUITE)
    renamed = msgspec.structs.replace(SUITE.cases[0], id="other", tags=["new"], weight=2.0)
    other, runs = bench.again(Suite(cases=(renamed,)))
    assert not other.upstream.asked
    assert [case.id for case in task_report(runs, gate=Gate()).cases] == ["other"]


def test_a_provider_that_is_away_leaves_cases_unscored_and_they_are_asked_again() -> None:
    bench = Bench(answers=[UpstreamUnavailable("away")])
    runs = bench.test(SUITE)
    assert set(verdicts(runs).values()) == {None}
    report = task_report(runs, gate=Gate())
    assert report.status == "incomplete"
    other = Bench(known=bench.kept)
    other.test(SUITE)
    assert len(other.upstream.asked) == 3


def test_repeats_are_told_apart_and_a_case_that_wavers_is_named() -> None:
    bench = Bench(answers=[said("positive"), said("negative")], runs=3)
    report = task_report(bench.test(Suite(cases=(case("good"),))), gate=Gate())
    (found,) = report.cases
    assert found.verdict == "flaky"
    assert report.figures.flaky == ("good",)
    assert report.repeats is not None
    assert report.repeats.pass_at == pytest.approx([1 / 3, 2 / 3, 1])
    assert report.repeats.pass_hat == pytest.approx([1 / 3, 0, 0])
    assert report.repeats.fields == pytest.approx({"sentiment": 1 / 3, "confidence": 1})
    assert report.status == "failed"


def test_all_cases_are_asked_once_before_any_is_asked_twice() -> None:
    bench = Bench(runs=2)
    bench.test(SUITE)
    asked = [str(ask.messages[-1]["content"]) for _, ask in bench.upstream.asked]
    assert set(asked[:3]) == set(asked[3:]) == {"Comment: good", "Comment: bad", "Comment: fine"}


def test_a_stop_keeps_what_was_measured_and_gives_up_the_rest() -> None:
    bench = Bench(stops_after=2)
    runs = bench.test(SUITE)
    assert bench.runner.left_out == "stopped"
    assert len(bench.kept) == len(verdicts(runs)) == 2
    assert runs.left_out == 1
    _, rest = bench.again(SUITE)
    assert (rest.asked, rest.left_out) == (1, 0)


def test_a_judge_scores_answers_once_for_equal_ones_and_is_remembered() -> None:
    bench = Bench()
    runs = bench.test(JUDGED)
    assert verdicts(runs) == {"good": True, "very good": True}
    assert bench.judges.asked == 1  # both answers are the same
    other, again = bench.again(JUDGED)
    assert other.upstream.asked == []
    assert again.rescored == 0


def test_a_judge_that_changed_is_asked_anew_and_the_model_is_not() -> None:
    bench = Bench()
    bench.test(JUDGED)
    changed = {key: row for key, row in bench.kept.items() if key.task != "tone"}
    other = Bench(answers=['{"score": 0.1}'], known=changed)
    runs = other.test(JUDGED)
    assert verdicts(runs) == {"good": False, "very good": False}
    assert (other.judges.asked, runs.asked, runs.rescored) == (1, 0, 2)


def test_a_judge_that_fails_leaves_the_case_unscored() -> None:
    def failing(model: Model, ask: Ask) -> str:
        text = of_comment(model, ask)
        return "no score at all" if "score" in text else text

    assert set(verdicts(Bench(answers=[failing]).test(JUDGED)).values()) == {None}


def test_a_judge_shares_the_limit_and_nobody_waits_for_ever() -> None:
    bench = Bench(limit_nusd=100_000)
    runs = bench.test(JUDGED)
    assert bench.runner.left_out == "cost"
    assert bench.runner.purse.spent_nusd <= 100_000
    assert len(verdicts(runs)) < 2 or None in verdicts(runs).values()


def test_a_case_that_the_task_does_not_take_is_named_and_not_asked() -> None:
    bench = Bench()
    suite = Suite(cases=(case("good"), Case(id="old", input={"text": "x"})))
    runs = bench.test(suite)
    assert runs.subject.invalid == ("old",)
    assert len(bench.upstream.asked) == 1


def test_a_bug_in_keeping_ends_the_test_loudly() -> None:
    bench = Bench()

    def broken(_: Iterable[CaseResult]) -> None:
        raise RuntimeError("disk")

    bench.keep = broken  # type: ignore[assignment, method-assign]
    with pytest.raises(RuntimeError, match="disk"):
        bench.test(SUITE)
