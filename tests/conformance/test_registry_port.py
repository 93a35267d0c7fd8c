"""What every registry does, whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from registry_samples import ADA, CASES, draft_of, results_of, stored_registry
from registry_serving import served_registry
from roadworthy.core.errors import Forbidden, GateRefused, NotFound, RegistryConflict
from roadworthy.registry import MoveRequest, Registry
from roadworthy.tasks import Case, Gate, Suite

Opening: TypeAlias = Callable[[Path], AbstractContextManager[Registry]]
IMPLEMENTATIONS: dict[str, Opening] = {"stored": stored_registry, "remote": served_registry}


@pytest.fixture(params=IMPLEMENTATIONS)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with IMPLEMENTATIONS[request.param](tmp_path) as opened:
        yield opened


def to(version: str | None, channel: str = "production", **changes: object) -> MoveRequest:
    return MoveRequest(task="mood", channel=channel, to=version, **changes)  # type: ignore[arg-type]


def test_publishing_numbers_versions_by_what_changed(registry: Registry) -> None:
    drafts = [
        draft_of(),
        draft_of("Say: {{ comment }}"),
        draft_of("Say: {{ comment }}", description="More words."),
        draft_of("Say: {{ comment }}", output_schema=None, suite=Suite()),
    ]
    numbers = [registry.publish(draft, ADA).version.version for draft in drafts]
    assert numbers == ["1.0.0", "1.1.0", "1.1.1", "2.0.0"]
    assert [row.version for row in registry.versions("mood")] == numbers[::-1]


def test_what_equals_the_newest_is_not_published(registry: Registry) -> None:
    registry.publish(draft_of(), ADA)
    again = registry.publish(draft_of(), ADA)
    assert (again.new, again.version.version) == (False, "1.0.0")
    assert len(registry.versions()) == 1


def test_a_preview_writes_nothing(registry: Registry) -> None:
    registry.publish(draft_of(), ADA)
    would = registry.preview(draft_of("Say: {{ comment }}"))
    assert (would.new, would.version.version, would.previous) == (True, "1.1.0", "1.0.0")
    assert would.changes
    assert len(registry.versions("mood")) == 1


def test_a_version_comes_back_whole(registry: Registry) -> None:
    draft = draft_of(gate=Gate(pass_rate=0.5))
    registry.publish(draft, ADA)
    found = registry.version("mood", "1.0.0")
    assert found.suite == draft.suite
    assert found.definition.templates == draft.definition.templates
    assert (found.row.author, found.row.message) == ("Ada", "because")
    assert registry.version("mood", found.row.digest[:8]).row == found.row


def test_what_is_not_there_is_said(registry: Registry) -> None:
    with pytest.raises(NotFound, match="roadworthy publish mood"):
        registry.version("mood", "1.0.0")
    registry.publish(draft_of(), ADA)
    with pytest.raises(NotFound, match=r"1\.0\.0"):
        registry.version("mood", "1.0.1")


def test_a_channel_moves_and_goes_back_step_by_step(registry: Registry) -> None:
    for prompt in ("a {{ comment }}", "b {{ comment }}", "c {{ comment }}"):
        version = registry.publish(draft_of(prompt), ADA).version.version
        registry.move(to(version), ADA)
    back = [registry.move(to(None, kind="rollback", why="worse"), ADA) for _ in range(2)]
    assert [move.to_version for move in back] == ["1.1.0", "1.0.0"]
    with pytest.raises(RegistryConflict, match="no version to go back to"):
        registry.move(to(None, kind="rollback"), ADA)
    assert [move.kind for move in registry.history("mood")] == ["rollback"] * 2 + ["promote"] * 3
    assert registry.version("mood", "production").row.version == "1.0.0"


def test_a_range_reaches_what_production_released(registry: Registry) -> None:
    for prompt in ("a {{ comment }}", "b {{ comment }}", "c {{ comment }}"):
        registry.publish(draft_of(prompt), ADA)
    registry.move(to("1.0.0"), ADA)
    assert registry.version("mood", "^1").row.version == "1.0.0"
    registry.move(to("1.1.0"), ADA)
    assert registry.version("mood", "^1").row.version == "1.1.0"
    registry.move(to(None, kind="rollback"), ADA)
    assert registry.version("mood", "^1").row.version == "1.0.0"
    with pytest.raises(NotFound, match="never pointed"):
        registry.version("mood", "^2")


def test_the_gate_refuses_and_says_by_how_much(registry: Registry) -> None:
    draft = draft_of(gate=Gate(pass_rate=0.9))
    registry.publish(draft, ADA)
    with pytest.raises(GateRefused, match=r"roadworthy test mood --version 1\.0\.0"):
        registry.move(to("1.0.0"), ADA)
    registry.record(results_of(draft, passing=3), ADA)
    with pytest.raises(GateRefused) as refused:
        registry.move(to("1.0.0"), ADA)
    assert "pass_rate 0.750 of at least 0.9 (4 cases): 0.150 short" in refused.value.misses[0]
    assert registry.channels("mood") == []


def test_a_version_that_reaches_the_gate_is_promoted_on_its_evidence(registry: Registry) -> None:
    draft = draft_of(gate=Gate(pass_rate=0.9, tags={"short": 1.0}, conformance=1.0))
    registry.publish(draft, ADA)
    registry.record(results_of(draft, passing=4), ADA)
    evidence = registry.move(to("1.0.0"), ADA).evidence
    assert evidence is not None
    assert evidence.misses == ()
    assert evidence.bindings == {"local": "embedded/small"}
    assert evidence.figures.pass_rate is not None
    assert (evidence.figures.pass_rate.value, evidence.figures.runs) == (1.0, 4)
    assert registry.history("mood")[0].evidence == evidence


def test_other_channels_have_no_gate(registry: Registry) -> None:
    registry.publish(draft_of(gate=Gate(pass_rate=1.0)), ADA)
    assert registry.move(to("1.0.0", "staging"), ADA).evidence is None
    assert [(p.channel, p.protected) for p in registry.channels("mood")] == [("staging", False)]


def test_forcing_takes_a_reason_and_is_recorded(registry: Registry) -> None:
    registry.publish(draft_of(gate=Gate(pass_rate=1.0)), ADA)
    with pytest.raises(Forbidden, match="reason"):
        registry.move(to("1.0.0", force=True), ADA)
    move = registry.move(to("1.0.0", force=True, why="the shop is down"), ADA)
    assert move.forced
    assert move.evidence is not None
    assert move.evidence.misses


def test_the_cases_of_production_bind_who_comes_after(registry: Registry) -> None:
    first = draft_of(gate=Gate(pass_rate=0.9))
    registry.publish(first, ADA)
    registry.record(results_of(first, passing=4), ADA)
    registry.move(to("1.0.0"), ADA)
    eased = draft_of("Say: {{ comment }}", suite=Suite(cases=CASES[:2], gate=Gate(pass_rate=0.1)))
    registry.publish(eased, ADA)
    registry.record(results_of(eased, passing=2), ADA)
    evidence = registry.weigh(to("1.1.0"))
    assert [miss.figure for miss in evidence.misses] == ["cases", "gate.pass_rate"]
    assert evidence.lowered == ("pass_rate 0.9 → 0.1",)
    whole = draft_of("Say: {{ comment }}")
    registry.record(results_of(whole, passing=2), ADA)
    assert "of at least 0.9" in registry.weigh(to("1.1.0")).misses[0].message
    registry.record(results_of(whole, passing=4), ADA)
    with pytest.raises(GateRefused, match="lowering a gate takes --lower-gate and a reason"):
        registry.move(to("1.1.0"), ADA)
    with pytest.raises(Forbidden, match="lowering a gate takes a reason"):
        registry.move(to("1.1.0", lower_gate=True), ADA)
    assert registry.move(to("1.1.0", lower_gate=True, why="too strict"), ADA).evidence


def test_cases_that_the_candidate_cannot_be_asked_are_told(registry: Registry) -> None:
    gate = Gate(pass_rate=0.1)
    registry.publish(draft_of(gate=gate), ADA)
    registry.move(to("1.0.0", force=True, why="first"), ADA)
    other = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    case = Case(input={"text": "one"}, expect={"mood": "good"}, id="new")
    draft = draft_of("{{ text }}", input_schema=other, suite=Suite(cases=(case,), gate=gate))
    registry.publish(draft, ADA)
    registry.record(results_of(draft, passing=1), ADA)
    evidence = registry.weigh(to("2.0.0"))
    assert evidence.invalid_cases == ("one", "two", "three", "four")
    assert evidence.misses == ()


def test_an_export_is_taken_elsewhere_with_its_evidence(registry: Registry, tmp_path: Path) -> None:
    draft = draft_of(gate=Gate(pass_rate=0.9))
    registry.publish(draft, ADA)
    registry.record(results_of(draft, passing=4), ADA)
    registry.move(to("1.0.0", "staging"), ADA)
    with stored_registry(tmp_path / "other", environment="prod") as other:
        assert [row.version for row in other.take(registry.export(), ADA)] == ["1.0.0"]
        assert other.take(registry.export(["mood"]), ADA) == []
        assert other.version("mood", "1.0.0") == registry.version("mood", "1.0.0")
        assert other.channels() == []
        assert [(m.kind, m.environment) for m in other.history("mood")] == [("import", "dev")]
        assert other.export()["history"] == registry.export()["history"]
        assert other.move(to("1.0.0"), ADA).evidence is not None


def test_a_version_of_the_same_number_that_differs_is_not_taken(
    registry: Registry, tmp_path: Path
) -> None:
    registry.publish(draft_of(), ADA)
    with stored_registry(tmp_path / "other") as other:
        other.publish(draft_of("else {{ comment }}"), ADA)
        with pytest.raises(RegistryConflict, match=r"mood 1\.0\.0"):
            other.take(registry.export(), ADA)
        assert len(other.versions()) == 1
