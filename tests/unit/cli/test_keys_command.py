from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from registry_cli import roadworthy, write_tasks
from roadworthy.access import KEY_PATTERN


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_tasks(tmp_path)


def test_a_key_is_printed_alone_and_once(project: Path) -> None:
    made = roadworthy("keys", "create", "--name", "Ana", "--role", "owner", project=project)
    assert re.fullmatch(KEY_PATTERN, made.out.strip())
    assert "not shown again" in made.err
    assert made.out.strip() not in roadworthy("keys", "list", project=project).out
    state = project / ".roadworthy" / "calls.sqlite"
    assert made.out.strip().encode() not in state.read_bytes()


def test_a_key_without_a_name_is_its_makers(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("roadworthy.cli.git.author", lambda root: "Ana")
    made = roadworthy("keys", "create", "--role", "owner", "--json", project=project)
    assert json.loads(made.out)["key"]["name"] == "Ana"
    again = roadworthy("keys", "create", "--role", "viewer", project=project)
    assert "take another name" in again.err


def test_keys_are_listed_and_revoked_by_their_ids(project: Path) -> None:
    for name in ("Ana", "Ben"):
        roadworthy("keys", "create", "--name", name, "--role", "owner", project=project)
    listed = roadworthy("keys", "list", "--json", project=project).out.splitlines()
    ben = next(key for key in map(json.loads, listed) if key["name"] == "Ben")
    revoked = roadworthy("keys", "revoke", ben["id"], project=project)
    assert revoked.out == f"Revoked the owner key {ben['id']} of Ben.\n"
    lines = roadworthy("keys", "list", project=project).out.splitlines()
    assert lines[0].split()[:3] == ["ID", "NAME", "ROLE"]
    assert ["revoked" in line for line in lines if " Ben " in line] == [True]


def test_the_last_owner_is_kept_and_an_unknown_key_named(project: Path) -> None:
    made = roadworthy(
        "keys", "create", "--name", "Ana", "--role", "owner", "--json", project=project
    )
    key = json.loads(made.out)["key"]
    assert "last owner" in roadworthy("keys", "revoke", key["id"], project=project).err
    assert "no key 'nobody'" in roadworthy("keys", "revoke", "nobody", project=project).err


def test_an_installation_without_keys_says_who_may_do_what(project: Path) -> None:
    assert "There is no key" in roadworthy("keys", "list", project=project).out
