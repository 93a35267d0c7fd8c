from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from registry_samples import (
    ADA,
    VIEWER,
    chain_of,
    definition_of,
    draft_of,
    results_of,
    stored_registry,
)
from roadworthy.core.errors import ExportDamaged, Forbidden, RegistryConflict
from roadworthy.registry import Draft, MoveRequest
from roadworthy.registry.folder import read_folder, write_folder
from roadworthy.registry.store import StoredRegistry
from roadworthy.tasks import Gate


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[StoredRegistry]:
    with stored_registry(tmp_path / "dev") as registry:
        yield registry


@pytest.fixture
def other(tmp_path: Path) -> Iterator[StoredRegistry]:
    with stored_registry(tmp_path / "prod", environment="prod") as registry:
        yield registry


def fill(registry: StoredRegistry) -> None:
    first = draft_of(gate=Gate(pass_rate=0.5))
    registry.publish(first, ADA)
    registry.record(results_of(first, passing=3), ADA)
    registry.move(MoveRequest(task="mood", to="1.0.0"), ADA)
    registry.publish(draft_of("b {{ comment }}", gate=Gate(pass_rate=0.5)), ADA)
    registry.move(MoveRequest(task="mood", channel="staging", to="1.1.0"), ADA)


def test_what_was_taken_is_exported_the_same(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    fill(registry)
    given = registry.export()
    other.take(given, ADA)
    again = other.export()
    assert {**again, "channels": [], "environment": ""} == {
        **given,
        "channels": [],
        "environment": "",
    }
    assert len(given["history"]) == 2


def test_an_export_may_be_of_some_tasks(registry: StoredRegistry) -> None:
    fill(registry)
    registry.publish(draft_of(name="other"), ADA)
    found = registry.export(["other"])
    assert [version["row"]["task"] for version in found["versions"]] == ["other"]
    assert (found["history"], found["channels"], found["results"]) == ([], [], [])


def test_an_export_asks_the_database_as_often_for_many_versions(registry: StoredRegistry) -> None:
    asked: list[str] = []
    event.listen(registry._engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    counts = []
    for number in range(2):
        registry.publish(draft_of(f"{number} {{{{ comment }}}}"), ADA)
        asked.clear()
        registry.export()
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_of_one_run_the_last_to_be_measured_stays(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    draft = draft_of()
    registry.record(results_of(draft, passing=0), ADA)
    newer = [msgspec.structs.replace(r, at_us=9) for r in results_of(draft, passing=4)]
    other.record(newer[:2], ADA)
    other.take(registry.export(), ADA)
    kept = other.results("mood", definition=draft.definition.digest)
    assert sorted(result.at_us for result in kept) == [1, 1, 9, 9]
    registry.take(other.export(), ADA)
    assert registry.export()["results"] == other.export()["results"]


def damage(bundle: dict[str, Any], what: str) -> None:
    version = bundle["versions"][0]
    if what == "text":
        version["definition"]["templates"][0]["source"] = "Steal {{ comment }}"
    elif what == "cases":
        version["suite"]["cases"] = []
    elif what == "name":
        version["row"]["task"] = version["definition"]["name"] = "../mood"
    elif what == "number":
        version["row"]["version"] = version["definition"]["version"] = "1.0.0-rc1"
    elif what == "kind":
        version["row"]["level"] = "huge"
    else:
        bundle["format"] = 9


@pytest.mark.parametrize("what", ["text", "cases", "name", "number", "kind", "format"])
def test_what_is_not_what_it_says_is_not_taken(
    registry: StoredRegistry, other: StoredRegistry, what: str
) -> None:
    fill(registry)
    bundle = registry.export()
    damage(bundle, what)
    with pytest.raises(ExportDamaged):
        other.take(bundle, ADA)
    assert (other.versions(), other.history(), other.export()["results"]) == ([], [], [])


def test_a_conflict_late_in_an_export_takes_nothing_of_it(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    registry.publish(draft_of(name="apart"), ADA)
    fill(registry)
    other.publish(draft_of("else {{ comment }}"), ADA)
    with pytest.raises(RegistryConflict, match=r"mood 1\.0\.0"):
        other.take(registry.export(), ADA)
    assert [row.task for row in other.versions()] == ["mood"]
    assert other.history() == []


def test_taking_moves_no_channel_and_offers_nothing_to_go_back_to(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    fill(registry)
    other.take(registry.export(), ADA)
    assert other.channels() == []
    other.move(MoveRequest(task="mood", to="1.0.0"), ADA)
    with pytest.raises(RegistryConflict, match="no version to go back to"):
        other.move(MoveRequest(task="mood", kind="rollback"), ADA)


def test_who_reads_only_takes_nothing(registry: StoredRegistry) -> None:
    with pytest.raises(Forbidden, match="may read only"):
        registry.take(registry.export(), VIEWER)


ONE, TWO = definition_of(name="one"), definition_of(name="two")


def fill_with_chain(registry: StoredRegistry) -> None:
    """A chain of two tasks, of which one has gone on since."""
    for definition in (ONE, TWO, chain_of(ONE, TWO), definition_of("b {{ comment }}", name="one")):
        registry.publish(Draft(definition=definition, message="because"), ADA)
    registry.move(MoveRequest(task="one", channel="staging", to="1.1.0"), ADA)
    registry.record(results_of(draft_of(name="one"), passing=4), ADA)
    registry.record(results_of(draft_of("b {{ comment }}", name="one"), passing=4), ADA)


def test_a_chain_brings_the_versions_that_it_runs_and_what_was_measured_of_them(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    fill_with_chain(registry)
    given = registry.export(["chain"])
    names = [(v["row"]["task"], v["row"]["version"]) for v in given["versions"]]
    assert names == [("chain", "1.0.0"), ("one", "1.0.0"), ("two", "1.0.0")]
    assert given["partial"] == ["one", "two"]
    assert {r["key"]["definition"] for r in given["results"]} == {ONE.digest}
    assert (given["history"], given["channels"]) == ([], [])
    other.take(given, ADA)
    assert len(other.results("one", definition=ONE.digest)) == 4
    assert other.version("chain", "1.0.0") == registry.version("chain", "1.0.0")


def test_a_step_that_is_not_what_its_digest_says_is_not_taken(
    registry: StoredRegistry, other: StoredRegistry
) -> None:
    fill_with_chain(registry)
    given = registry.export(["chain"])
    step = given["versions"][0]["definition"]["chain"]["tasks"]["two"]
    step["parameters"] = {"temperature": 2}
    with pytest.raises(ExportDamaged, match=r"chain 1.0.0 is not what its digest says"):
        other.take(given, ADA)


def test_a_chain_goes_through_a_folder_and_back(
    registry: StoredRegistry, other: StoredRegistry, tmp_path: Path
) -> None:
    fill_with_chain(registry)
    write_folder(registry.export(["chain"]), tmp_path / "out")
    taken = other.take(read_folder(tmp_path / "out"), ADA)
    assert [row.task for row in taken] == ["chain", "one", "two"]
    assert other.version("chain", "1.0.0") == registry.version("chain", "1.0.0")
