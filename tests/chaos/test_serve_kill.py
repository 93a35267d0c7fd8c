"""Gateways and keeper are killed at random; what was answered is recorded once."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

from canned_upstream import canned_upstream
from production import into_production
from projects import write_project
from serving_process import Server, serving

CALLS = 2_000
CALLERS = 8
KILLS_EACH = 3
ANSWER = json.dumps({"sentiment": "positive", "confidence": 0.5})


def test_each_answered_call_is_in_the_database_once_after_kill_9(tmp_path: Path) -> None:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = write_project(tmp_path, upstream.base_url, settings="[server]\ngateways = 2\n")
        with serving(into_production(project)) as server:
            answered = call_while_killing(server)
        # Serving ended in order, so the keeper has loaded all that the gateways wrote.
    assert len(answered) == CALLS
    with sqlite3.connect(server.state / "calls.sqlite") as database:
        recorded = Counter(row[0] for row in database.execute("SELECT id FROM calls"))
        by_width = "SELECT sum(calls) FROM rollups GROUP BY width_s"
        counted = {row[0] for row in database.execute(by_width)}
    assert [call for call in answered if recorded[call] != 1] == []
    assert counted == {sum(recorded.values())}


def call_while_killing(server: Server) -> list[str]:
    """Ids of the calls whose response arrived."""
    answered: list[str] = []
    stop = threading.Event()

    def work() -> None:
        while len(answered) < CALLS:
            try:
                reply = server.post("/v1/tasks/triage", {"input": {"comment": "fine"}})
            except (OSError, http.client.HTTPException):  # the gateway died under this call
                continue
            if reply.status == 200 and len(answered) < CALLS:
                answered.append(reply.json()["call"])

    callers = [threading.Thread(target=work) for _ in range(CALLERS)]
    killer = threading.Thread(target=kill_now_and_then, args=(server, answered, stop))
    for thread in [*callers, killer]:
        thread.start()
    for thread in callers:
        thread.join()
    stop.set()
    killer.join()
    return answered[:CALLS]


def kill_now_and_then(server: Server, answered: list[str], stop: threading.Event) -> None:
    """Kill each kind of process at random moments, spread over the calls."""
    chance = random.Random(20261121)
    kinds = ["roadworthy.serving.gateway", "roadworthy.control.keeping.keeper"] * KILLS_EACH
    chance.shuffle(kinds)
    moments = sorted(chance.uniform(0.05, 0.9) * CALLS for _ in kinds)
    for kind, moment in zip(kinds, moments, strict=True):
        while len(answered) < moment and not stop.is_set():
            time.sleep(0.002)
        kill_one(server, kind, chance)


def kill_one(server: Server, kind: str, chance: random.Random) -> None:
    for _ in range(500):
        children = psutil.Process(server.process.pid).children()
        victims = [child for child in children if kind in cmdline(child)]
        if victims:
            os.kill(chance.choice(victims).pid, signal.SIGKILL)
            return
        time.sleep(0.01)  # being started again
    raise AssertionError(f"{kind} was not started again")


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []
