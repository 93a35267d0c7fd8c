from __future__ import annotations

import base64
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.access import EndedSessions, Session, SessionSigner, load_signing_secret
from roadworthy.access.sessions import CLOCK_SLIP_US, MAX_ENDED, SESSION_US
from roadworthy.core.errors import StoreError

NOW_US = 1_795_232_467_000_000
SIGNER = SessionSigner(b"s" * 32)
SESSION = SIGNER.begin("key1", now_us=NOW_US)
COOKIE = SIGNER.seal(SESSION)


def test_a_session_comes_back_from_its_cookie() -> None:
    assert SIGNER.open(COOKIE, now_us=NOW_US) == SESSION
    assert SESSION.key_id == "key1"


def test_every_login_begins_another_session() -> None:
    assert len({SIGNER.begin("key1", now_us=NOW_US).id for _ in range(100)}) == 100


def test_a_session_ends_by_itself() -> None:
    assert SIGNER.open(COOKIE, now_us=NOW_US + SESSION_US - 1) == SESSION
    assert SIGNER.open(COOKIE, now_us=NOW_US + SESSION_US) is None


def test_a_clock_that_was_ahead_makes_no_session_longer_but_by_a_little() -> None:
    assert SIGNER.open(COOKIE, now_us=NOW_US - CLOCK_SLIP_US) == SESSION
    assert SIGNER.open(COOKIE, now_us=NOW_US - CLOCK_SLIP_US - 1) is None


@given(st.integers(0, len(COOKIE) - 1), st.characters(codec="latin-1"))
def test_a_changed_cookie_is_none(place: int, character: str) -> None:
    changed = COOKIE[:place] + character + COOKIE[place + 1 :]
    assert SIGNER.open(changed, now_us=NOW_US) == (SESSION if changed == COOKIE else None)


@given(st.text(max_size=600))
def test_anything_else_is_none(cookie: str) -> None:
    assert SIGNER.open(cookie, now_us=NOW_US) is None


def test_another_installations_cookie_is_none_and_goes_by_another_name() -> None:
    other = SessionSigner(b"t" * 32)
    assert other.open(COOKIE, now_us=NOW_US) is None
    assert other.suffix != SIGNER.suffix


def test_content_that_nobody_signed_is_none() -> None:
    forged = msgspec.structs.replace(SESSION, key_id="key2")
    content = base64.urlsafe_b64encode(msgspec.json.encode(forged)).rstrip(b"=").decode()
    for signature in ("", COOKIE.partition(".")[2], SIGNER.form_token(content)):
        assert SIGNER.open(f"{content}.{signature}", now_us=NOW_US) is None


def test_a_forms_token_is_good_with_its_own_session_alone() -> None:
    token = SIGNER.form_token("session:a")
    assert SIGNER.is_form_token(token, "session:a")
    assert not SIGNER.is_form_token(token, "session:b")
    assert not SIGNER.is_form_token("", "session:a")
    assert not SessionSigner(b"t" * 32).is_form_token(token, "session:a")


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SessionSigner(b"short")


def test_the_secret_is_made_once_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "session.secret"
    secret = load_signing_secret(file)
    assert len(secret) == 32
    assert load_signing_secret(file) == secret
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    load_signing_secret(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["session.secret"]


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_that_is_none_is_told_without_being_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "session.secret"
    file.write_bytes(content)
    with pytest.raises(StoreError, match="Remove it"):
        load_signing_secret(file)


def test_a_secret_behind_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x" * 32)
    (tmp_path / "session.secret").symlink_to(tmp_path / "real")
    with pytest.raises(StoreError, match="cannot be used"):
        load_signing_secret(tmp_path / "session.secret")


def test_a_session_that_was_ended_stays_so_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "ended.json"
    ended = EndedSessions(file)
    assert SESSION not in ended
    ended.add(SESSION, now_us=NOW_US)
    assert SESSION in ended
    assert SESSION in EndedSessions(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_ended_sessions_are_forgotten_once_they_are_over() -> None:
    ended = EndedSessions()
    ended.add(SESSION, now_us=NOW_US)
    later = SIGNER.begin("key1", now_us=NOW_US + SESSION_US)
    ended.add(later, now_us=NOW_US + SESSION_US)
    assert SESSION not in ended
    assert later in ended


def test_a_flood_of_logouts_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "ended.json"
    many = {f"id{n}": NOW_US + SESSION_US - n for n in range(MAX_ENDED + 10)}
    file.write_bytes(msgspec.json.encode(many))
    ended = EndedSessions(file)
    ended.add(Session(id="last", key_id="k", expires_us=NOW_US + SESSION_US), now_us=NOW_US)
    assert len(msgspec.json.decode(file.read_bytes())) == MAX_ENDED


def test_a_damaged_list_of_ended_sessions_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / "ended.json"
    file.write_bytes(b"{")
    ended = EndedSessions(file)
    ended.add(SESSION, now_us=NOW_US)
    assert SESSION in EndedSessions(file)
