from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from registry_samples import ADA, draft_of, stored_registry
from roadworthy.core.errors import RegistryConflict, StoreError
from roadworthy.registry import MoveRequest
from roadworthy.registry.rows import add_version, set_pointer
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage.database import writing


class BackwardsClock:
    """Goes back a second whenever it is read."""

    def __init__(self) -> None:
        self.time_us = 1_790_000_000_000_000

    def now_us(self) -> int:
        self.time_us -= 1_000_000
        return self.time_us

    def elapsed_us(self) -> int:
        return 0


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[StoredRegistry]:
    with stored_registry(tmp_path, clock=BackwardsClock()) as registry:
        for prompt in ("a", "b", "c"):
            registry.publish(draft_of(prompt + " {{ comment }}"), ADA)
        yield registry


def promote(version: str) -> MoveRequest:
    return MoveRequest(task="mood", to=version)


def test_history_is_in_order_though_the_clock_is_set_back(registry: StoredRegistry) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        registry.move(promote(version), ADA)
    assert [move.to_version for move in registry.history("mood")] == ["1.2.0", "1.1.0", "1.0.0"]
    back = registry.move(MoveRequest(task="mood", kind="rollback"), ADA)
    assert (back.from_version, back.to_version) == ("1.2.0", "1.1.0")


def test_a_pointer_that_somebody_else_moved_is_left_alone(registry: StoredRegistry) -> None:
    first = registry.move(promote("1.0.0"), ADA)
    stale = registry.move(promote("1.1.0"), ADA)
    late = msgspec.structs.replace(stale, to_version="1.2.0")
    elsewhere = pytest.raises(RegistryConflict, match=r"not point to 1\.0\.0 any more")
    with elsewhere, writing(registry._engine) as connection:
        set_pointer(connection, late)
    with pytest.raises(IntegrityError), writing(registry._engine) as connection:
        set_pointer(connection, first)
    assert registry.version("mood", "production").row.version == "1.1.0"


def test_a_number_is_given_once(registry: StoredRegistry) -> None:
    taken = registry.version("mood", "1.1.0")
    with pytest.raises(IntegrityError), writing(registry._engine) as connection:
        add_version(connection, taken)
    assert len(registry.versions("mood")) == 3


def test_damaged_content_is_an_error_with_a_remedy(registry: StoredRegistry) -> None:
    damage = "UPDATE version_contents SET content = substr(content, 1, 80) WHERE version = '1.1.0'"
    with writing(registry._engine) as connection:
        connection.execute(text(damage))
    with pytest.raises(StoreError, match=r"1\.1\.0 of mood is damaged.*roadworthy import"):
        registry.version("mood", "1.1.0")
    assert registry.version("mood", "1.2.0").row.version == "1.2.0"
