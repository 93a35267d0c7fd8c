from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from roadworthy.access import make_secret
from roadworthy.access.keys import KeyStore
from roadworthy.core.errors import Forbidden, InvalidRequest, NotFound, StoreError
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.schema import keys as table

MINUTE_US = 60_000_000


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.us = 1_795_232_467_000_000

    def now_us(self) -> int:
        return self.us

    def elapsed_us(self) -> int:
        return self.us


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(StateFolder(tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def keys(engine: Engine, clock: HandClock) -> KeyStore:
    return KeyStore(engine, clock=clock)


def test_a_key_is_found_by_itself_alone(keys: KeyStore) -> None:
    ada = keys.create("Ada", "owner")
    grace = keys.create(" Grace ", "viewer")
    assert keys.find(ada.secret) == ada.key
    assert keys.find(grace.secret) == grace.key
    assert (grace.key.name, grace.key.role) == ("Grace", "viewer")
    assert keys.find(make_secret("owner").secret) is None
    assert keys.find(ada.secret[:-1] + ("a" if ada.secret[-1] != "a" else "b")) is None
    assert keys.find(grace.secret.replace("rw_v_", "rw_o_")) is None


def test_the_secret_is_nowhere_in_the_state_folder(tmp_path: Path, keys: KeyStore) -> None:
    made = keys.create("Ada", "owner")
    random = made.secret.rpartition("_")[2].encode()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if random in file.read_bytes()]
    assert made.secret not in repr(keys.listed())


def test_a_keeper_that_is_started_again_knows_the_keys(
    engine: Engine, keys: KeyStore, clock: HandClock
) -> None:
    made = keys.create("Ada", "owner")
    again = KeyStore(engine, clock=clock)
    assert again.required
    assert again.find(made.secret) == made.key
    assert again.listed() == [made.key]


def test_a_revoked_key_is_worthless_at_once_and_stays_listed(
    engine: Engine, keys: KeyStore, clock: HandClock
) -> None:
    keys.create("Ada", "owner")
    made = keys.create("Grace", "viewer")
    clock.us += 5
    revoked = keys.revoke(made.key.id)
    assert keys.find(made.secret) is None
    assert keys.good(made.key.id) is None
    assert revoked.revoked_us == clock.us
    assert keys.revoke(made.key.id) == revoked
    for store in (keys, KeyStore(engine, clock=clock)):
        assert revoked in store.listed()
        assert store.find(made.secret) is None


def test_the_first_key_is_an_owners_and_the_last_owners_cannot_be_revoked(keys: KeyStore) -> None:
    with pytest.raises(InvalidRequest, match="first key must be an owner's"):
        keys.create("Grace", "viewer")
    assert not keys.required
    ada = keys.create("Ada", "owner").key
    keys.create("Grace", "viewer")
    with pytest.raises(Forbidden, match="Create another one first"):
        keys.revoke(ada.id)
    other = keys.create("Ada at home", "owner").key
    keys.revoke(ada.id)
    with pytest.raises(Forbidden):
        keys.revoke(other.id)
    assert keys.required


def test_two_owners_who_revoke_each_other_leave_one(keys: KeyStore) -> None:
    ids = [keys.create(name, "owner").key.id for name in "ab"]

    def revoke(key_id: str) -> bool:
        try:
            keys.revoke(key_id)
        except Forbidden:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(revoke, ids)) == [False, True]
    assert len([key for key in keys.listed() if key.revoked_us is None]) == 1


def test_a_key_that_nobody_has_cannot_be_revoked(keys: KeyStore) -> None:
    with pytest.raises(NotFound, match="There is no key 'nobody'"):
        keys.revoke("nobody")


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\u202eb"])
def test_a_name_is_short_and_printable(keys: KeyStore, name: str) -> None:
    with pytest.raises(InvalidRequest, match="1 to 100 printable characters"):
        keys.create(name, "owner")


def test_a_name_is_free_again_once_its_key_is_revoked(keys: KeyStore) -> None:
    keys.create("Ada", "owner")
    first = keys.create("ci", "viewer")
    with pytest.raises(InvalidRequest, match="There is a key named 'ci'"):
        keys.create("ci", "viewer")
    keys.revoke(first.key.id)
    assert keys.find(keys.create("ci", "viewer").secret) is not None


def test_uses_are_known_at_once_and_written_once_a_minute(
    engine: Engine, keys: KeyStore, clock: HandClock
) -> None:
    key_id = keys.create("Ada", "owner").key.id
    assert [keys.note_use(key_id) for _ in range(3)] == [True, False, False]
    clock.us += MINUTE_US - 1
    assert not keys.note_use(key_id)
    assert keys.listed()[0].last_used_us == clock.us
    clock.us += 1
    assert keys.note_use(key_id)
    keys.write_use(key_id)
    with engine.connect() as connection:
        assert connection.execute(select(table.c.last_used_us)).scalar() == clock.us


def test_a_clock_that_is_set_back_does_not_undo_a_use(keys: KeyStore, clock: HandClock) -> None:
    key_id = keys.create("Ada", "owner").key.id
    keys.note_use(key_id)
    used_us = clock.us
    clock.us -= 3_600_000_000
    assert keys.note_use(key_id)  # or nothing would be written until the hour is over
    assert keys.listed()[0].last_used_us == used_us


def test_a_look_at_a_key_asks_the_database_nothing(engine: Engine, keys: KeyStore) -> None:
    made = keys.create("Ada", "owner")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(10):
        assert keys.find(made.secret) is not None
    assert statements == []


def test_a_key_that_cannot_be_written_is_not_made(engine: Engine, keys: KeyStore) -> None:
    keys.create("Ada", "owner")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE keys")
    with pytest.raises(StoreError, match="keys cannot be written") as caught:
        keys.create("Grace", "viewer")
    assert "rw_v_" not in caught.value.message
    assert [key.name for key in keys.listed()] == ["Ada"]
