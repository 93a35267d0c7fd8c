"""Counting where the rows lie gives what counting by the port gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from roadworthy.control.samples.sample_registry import fill_registry, sample_models
from roadworthy.core import SystemClock
from roadworthy.registry import Actor
from roadworthy.registry.counts import Counting, block_uses, case_tallies, task_steps
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database

TASK = "classify-feedback"


class PortOnly:
    """A registry that hides that it can count."""

    def __init__(self, registry: StoredRegistry) -> None:
        self._registry = registry

    def __getattr__(self, name: str) -> Any:
        if name in ("case_tallies", "block_uses", "task_steps"):
            raise AttributeError(name)
        return getattr(self._registry, name)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredRegistry]:
    state = StateFolder(tmp_path_factory.mktemp("state"))
    engine = open_database(state)
    registry = StoredRegistry(
        engine,
        state,
        clock=SystemClock(),
        protected=["production"],
        models=sample_models,
        environment="here",
    )
    fill_registry(registry, at_us=1_000)
    yield registry
    engine.dispose()


def test_only_what_can_count_is_asked_to(registry: StoredRegistry) -> None:
    assert isinstance(registry, Counting)
    assert not isinstance(PortOnly(registry), Counting)


def test_cases_are_counted_alike(registry: StoredRegistry) -> None:
    definitions = [row.definition_digest for row in registry.versions(TASK)]
    by_port = case_tallies(PortOnly(registry), TASK, definitions)
    counted = case_tallies(registry, TASK, definitions)
    assert len(counted) == 25
    assert sorted(counted, key=str) == sorted(by_port, key=str)


def test_a_definition_that_was_not_measured_has_no_cases(registry: StoredRegistry) -> None:
    assert case_tallies(registry, TASK, ["0" * 64]) == []


def test_only_the_model_that_was_measured_last_counts(registry: StoredRegistry) -> None:
    definition = registry.versions(TASK)[-1].definition_digest
    (old, *_) = registry.results(TASK, definition=definition)
    key = msgspec.structs.replace(old.key, binding="another", run=0)
    newer = msgspec.structs.replace(old, key=key, at_us=2_000, passed=None)
    registry.record([newer], Actor(name="Ada"))
    (tally,) = case_tallies(registry, TASK, [definition])
    assert (tally.runs, tally.verdict, tally.measured_us) == (1, None, 2_000)
    assert case_tallies(PortOnly(registry), TASK, [definition]) == [tally]


@pytest.mark.parametrize("block", [None, "brand-voice.md", "nothing.md"])
def test_uses_of_blocks_are_found_alike(registry: StoredRegistry, block: str | None) -> None:
    by_port = block_uses(PortOnly(registry), block)
    found = block_uses(registry, block)
    assert sorted(found, key=str) == sorted(by_port, key=str)
    assert bool(found) == (block != "nothing.md")
    assert all((use.text is None) == (block is None) for use in found)


def test_the_course_of_tasks_is_read_alike(registry: StoredRegistry) -> None:
    found = task_steps(registry)
    assert found == task_steps(PortOnly(registry))
    assert [steps.newest.task for steps in found] == [TASK, "product-sheet"]
    assert [step.version for step in found[0].steps][:2] == ["2.1.1", "2.1.0"]
