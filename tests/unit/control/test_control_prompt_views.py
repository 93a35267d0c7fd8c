from __future__ import annotations

from typing import Any

import msgspec
import pytest
from fixed_registry import NOW_US, row_of, version_of

from roadworthy.control.prompts.block_page import block_lines, block_view
from roadworthy.control.prompts.channel_page import (
    behind_of,
    channel_cards,
    move_line,
    told_move,
    weighing_of,
)
from roadworthy.control.prompts.playground_page import compared_values
from roadworthy.control.prompts.prompt_figures import evidence_view, figure_rows, percent_of
from roadworthy.control.prompts.task_states import task_states
from roadworthy.control.prompts.tests_page import results_view
from roadworthy.control.prompts.version_page import version_lines, version_view
from roadworthy.registry import (
    Actor,
    CaseResult,
    Change,
    Draft,
    Evidence,
    Figures,
    Miss,
    Move,
    Pointer,
    ResultKey,
    Score,
    Share,
)
from roadworthy.registry.counts import BlockUse, CaseTally, Step, TaskSteps
from roadworthy.tasks.cases import Case, Suite, question_digest
from roadworthy.tasks.definition import ChainDefinition, StepDefinition, TaskDefinition
from roadworthy.tasks.gate import Gate

ROWS = [row_of(version) for version in ("2.0.0", "1.1.0", "1.0.1", "1.0.0")]
STEPS = TaskSteps(newest=ROWS[0], steps=tuple(Step(row.version, row.level) for row in ROWS))
PRODUCTION = Pointer(
    task="triage", channel="production", version="1.0.1", since_us=NOW_US, protected=True
)
GRACE = Actor(name="Grace")


def share_of(value: float, n: int = 20) -> Share:
    return Share(value=value, low=value - 0.1, high=min(1.0, value + 0.1), n=n)


def move_of(**changes: Any) -> Move:
    fields: dict[str, Any] = {
        "id": "m",
        "task": "triage",
        "channel": "production",
        "kind": "promote",
        "from_version": "1.0.0",
        "to_version": "1.0.1",
        "at_us": NOW_US,
        "by": GRACE,
    }
    return Move(**(fields | changes))


def result_of(run: int, passed: bool | None, **changes: Any) -> CaseResult:
    key = ResultKey(task="triage", definition="d", binding="b", question="q", run=run)
    scores = (Score(name="expect./mood", passed=passed, reason="got calm"),)
    fields: dict[str, Any] = {
        "key": key,
        "expected": "e",
        "case_id": "angry",
        "outcome": "first_pass",
        "value": {"mood": "calm"},
        "scores": scores,
        "passed": passed,
        "latency_ms": 10.0,
        "at_us": NOW_US,
    }
    return CaseResult(**(fields | changes))


def tally_of(version: str, case: str, passed: int, failed: int, runs: int | None = None) -> Any:
    row = next(row for row in ROWS if row.version == version)
    return CaseTally(
        task="triage",
        definition=row.definition_digest,
        question=f"q-{case}",
        case_id=case,
        runs=passed + failed if runs is None else runs,
        passed=passed,
        failed=failed,
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [(1.0, "100%"), (0.99999, "99.9%"), (0.9, "90.0%"), (0.0, "0%"), (None, "unknown")],
)
def test_a_share_is_never_rounded_up_to_all(value: float | None, told: str) -> None:
    assert percent_of(value) == told


def test_a_figure_stands_beside_its_threshold_and_by_how_much_it_is_missed() -> None:
    figures = Figures(pass_rate=share_of(0.861), tags={"edge": share_of(0.9)}, p95_ms=2500.0)
    gate = Gate(pass_rate=0.9, tags={"edge": 0.8}, p95_ms=2000.0, stability=0.9)
    misses = (
        Miss(figure="pass_rate", wanted=0.9, found=0.861, message="m"),
        Miss(figure="p95_ms", wanted=2000.0, found=2500.0, message="m"),
        Miss(figure="stability", wanted=0.9, found=None, message="m"),
    )
    rows = {row.name: row for row in figure_rows(figures, gate, misses)}
    assert rows["pass rate"].short_by == "3.9 points short"
    assert (rows["edge"].wanted, rows["edge"].reached) == ("at least 80.0%", True)
    assert rows["p95"].short_by == "500 ms over"
    assert (rows["stability"].value, rows["stability"].reached) == ("unknown", False)
    assert "conformance" not in rows


def test_thresholds_come_from_the_misses_where_no_gate_is_given() -> None:
    miss = Miss(figure="pass_rate", wanted=0.8, found=0.5, message="m")
    figures = Figures(pass_rate=share_of(0.5), runs=20)
    (row,) = evidence_view(Evidence(figures=figures, misses=(miss,))).rows
    assert (row.wanted, row.reached, row.short_by) == ("at least 80.0%", False, "30.0 points short")


@pytest.mark.parametrize(
    ("version", "told"),
    [("2.0.0", "newest"), ("1.1.0", "1 behind: 1 major"), ("1.0.0", "3 behind: 1 major, 2 minor")],
)
def test_behind_counts_the_steps_to_the_newest_by_level(version: str, told: str) -> None:
    behind = behind_of("triage", version, ROWS)
    assert behind is not None
    assert behind.text == told


def test_a_version_beyond_what_was_read_is_behind_by_an_unknown_number() -> None:
    assert behind_of("triage", "0.9.0", ROWS) is None


def test_each_version_leads_to_its_difference_from_the_one_before() -> None:
    lines = version_lines(ROWS, [PRODUCTION], {})
    assert lines[0].diff == "/tasks/triage/diff?from=1.1.0&to=2.0.0"
    assert lines[-1].diff == ""
    assert [line.channels for line in lines] == [(), (), ("production",), ()]


def test_protected_channels_come_first_with_their_last_move_and_the_way_back() -> None:
    staging = Pointer(task="triage", channel="alpha", version="2.0.0", since_us=NOW_US)
    cards = channel_cards(
        "triage",
        [staging, PRODUCTION],
        rows=ROWS,
        moves=[move_of(id="new"), move_of(id="old")],
        back_to={"production": "1.0.0"},
    )
    assert [card.pointer.channel for card in cards] == ["production", "alpha"]
    assert cards[0].last is not None
    assert cards[0].last.id == "new"
    assert (cards[0].back_to, cards[1].back_to) == ("1.0.0", None)


@pytest.mark.parametrize(
    ("pointer", "misses", "refused"),
    [(PRODUCTION, True, True), (PRODUCTION, False, False), (None, True, True)],
)
def test_a_promotion_is_refused_by_its_misses(
    pointer: Pointer | None, misses: bool, refused: bool
) -> None:
    miss = Miss(figure="cases", wanted=1, found=None, message="m")
    evidence = Evidence(figures=Figures(), misses=(miss,) if misses else ())
    weighing = weighing_of(
        "triage", channel="production", to="2.0.0", pointer=pointer, evidence=evidence
    )
    assert weighing.refused is refused
    assert weighing.moves


def test_a_promotion_to_where_the_channel_is_moves_nothing() -> None:
    evidence = Evidence(figures=Figures())
    weighing = weighing_of(
        "triage", channel="production", to="1.0.1", pointer=PRODUCTION, evidence=evidence
    )
    assert not weighing.moves
    assert weighing.diff == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "production was moved from 1.0.0 to 1.0.1."),
        ({"from_version": None}, "production was moved to 1.0.1."),
        ({"forced": True}, "production was moved from 1.0.0 to 1.0.1 against its gate."),
        ({"kind": "rollback"}, "production was rolled back from 1.0.0 to 1.0.1."),
    ],
)
def test_a_move_is_told_in_a_sentence(changes: dict[str, Any], told: str) -> None:
    assert told_move(move_of(**changes)) == told


def test_the_first_move_of_a_channel_has_no_difference() -> None:
    assert move_line(move_of(from_version=None)).diff == ""
    assert "from=1.0.0" in move_line(move_of()).diff


def test_the_changes_that_weigh_most_come_first() -> None:
    version = version_of(ROWS[0])
    changes = (
        Change(level="patch", place="cases", what="added"),
        Change(level="major", place="input./a", what="added", breaking=True),
        Change(level="minor", place="prompt", what="changed"),
    )
    view = version_view(
        type(version)(
            row=version.row, definition=version.definition, suite=version.suite, changes=changes
        ),
        neighbours=("1.1.0", None),
    )
    assert [change.level for change in view.changes] == ["major", "minor", "patch"]


def test_a_failed_case_shows_why_and_a_run_that_can_be_opened() -> None:
    results = [
        result_of(0, True),
        result_of(1, False),
        result_of(2, False, call_id="c-2"),
    ]
    view = version_view(version_of(ROWS[0]), neighbours=(None, None), results=results)
    (failed,) = view.failed
    assert (failed.failed, failed.runs, failed.call) == (2, 3, "c-2")
    assert failed.reasons == ("expect./mood: got calm",)
    assert failed.answer == '{"mood": "calm"}'


def test_an_error_is_the_first_reason_of_a_failed_case() -> None:
    results = [result_of(0, False, value=None, error="output_refused: no")]
    view = version_view(version_of(ROWS[0]), neighbours=(None, None), results=results)
    assert view.failed[0].reasons[0] == "output_refused: no"
    assert view.failed[0].answer == ""


def test_a_case_tells_what_is_asked_and_expected_and_how_often() -> None:
    case = Case(input={"a": 1}, expect={"b": 2}, checks=[{"contains": "x"}], n=None, weight=2.5)
    suite = Suite(cases=(case,), n=5, checks=({"max_length": 9},))
    view = version_view(version_of(ROWS[0], suite=suite), neighbours=(None, None))
    (line,) = view.cases
    assert (line.n, line.weight) == (5, "2.5")
    assert line.name == f"case-{question_digest(case)[:10]}"
    assert line.expects == ('{"expect": {"b": 2}}', '{"contains": "x"}', '{"max_length": 9}')
    assert line.play == "/tasks/triage/playground?case=2.0.0%2F1"


def test_results_stand_by_version_and_tag_with_intervals() -> None:
    cases = [
        tally_of("2.0.0", "a", 1, 0),
        tally_of("2.0.0", "b", 0, 1),
        tally_of("1.1.0", "a", 1, 0),
        tally_of("1.1.0", "b", 1, 0),
    ]
    tags = {"q-a": ["edge"], "q-b": ["edge", "long"]}
    view = results_view(ROWS, pointers=[PRODUCTION], cases=cases, tags=tags)
    newest, before, untested, _ = view.lines
    assert view.tags == ("edge", "long")
    assert [(c.passed, c.cases, c.worse) for c in newest.tags] == [(1, 2, True), (0, 1, True)]
    assert (newest.whole.share, newest.whole.interval) == ("50%", "9 to 91%")
    assert not before.whole.worse
    assert untested.tally is None


def test_a_case_without_a_verdict_counts_in_no_share() -> None:
    cases = [tally_of("2.0.0", "a", 1, 0), tally_of("2.0.0", "b", 0, 0, runs=3)]
    view = results_view(ROWS, pointers=[], cases=cases, tags={})
    assert (view.lines[0].whole.passed, view.lines[0].whole.cases) == (1, 1)
    assert view.lines[0].tally is not None
    assert view.lines[0].tally.unscored == 1


def test_flaky_cases_are_named_once_by_definition() -> None:
    twins = [row_of("1.0.1", definition_digest="d"), row_of("1.0.0", definition_digest="d")]
    tally = CaseTally(
        task="triage", definition="d", question="q", case_id="moody", runs=5, passed=3, failed=2
    )
    view = results_view(twins, pointers=[], cases=[tally], tags={})
    assert [(f.case, f.version, f.passed, f.runs) for f in view.flaky] == [("moody", "1.0.1", 3, 5)]
    assert view.lines[1].same_as == "1.0.1"


def test_the_chart_counts_cases_from_the_oldest_version() -> None:
    cases = [tally_of("2.0.0", "a", 1, 0), tally_of("1.0.0", "a", 0, 2)]
    chart = results_view(ROWS, pointers=[], cases=cases, tags={}).chart
    assert chart is not None
    assert [column.label for column in chart.columns] == ["1.0.0", "1.0.1", "1.1.0", "2.0.0"]
    passed, _, failed = chart.panels[0].layers
    assert list(passed.values) == [0, None, None, 1]
    assert list(failed.values) == [1, None, None, 0]


def use_of(version: str, text: str, **changes: Any) -> BlockUse:
    fields: dict[str, Any] = {
        "task": "triage",
        "version": version,
        "block": "voice.md",
        "text_digest": text,
        "text": text,
        "published_us": NOW_US + int(version.replace(".", "")),
    }
    return BlockUse(**(fields | changes))


def test_a_block_is_listed_with_the_texts_that_are_in_use() -> None:
    uses = [
        use_of("1.1.0", "new", newest=True),
        use_of("1.0.1", "old", channels=("production",)),
        use_of("1.0.0", "oldest"),
        use_of("1.0.0", "legal", block="legal.md", task="sheet"),
    ]
    legal, voice = block_lines(uses)
    assert (legal.name, legal.tasks, legal.texts) == ("legal.md", ("sheet",), 0)
    assert (voice.versions, voice.texts) == (3, 2)


def test_each_text_of_a_block_names_the_versions_that_hold_it() -> None:
    uses = [use_of("1.0.0", "old"), use_of("1.0.1", "old"), use_of("1.1.0", "new", newest=True)]
    view = block_view("voice.md", uses)
    assert [(text.text.shown, text.current) for text in view.texts] == [
        ("new", True),
        ("old", False),
    ]
    assert [version for version, _, _ in view.texts[1].used[0].versions] == ["1.0.1", "1.0.0"]


def test_each_task_says_how_far_production_is_behind_and_who_moved_it() -> None:
    held = Evidence(figures=Figures(pass_rate=share_of(0.95), cases=20, runs=20))
    (state,) = task_states(
        [STEPS], pointers=[PRODUCTION], moves=[move_of(evidence=held)], drafts={}
    )
    assert state.behind is not None
    assert state.behind.text == "2 behind: 1 major, 1 minor"
    assert state.gate is not None
    assert (state.gate.held, state.gate.text) == (True, "95.0% of 20 pass")
    assert (state.versions, state.files) == (4, "")


def test_a_forced_move_is_not_shown_as_held() -> None:
    (state,) = task_states([STEPS], pointers=[], moves=[move_of(forced=True)], drafts={})
    assert state.gate is not None
    assert state.gate.held is False


def test_files_that_differ_lead_to_the_difference() -> None:
    version = version_of(ROWS[0])
    draft = Draft(definition=version.definition)
    published, unpublished = task_states(
        [STEPS], pointers=[], moves=[], drafts={"triage": draft, "zeta": draft}
    )
    assert published.files == "differ"
    assert published.files_href == "/tasks/triage/diff?from=2.0.0&to=%40working"
    assert (unpublished.newest, unpublished.files) == (None, "not published")


def test_values_are_compared_by_place() -> None:
    before = {"mood": "calm", "themes": ["a", "b"], "gone": None}
    after = {"mood": "angry", "themes": ["a"], "new": True}
    compared = {f.place: (f.before, f.after, f.same) for f in compared_values(before, after)}
    assert compared == {
        "/mood": ("calm", "angry", False),
        "/themes/0": ("a", "a", True),
        "/themes/1": ("b", None, False),
        "/gone": ("null", None, False),
        "/new": (None, "true", False),
    }


def test_an_expectation_of_some_fields_is_compared_in_these() -> None:
    compared = list(compared_values({"mood": "calm"}, {"mood": "calm", "n": 1}, partial=True))
    assert [(field.place, field.same) for field in compared] == [("/mood", True)]


def test_true_is_not_one() -> None:
    assert not next(iter(compared_values({"a": True}, {"a": 1}))).same


SHEET = ChainDefinition(
    steps=(
        StepDefinition(name="facts", task="extract"),
        StepDefinition(name="praise", task="copy", needs=("facts",)),
    ),
    output={"name": "facts.name", "text": "praise.text"},
    tasks={
        "extract": TaskDefinition(name="extract", version="1.2.0", model="local"),
        "copy": TaskDefinition(name="copy", model="local"),
    },
)


def test_failing_runs_of_a_chain_are_blamed_on_steps_by_what_was_kept_of_them() -> None:
    case = Case(input={"a": 1}, expect={"text": "right"})
    suite, question = Suite(cases=(case,)), question_digest(case)
    wrong = Score(name="expect./text", passed=False)
    misread = Score(name="expect./name", step="facts", passed=False)
    key = msgspec.structs.replace(result_of(0, False).key, question=question)
    results = [
        result_of(0, False, key=key, scores=(wrong,)),
        result_of(1, False, scores=(wrong, misread)),
        result_of(2, False, scores=(wrong,)),
        result_of(3, True),
    ]
    version = version_of(ROWS[0], suite=suite, chain=SHEET)
    view = version_view(version, neighbours=(None, None), results=results)
    assert [(step.step, step.first, step.share, step.failing) for step in view.steps] == [
        ("facts", 1, "33.3%", 1),
        ("praise", 1, "33.3%", 1),
    ]
    assert [step.href for step in view.steps] == ["/tasks/extract/versions/1.2.0", ""]
    assert view.unexplained == 1
    assert {run.blamed for run in view.failed} == {"praise", "facts"}


def test_a_chain_of_which_nothing_fails_blames_no_step() -> None:
    version = version_of(ROWS[0], chain=SHEET)
    assert version_view(version, neighbours=(None, None), results=[result_of(0, True)]).steps == ()
