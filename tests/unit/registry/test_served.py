from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from registry_samples import ADA, draft_of, stored_registry
from roadworthy.registry import MoveRequest
from roadworthy.registry.served import Served, ServedVersions
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage.database import writing


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[StoredRegistry]:
    with stored_registry(tmp_path) as registry:
        yield registry


def opened(registry: StoredRegistry) -> ServedVersions:
    return ServedVersions(registry._engine, registry._folder)


def publish(registry: StoredRegistry, *prompts: str, name: str = "mood") -> None:
    for prompt in prompts:
        registry.publish(draft_of(prompt + " {{ comment }}", name=name), ADA)


def read(served: ServedVersions) -> Served:
    found = served.read_if_moved()
    assert found is not None
    return found


def test_what_was_read_piece_by_piece_is_what_is_read_at_once(registry: StoredRegistry) -> None:
    served = opened(registry)
    publish(registry, *"abcdefghijkl")
    read(served)
    publish(registry, "a", "b", name="other")
    registry.move(MoveRequest(task="mood", to="1.9.0"), ADA)
    read(served)
    publish(registry, "m")
    assert read(served) == read(opened(registry))
    assert served.read_if_moved() is None


def test_versions_stand_the_newest_first_by_number(registry: StoredRegistry) -> None:
    served = opened(registry)
    publish(registry, *"abcdefghijk")
    read(served)
    publish(registry, "l")
    versions = list(read(served).versions["mood"].digests)
    assert versions[:3] == ["1.11.0", "1.10.0", "1.9.0"]
    assert versions[-1] == "1.0.0"


def test_what_was_handed_out_stays_as_it_was(registry: StoredRegistry) -> None:
    served = opened(registry)
    publish(registry, "a")
    before = read(served)
    publish(registry, "b")
    read(served)
    assert list(before.versions["mood"].digests) == ["1.0.0"]


def run(registry: StoredRegistry, *statements: str) -> None:
    with writing(registry._engine) as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_a_version_that_was_committed_late_is_not_passed_over(registry: StoredRegistry) -> None:
    served = opened(registry)
    publish(registry, "a", "b", "c")
    of_it = "FROM versions WHERE version = '1.1.0'"
    run(registry, f"CREATE TABLE late AS SELECT * {of_it}", f"DELETE {of_it}")
    assert len(read(served).versions["mood"].digests) == 2
    run(registry, "INSERT INTO versions SELECT * FROM late")
    publish(registry, "d")
    assert list(read(served).versions["mood"].digests) == ["1.3.0", "1.2.0", "1.1.0", "1.0.0"]


def test_a_move_reads_no_version_again(registry: StoredRegistry) -> None:
    publish(registry, "a", "b")
    registry.move(MoveRequest(task="mood", to="1.0.0"), ADA)
    served = opened(registry)
    read(served)
    registry.move(MoveRequest(task="mood", to="1.1.0"), ADA)
    asked: list[tuple[str, object]] = []
    event.listen(registry._engine, "before_cursor_execute", lambda *a: asked.append((a[2], a[3])))
    assert read(served).production["mood"].version == "1.1.0"
    contents = [parameters for sql, parameters in asked if "version_contents" in sql]
    assert contents == [("production", "mood")]


def test_the_first_reading_asks_as_often_for_many_tasks(registry: StoredRegistry) -> None:
    asked: list[str] = []
    event.listen(registry._engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    counts = []
    for number in range(3):
        publish(registry, "a", name=f"task-{number}")
        registry.move(MoveRequest(task=f"task-{number}", to="1.0.0"), ADA)
        asked.clear()
        assert len(read(opened(registry)).production) == number + 1
        counts.append(len(asked))
    assert len(set(counts)) == 1
