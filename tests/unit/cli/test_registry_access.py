from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from control_double import ControlDouble, control_double
from registry_cli import write_tasks
from roadworthy.cli import registry_access
from roadworthy.cli.registry_access import (
    actor_of,
    environment_api,
    open_environment,
    open_registry,
)
from roadworthy.core.errors import MissingCredential, StoreError
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.locks import keeper_lock
from roadworthy.tasks import Project, load_installation


@pytest.fixture
def control() -> Iterator[ControlDouble]:
    with control_double() as double:
        double.answer = {"channels": []}
        yield double


@pytest.fixture
def project(tmp_path: Path, control: ControlDouble) -> Project:
    write_tasks(tmp_path)
    (tmp_path / "roadworthy.toml").write_text(
        f'[environments.far]\nurl = "{control.url}"\napi_key = {{file = "secrets/far"}}\n'
        f'[environments.near]\nurl = "{control.url}"\napi_key = {{env = "NEAR_KEY"}}\n'
        f'[environments.open]\nurl = "{control.url}"\n'
    )
    return load_installation(tmp_path)


def folder_of(project: Project) -> StateFolder:
    return StateFolder(project.root / ".roadworthy")


def tell_of_keeper(project: Project, url: str) -> None:
    address = folder_of(project).path / "keeper.json"
    address.write_text(json.dumps({"url": url, "token": "of-this-machine"}))


def test_the_lock_is_held_for_as_long_as_a_command_works(project: Project) -> None:
    with open_registry(project) as registry:
        assert isinstance(registry, StoredRegistry)
        with pytest.raises(StoreError, match="another keeper"), keeper_lock(folder_of(project)):
            pass
    with keeper_lock(folder_of(project)):
        pass


def test_a_keeper_at_work_is_asked(project: Project, control: ControlDouble) -> None:
    with keeper_lock(folder_of(project)):
        tell_of_keeper(project, control.url)
        with open_registry(project) as registry:
            assert isinstance(registry, RemoteRegistry)
            assert registry.channels() == []
    assert [asked.path for asked in control.asked] == ["/healthz", "/api/channels"]
    assert control.asked[1].headers["authorization"] == "Bearer of-this-machine"


def test_the_address_of_a_keeper_that_is_gone_is_not_asked(
    project: Project, control: ControlDouble
) -> None:
    folder_of(project).create()
    tell_of_keeper(project, "http://127.0.0.1:9")
    with open_registry(project) as registry:
        assert isinstance(registry, StoredRegistry)


def test_another_command_is_waited_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as other:
        other.enter_context(keeper_lock(folder_of(project)))
        tell_of_keeper(project, "http://127.0.0.1:9")
        monkeypatch.setattr(registry_access, "sleep", lambda _: other.close())
        with open_registry(project) as registry:
            assert isinstance(registry, StoredRegistry)


def test_waiting_ends(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 1000, 5))
    monkeypatch.setattr(registry_access, "monotonic", lambda: next(now))
    monkeypatch.setattr(registry_access, "sleep", lambda _: None)
    with (
        keeper_lock(folder_of(project)),
        pytest.raises(StoreError, match="stayed in use for 15 s: another keeper"),
        open_registry(project),
    ):
        pass


def test_a_key_is_looked_up_where_its_table_says(
    project: Project, control: ControlDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "secrets").mkdir()
    (project.root / "secrets" / "far").write_text("rw_far\n")
    monkeypatch.setenv("NEAR_KEY", "rw_near")
    for name in ("far", "near", "open"):
        with open_environment(project, name) as registry:
            registry.channels()
    sent = [asked.headers.get("authorization") for asked in control.asked]
    assert sent == ["Bearer rw_far", "Bearer rw_near", None]


def test_a_key_that_is_not_there_is_an_error_with_its_place(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEAR_KEY", raising=False)
    with pytest.raises(MissingCredential, match="variable NEAR_KEY"):
        environment_api(project, "near")
    with pytest.raises(MissingCredential, match="secrets/far"):
        environment_api(project, "far")


def test_who_sits_here_is_an_owner(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_access, "author", lambda root: "Ana")
    assert (actor_of(project).name, actor_of(project).role) == ("Ana", "owner")
