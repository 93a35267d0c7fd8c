from __future__ import annotations

from typing import Any

import msgspec
import pytest

from registry_samples import ADA, CASES, MODELS, definition_of, draft_of, results_of
from roadworthy.core import Price
from roadworthy.core.errors import RegistryConflict
from roadworthy.models import Capabilities, Model
from roadworthy.registry import CaseResult, Draft, Evidence, Version
from roadworthy.registry.binding import binding_of, describe_binding
from roadworthy.registry.publishing import next_publication
from roadworthy.registry.weighing import binder, gate_cases, weigh
from roadworthy.tasks import Case, Gate, Suite
from roadworthy.tasks.cases import expectations_digest, question_digest, runs_of

LOCAL = MODELS["local"]
GATE = Gate(pass_rate=0.9)


def published(draft: Draft) -> Version:
    version = next_publication(draft, None, ADA, now_us=1)[1]
    assert version is not None
    return version


def weighed(draft: Draft, results: list[CaseResult], **changes: Any) -> Evidence:
    given: dict[str, Any] = {"current": None, "model": LOCAL, "environment": "dev"}
    given |= changes
    model = given.pop("model")
    return weigh(published(draft), given.pop("current"), results, bind=lambda _: model, **given)


def suite_of(*cases: Case, **changes: Any) -> Suite:
    return Suite(cases=cases, gate=GATE, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"base_url": "https://elsewhere/v1"},
        {"headers": {"x": "y"}},
        {"timeout_s": 1.0},
        {"price": Price(input_usd=1, output_usd=2)},
    ],
)
def test_where_a_model_is_reached_is_no_part_of_what_it_is(changes: dict[str, Any]) -> None:
    assert binding_of(msgspec.structs.replace(LOCAL, **changes)) == binding_of(LOCAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"provider": "openai"},
        {"upstream": "large"},
        {"capabilities": Capabilities(modes=("strict", "prompt"))},
    ],
)
def test_another_model_is_another_binding(changes: dict[str, Any]) -> None:
    other = msgspec.structs.replace(LOCAL, **changes)
    assert binding_of(other) != binding_of(LOCAL)
    assert weighed(draft_of(gate=GATE), results_of(draft_of(), passing=4), model=other).misses


def test_a_binding_is_described_for_people() -> None:
    model = Model(name="fast", provider="openai", upstream="gpt-5-mini")
    assert describe_binding(model) == "openai/gpt-5-mini"


def test_a_question_is_its_input_and_nothing_else() -> None:
    case = CASES[0]
    same = Case(input=case.input, expect="else", tags=["x"], weight=3, id="y", note="z", n=4)
    assert question_digest(same) == question_digest(case) != question_digest(CASES[1])
    talk = [{"role": "user", "content": "one"}]
    assert question_digest(Case(conversation=talk)) != question_digest(case)


def test_what_is_expected_takes_in_checks_of_all_cases_and_the_python_they_run() -> None:
    case = Case(input={}, expect=1, checks=[{"python": "checks.py:polite"}])
    plain = expectations_digest(case, Suite())
    assert expectations_digest(case, Suite(sources={"checks.py": "a"})) != plain
    assert expectations_digest(case, Suite(checks=({"contains": "x"},))) != plain
    assert expectations_digest(case, Suite(sources={"unused.py": "a"}, n=5, gate=GATE)) == plain


def test_a_case_says_for_itself_how_often_it_is_asked() -> None:
    assert runs_of(Case(input={}), Suite(n=5)) == 5
    assert runs_of(Case(input={}, n=2), Suite(n=5)) == 2


def test_a_question_of_both_is_scored_as_the_candidate_says() -> None:
    current = published(draft_of(suite=suite_of(*CASES)))
    corrected = Case(input=CASES[0].input, expect={"mood": "bad"}, id="one")
    draft = draft_of("b {{ comment }}", suite=suite_of(corrected))
    cases = gate_cases(published(draft), current)
    assert [case.id for case in cases.cases] == ["one", "two", "three", "four"]
    assert cases.cases[0].expected == expectations_digest(corrected, draft.suite)
    assert (cases.invalid, cases.changed) == ([], ["one"])


def test_runs_that_are_missing_are_named_with_the_command() -> None:
    draft = draft_of(suite=suite_of(*CASES, n=3))
    evidence = weighed(draft, results_of(draft, passing=4))
    (miss,) = evidence.misses
    assert (miss.figure, miss.wanted, miss.found) == ("cases", 12, 4)
    assert "8 of 12 runs are not measured (one, two, three and 1 more)" in miss.message
    assert "roadworthy test mood --version 1.0.0" in miss.message


def test_runs_beyond_those_asked_for_do_not_count() -> None:
    draft = draft_of(gate=GATE)
    once = results_of(draft, passing=4)
    again = [
        msgspec.structs.replace(r, key=msgspec.structs.replace(r.key, run=1), passed=False)
        for r in once
    ]
    evidence = weighed(draft, [*once, *again])
    assert (evidence.figures.runs, evidence.misses) == (4, ())


def test_scores_by_other_expectations_do_not_count() -> None:
    draft = draft_of(gate=GATE)
    void = [msgspec.structs.replace(r, expected="0") for r in results_of(draft, passing=4)]
    evidence = weighed(draft, void)
    assert [miss.figure for miss in evidence.misses] == ["cases", "pass_rate"]
    assert evidence.measured_us is None


def test_a_gate_without_cases_holds_for_nothing() -> None:
    (miss, _) = weighed(draft_of(suite=suite_of()), []).misses
    assert "has none" in miss.message
    assert "cases.jsonl" in miss.message


def test_without_thresholds_nothing_has_to_be_measured() -> None:
    assert weighed(draft_of(), []).misses == ()


def test_a_lower_gate_that_was_allowed_is_the_one_that_binds() -> None:
    current = published(draft_of(gate=Gate(pass_rate=0.9)))
    draft = draft_of("b {{ comment }}", gate=Gate(pass_rate=0.5))
    results = results_of(draft, passing=3)
    refused = weighed(draft, results, current=current)
    allowed = weighed(draft, results, current=current, lower_gate=True)
    assert [miss.figure for miss in refused.misses] == ["pass_rate", "gate.pass_rate"]
    assert allowed.misses == ()
    assert allowed.lowered == refused.lowered == ("pass_rate 0.9 → 0.5",)


def test_reaching_the_old_gate_does_not_allow_a_lower_one() -> None:
    current = published(draft_of(gate=GATE))
    draft = draft_of("b {{ comment }}", gate=Gate(pass_rate=0.5))
    evidence = weighed(draft, results_of(draft, passing=4), current=current)
    assert [miss.figure for miss in evidence.misses] == ["gate.pass_rate"]


def test_evidence_says_what_it_was_measured_on() -> None:
    draft = draft_of(gate=GATE)
    evidence = weighed(draft, results_of(draft, passing=4))
    assert evidence.binding == binding_of(LOCAL)
    assert evidence.bindings == {"local": "embedded/small"}
    assert (evidence.environment, evidence.measured_us) == ("dev", 1)


def test_evidence_says_where_it_was_measured() -> None:
    draft = draft_of(gate=GATE)
    first, *others = results_of(draft, passing=4)
    there = [msgspec.structs.replace(result, environment="staging") for result in others]
    here = msgspec.structs.replace(first, environment="dev")
    assert weighed(draft, there, environment="prod").environment == "staging"
    assert weighed(draft, [here, *there], environment="prod").environment == "dev, staging"


def test_a_model_that_is_not_bound_is_named_with_its_file() -> None:
    with pytest.raises(RegistryConflict, match=r"'fast'.*\[models\.fast\] in models\.toml"):
        binder(definition_of(model="fast"), {})("fast")
