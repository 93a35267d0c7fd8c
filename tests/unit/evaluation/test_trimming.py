"""What trimming finds in a prompt whose planted parts are known, and that its patch applies."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from canned_upstream import Upstream, canned_upstream
from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.session import Options, Session
from roadworthy.evaluation.trimming import Budget, TrimReport, Wish, plan_trim, run_trim
from roadworthy.tasks import load_project
from seeded_prompt import NEEDED, USELESS, seeded_answer, write_seeded

WISH = Wish(task="triage", calls_a_month=1_000_000)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with canned_upstream(seeded_answer) as running:
        yield running


@pytest.fixture
def root(upstream: Upstream, tmp_path: Path) -> Path:
    return write_seeded(tmp_path, upstream.base_url)


def trim(root: Path, wish: Wish = WISH, **options: object) -> TrimReport:
    session = Session(project=load_project(root), options=Options(**options))  # type: ignore[arg-type]
    return asyncio.run(run_trim(session, wish))


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrimReport, int]:
    """A trimmed project, what was found, and how often the provider was asked."""
    with canned_upstream(seeded_answer) as upstream:
        root = write_seeded(tmp_path_factory.mktemp("seeded"), upstream.base_url)
        return root, trim(root), len(upstream.asked)


Trimmed = tuple[Path, TrimReport, int]


def test_the_planted_parts_are_told_apart(trimmed: Trimmed) -> None:
    _, report, _ = trimmed
    verdicts = {part.name: part.verdict for part in report.parts}
    assert verdicts[USELESS.replace("\n", " ")[:59].rstrip() + "…"] == "spare"
    assert verdicts[NEEDED[:59].rstrip() + "…"] == "needed"
    assert verdicts["tone.md"] == "spare"
    # Each copy can go, and not both.
    assert (verdicts["example 1"], verdicts["example 3"]) == ("spare", "spare")


def test_the_proposal_answers_as_well_and_git_takes_its_patch(trimmed: Trimmed) -> None:
    root, report, _ = trimmed
    assert report.proposal is not None
    assert report.proposal.pass_rate.difference == 0
    subprocess.run(
        ["git", "apply", "-"], input=report.proposal.patch.encode(), cwd=root, check=True
    )
    left = load_project(root).tasks["triage"]
    assert left.digest == report.proposal.definition
    told = "\n".join(template.source for template in left.templates)
    assert NEEDED in told
    assert "joy to run" not in told
    assert told.count("The handle broke off") == 1
    assert "Judge what was said" not in told


def test_a_patch_applies_deep_in_a_repository_and_beside_foreign_line_ends(root: Path) -> None:
    prompt = root / "tasks/triage/prompt"
    prompt.joinpath("system.md").write_bytes(
        prompt.joinpath("system.md").read_bytes().replace(b"\n", b"\r\n").rstrip()
    )
    report = trim(root)
    assert report.proposal is not None
    subprocess.run(["git", "init", "-q", str(root.parent)], check=True)
    subprocess.run(
        ["git", "apply", "-"], input=report.proposal.patch.encode(), cwd=root, check=True
    )
    assert load_project(root).tasks["triage"].digest == report.proposal.definition
    assert b"\r\n" in prompt.joinpath("system.md").read_bytes()


def test_savings_are_tokens_times_price_times_volume(trimmed: Trimmed) -> None:
    _, report, _ = trimmed
    assert report.proposal is not None
    assert report.proposal.tokens > 20
    # 1 USD a million tokens, a million calls.
    assert report.proposal.usd_a_month == pytest.approx(report.proposal.tokens)
    spare = next(part for part in report.parts if part.name == "tone.md")
    assert spare.usd_a_month == pytest.approx(spare.tokens)


def test_what_is_plainly_needed_is_not_asked_to_the_end(trimmed: Trimmed) -> None:
    _, report, asked = trimmed
    needed = next(part for part in report.parts if part.verdict == "needed")
    assert needed.pass_rate is not None
    assert needed.pass_rate.high < 0
    assert needed.worse
    assert needed.cases < report.cases == 24
    assert asked == report.asked


def test_the_budget_is_kept_and_what_it_left_out_is_said(root: Path, upstream: Upstream) -> None:
    report = trim(root, replace(WISH, budget=Budget(questions=110)))
    assert len(upstream.asked) <= 110
    assert report.left_out == "questions"
    assert any(part.verdict == "unmeasured" for part in report.parts)
    longest = max(report.parts, key=lambda part: part.tokens)
    assert longest.verdict != "unmeasured"  # what saves most comes first
    with pytest.raises(InvalidInput, match="24 questions"):
        trim(root, replace(WISH, budget=Budget(questions=20)))


def test_money_is_a_budget_too(root: Path, upstream: Upstream) -> None:
    # A call costs 40 millionths of a dollar.
    report = trim(root, replace(WISH, budget=Budget(questions=None, cost_usd=0.006)))
    assert report.left_out == "cost"
    assert report.spent_usd <= 0.006
    assert len(upstream.asked) <= 150


def test_a_gate_that_holds_no_more_keeps_a_part(root: Path) -> None:
    task = root / "tasks/triage/task.toml"
    task.write_text(task.read_text().replace("pass_rate = 0.9", "pass_rate = 1.0"))
    cases = root / "tasks/triage/cases.jsonl"
    lines = [line for line in cases.read_text().splitlines() if "ironic" not in line]
    cases.write_text(
        "\n".join(
            [*lines, '{"input": {"comment": "ironic x"}, "expect": {"sentiment": "negative"}}', ""]
        )
    )
    report = trim(root, replace(WISH, tolerance=0.5))
    irony = next(part for part in report.parts if part.name.startswith("Irony"))
    assert irony.verdict == "doubtful"
    assert "pass_rate" in irony.reason
    assert not irony.proposed


def test_a_plan_says_what_would_be_asked_and_asks_nothing(root: Path, upstream: Upstream) -> None:
    plan = plan_trim(Session(project=load_project(root)), replace(WISH, calls_a_month=None))
    assert upstream.asked == []
    assert [part.kind for part in plan.parts] == [
        *("block", "paragraph", "paragraph", "paragraph", "example", "example", "example"),
    ]
    assert plan.questions == 8 * 24
    assert plan.usd is not None
    assert plan.usd > 0
    assert all(part.usd_a_month is None for part in plan.parts)


def test_a_cassette_holds_all_that_trimming_asks(root: Path, upstream: Upstream) -> None:
    cassette = root / "said.jsonl"
    recorded = trim(root, record=cassette)
    asked = len(upstream.asked)
    replayed = trim(root, replay=cassette)
    assert len(upstream.asked) == asked
    assert replayed.replayed
    assert replayed.proposal == recorded.proposal or replayed.proposal is not None
    assert [p.verdict for p in replayed.parts] == [p.verdict for p in recorded.parts]


def test_what_has_no_prompt_is_refused(root: Path) -> None:
    (root / "tasks/triage/cases.jsonl").unlink()
    with pytest.raises(InvalidInput, match="has no cases"):
        plan_trim(Session(project=load_project(root)), WISH)
