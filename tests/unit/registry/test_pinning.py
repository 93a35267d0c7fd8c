from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from registry_samples import ADA, chain_of, definition_of, draft_of, stored_registry
from roadworthy.core.errors import RegistryConflict
from roadworthy.registry import Draft, Publication
from roadworthy.registry.pinning import Pin, embedding_order, pins_of
from roadworthy.registry.store import StoredRegistry
from roadworthy.tasks import Suite, TaskDefinition
from roadworthy.tasks.definition import BestOf
from roadworthy.tasks.version_files import read_version_file

ONE, TWO = definition_of(name="one"), definition_of(name="two")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[StoredRegistry]:
    with stored_registry(tmp_path) as registry:
        yield registry


def publish(registry: StoredRegistry, definition: TaskDefinition, **suite: Any) -> Publication:
    draft = Draft(definition=definition, suite=Suite(**suite), message="because")
    return registry.publish(draft, ADA)


def pinned(registry: StoredRegistry, task: str = "chain") -> tuple[Pin, ...]:
    return pins_of(registry.version(task, registry.versions(task)[0].version).definition)


def test_a_published_chain_names_the_versions_of_its_steps(registry: StoredRegistry) -> None:
    for definition in (ONE, TWO):
        publish(registry, definition)
    publish(registry, definition_of("changed {{ comment }}", name="two"))
    publish(registry, chain_of(ONE, definition_of("changed {{ comment }}", name="two")))
    assert pinned(registry) == (
        Pin(task="one", version="1.0.0"),
        Pin(task="two", version="1.1.0"),
    )


def test_the_newest_version_that_answers_alike_is_pinned(registry: StoredRegistry) -> None:
    publish(registry, ONE)
    publish(registry, ONE, n=3)
    publish(registry, definition_of("later {{ comment }}", name="one"))
    publish(registry, chain_of(ONE))
    assert pinned(registry) == (Pin(task="one", version="1.0.1"),)


def test_a_chain_whose_steps_are_not_published_is_refused_with_what_to_type(
    registry: StoredRegistry,
) -> None:
    publish(registry, ONE)
    changed = definition_of("changed {{ comment }}", name="one")
    outer = chain_of(TWO, chain_of(changed, name="inner"), name="outer")
    with pytest.raises(RegistryConflict, match=r"two, one, inner\. Publish them") as told:
        publish(registry, outer)
    assert 'roadworthy publish two -m "why"' in told.value.message
    assert "roadworthy publish outer --with-steps" in told.value.message
    assert registry.versions("outer") == []


def test_a_preview_says_what_must_be_published_first(registry: StoredRegistry) -> None:
    publish(registry, ONE)
    preview = registry.preview(Draft(definition=chain_of(ONE, TWO), message="because"))
    assert (preview.version.version, preview.unpublished) == ("1.0.0", ("two",))
    assert registry.preview(Draft(definition=chain_of(ONE), message="because")).unpublished == ()


def test_a_judge_of_candidates_is_pinned_as_a_step_is(registry: StoredRegistry) -> None:
    judge = definition_of(name="judge")
    best = definition_of(best_of=BestOf(n=2, judge="judge"), judges={"judge": judge})
    with pytest.raises(RegistryConflict, match="not published: judge"):
        publish(registry, best)
    publish(registry, judge)
    publish(registry, best)
    assert pinned(registry, "mood") == (Pin(task="judge", version="1.0.0"),)


def test_the_steps_of_a_step_are_those_that_it_was_published_with(
    registry: StoredRegistry,
) -> None:
    publish(registry, ONE)
    publish(registry, chain_of(ONE, name="inner"))
    publish(registry, ONE, n=2)
    publish(registry, chain_of(chain_of(ONE, name="inner"), name="outer"))
    assert pinned(registry, "outer") == (
        Pin(task="inner", version="1.0.0"),
        Pin(task="one", version="1.0.0"),
    )


def test_what_a_draft_brings_for_a_step_is_not_what_is_published(
    registry: StoredRegistry, tmp_path: Path
) -> None:
    publish(registry, ONE)
    forged = msgspec.structs.replace(ONE, templates=(), description="forged")
    made = publish(registry, chain_of(forged))
    stored = registry.version("chain", "1.0.0").definition
    served = read_version_file(tmp_path / "versions", made.version.digest)
    for definition in (stored, served):
        assert definition.chain is not None
        assert definition.chain.tasks["one"].templates == ONE.templates


def test_a_chain_whose_steps_only_got_other_cases_is_no_new_version(
    registry: StoredRegistry,
) -> None:
    publish(registry, ONE)
    publish(registry, chain_of(ONE))
    publish(registry, ONE, n=2)
    assert not publish(registry, chain_of(ONE)).new


def test_tasks_are_ordered_after_those_that_they_run() -> None:
    inner = chain_of(ONE, TWO, name="inner")
    assert embedding_order(chain_of(inner, TWO)) == ("one", "two", "inner")
    assert embedding_order(draft_of().definition) == ()
