"""The registry over HTTP says what the registry itself says, in every method of the port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from keyed import TOKEN, Installation

from roadworthy.core.errors import Forbidden, GateRefused, LoginRequired, NotFound, RegistryConflict
from roadworthy.registry import Actor, Draft, MoveRequest, Registry
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition, Template

ANA = Actor(name="Ana Łoś\u202e", role="owner")
TASK = TaskDefinition(
    name="triage",
    model="m",
    input_schema={"type": "object", "properties": {"comment": {"type": "string"}}},
    output_schema={"type": "object", "properties": {"z": {}, "a": {"type": "string"}}},
    templates=(Template(role="user", source="{{ comment }}", file="user.md"),),
)
SUITE = Suite(cases=(Case(input={"comment": "x"}),), gate=Gate(pass_rate=0.5))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def url(house: Installation) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(house.app, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def remote(url: str) -> Registry:
    return RemoteRegistry(url, TOKEN)


@pytest.fixture(scope="module")
def published(remote: Registry) -> list[Any]:
    """Two versions, and a move by force, made from afar."""
    first = remote.publish(Draft(definition=TASK, suite=SUITE, message="Grüße"), ANA)
    moved = remote.move(MoveRequest(task="triage", to="1.0.0", force=True, why="now"), ANA)
    changed = msgspec.structs.replace(TASK, description="more")
    second = remote.publish(Draft(definition=changed, suite=SUITE, message="two"), ANA)
    return [first, moved, second]


def test_what_is_written_from_afar_is_what_is_there(
    house: Installation, published: list[Any]
) -> None:
    first, moved, second = published
    rows = {row.version: row for row in house.registry.versions("triage")}
    assert rows == {"1.0.0": first.version, "1.0.1": second.version}
    assert house.registry.history("triage") == [moved]
    assert (first.version.author, moved.by.name) == ("Ana Łoś", "Ana Łoś")
    assert house.changes == 3


ASKED: list[Callable[[Registry], Any]] = [
    lambda r: r.versions(),
    lambda r: r.versions("triage", limit=1),
    lambda r: r.version("triage", "^1"),
    lambda r: r.channels(),
    lambda r: r.channels("triage"),
    lambda r: r.history("triage", channel="production", limit=1),
    lambda r: r.history(channel="staging"),
    lambda r: r.weigh(MoveRequest(task="triage", to="1.0.1")),
    lambda r: r.preview(Draft(definition=TASK, suite=SUITE)),
    lambda r: r.export(["triage"]),
    lambda r: r.export(),
    lambda r: r.results("triage", definition="d" * 64),
]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("ask", ASKED)
def test_what_is_read_from_afar_is_what_is_there(
    house: Installation, remote: Registry, ask: Callable[[Registry], Any]
) -> None:
    assert ask(remote) == ask(house.registry)


@pytest.mark.usefixtures("published")
def test_the_order_of_an_outputs_fields_travels(remote: Registry) -> None:
    schema = remote.version("triage", "production").definition.output_schema
    assert schema is not None
    assert list(schema["properties"]) == ["z", "a"]


@pytest.mark.usefixtures("published")
def test_exports_travel_both_ways(remote: Registry, tmp_path: Path) -> None:
    other = Installation(tmp_path)
    taken = other.registry.take(remote.export(), ANA)
    assert sorted(row.version for row in taken) == ["1.0.0", "1.0.1"]
    assert remote.take(other.registry.export(), ANA) == []
    remote.record([], ANA)


@pytest.mark.usefixtures("published")
def test_refusals_arrive_as_what_they_are(house: Installation, remote: Registry, url: str) -> None:
    with pytest.raises(NotFound):
        remote.version("triage", "9.9.9")
    with pytest.raises(GateRefused) as caught:
        remote.move(MoveRequest(task="triage", to="1.0.1"), ANA)
    assert caught.value.misses
    with pytest.raises(RegistryConflict):
        remote.move(MoveRequest(task="triage", kind="rollback"), ANA)
    house.key("Ada")
    viewer = RemoteRegistry(url, house.key("Grace", "viewer").secret)
    assert viewer.versions("triage")
    assert viewer.weigh(MoveRequest(task="triage", to="1.0.0")).misses
    with pytest.raises(Forbidden):
        viewer.publish(Draft(definition=TASK, suite=SUITE, message="m"), ANA)
    with pytest.raises(LoginRequired):
        RemoteRegistry(url, None).versions()
