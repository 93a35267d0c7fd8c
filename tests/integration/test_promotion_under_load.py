"""Promotions and rollbacks while callers call: not one call fails, and each is answered by one
version as a whole."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from canned_upstream import canned_upstream
from production import ME, into_production
from projects import write_project
from roadworthy.registry import Draft, MoveRequest
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.tasks import load_project
from serving_process import Reply, Server, serving
from waiting import wait_until

ROUNDS = 5
TASK = "/v1/tasks/triage"
FINE = {"input": {"comment": "fine"}}
CONFIDENCE = {"1.0.0": 0.0, "1.1.0": 1.0}
"""What the provider says to each version's prompt."""


def answer(request: dict[str, Any]) -> str:
    newer = "Newer" in request["messages"][-1]["content"]
    return json.dumps({"sentiment": "positive", "confidence": 1.0 if newer else 0.0})


@dataclass
class Production:
    """What callers may rely on: between two moves, every gateway serves one version."""

    settled: tuple[int, str] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    faults: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    def call(self, kind: str, ask: Callable[[], Reply], version: str | None = None) -> None:
        """One call; ``version`` is what it pins."""
        before = self.settled
        reply = ask()
        after = self.settled
        if reply.status != 200 or b"event: error" in reply.data:
            self.faults.append(f"{kind}: {reply.status} {reply.data[:300]!r}")
            return
        served = reply.headers["x-roadworthy-version"]
        value = value_of(reply)
        if value["confidence"] != CONFIDENCE[served]:
            self.faults.append(f"{kind}: {served} is named, and another one answered")
        expected = version or (before[1] if before is not None and before == after else served)
        if served != expected:
            self.faults.append(f"{kind}: {served} answered where {expected} was to be")
        self.calls[kind] = self.calls.get(kind, 0) + 1


def value_of(reply: Reply) -> Any:
    if reply.data.startswith(b"{"):
        return reply.json()["value"]
    _, _, end = reply.data.partition(b"event: answer\ndata: ")
    return json.loads(end.partition(b"\n")[0])["value"]


def keep_calling(server: Server, production: Production) -> None:
    streamed = FINE | {"stream": True}
    try:
        while not production.stop.is_set():
            production.call("plain", lambda: server.post(TASK, FINE))
            production.call("streamed", lambda: server.post(TASK, streamed))
            production.call("range", lambda: server.post(f"{TASK}@^1", FINE))
            production.call("pinned", lambda: server.post(f"{TASK}@1.0.0", FINE), "1.0.0")
            production.call("pinned", lambda: server.post(f"{TASK}@1.1.0", streamed), "1.1.0")
    except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
        production.faults.append(repr(error))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with canned_upstream(answer) as upstream:
        root = tmp_path_factory.mktemp("project")
        settings = "[server]\ngateways = 2\n"
        into_production(write_project(root, upstream.base_url, settings=settings))
        (root / "tasks/triage/prompt/user.md").write_text("Newer: {{ comment }}")
        with serving(root) as running:
            yield running


def registry_of(server: Server) -> RemoteRegistry:
    address = server.state / "keeper.json"
    wait_until(address.exists, "the keeper announces itself")
    told = json.loads(address.read_bytes())
    return RemoteRegistry(told["url"], told["token"])


def served_by_all(server: Server, version: str) -> bool:
    """Each question is a connection of its own, so two gateways take about half each."""
    replies = [server.post(TASK, FINE) for _ in range(24)]
    return {reply.headers.get("x-roadworthy-version") for reply in replies} == {version}


def test_no_call_fails_while_production_moves_to_and_fro(server: Server) -> None:
    registry = registry_of(server)
    newer = load_project(server.state.parent).tasks["triage"]
    assert registry.publish(Draft(definition=newer, message="newer"), ME).version.version == "1.1.0"
    production = Production()
    callers = [threading.Thread(target=keep_calling, args=(server, production)) for _ in range(4)]
    # Once before the callers begin, so that each of them finds both versions in the index.
    wait_until(lambda: server.post(f"{TASK}@1.1.0", FINE).status == 200, "it can be pinned")
    for caller in callers:
        caller.start()
    try:
        for move in range(2 * ROUNDS):
            kind, to = ("promote", "1.1.0") if move % 2 == 0 else ("rollback", None)
            version = to or "1.0.0"
            production.settled = None
            registry.move(MoveRequest(task="triage", kind=kind, to=to), ME)  # type: ignore[arg-type]
            wait_until(lambda v=version: served_by_all(server, v), f"{version} is served")  # type: ignore[misc]
            production.settled = (move, version)
            assert served_by_all(server, version)
    finally:
        production.stop.set()
        for caller in callers:
            caller.join()
    assert production.faults == []
    assert set(production.calls) == {"plain", "streamed", "range", "pinned"}
    assert [move.kind for move in registry.history("triage")][:2] == ["rollback", "promote"]
