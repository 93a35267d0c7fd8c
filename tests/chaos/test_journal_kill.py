"""Gateways and keepers are killed in the middle of their work; no acknowledged call is lost.

Run as a script, this file is one of the processes that are killed.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Engine, Table, func, select

from roadworthy.core import Attempt, Call, Reason, SystemClock, Usage, new_id
from roadworthy.storage import JournalWriter, StateFolder, keeper_lock
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader
from roadworthy.storage.queries import find_call
from roadworthy.storage.rollups import WIDTHS_S
from roadworthy.storage.schema import calls, ledger, ledger_reasons, rollups

KILLS = 3
CALLS_A_LIFE = 700


class Process:
    """This file, run in a role; its lines of output are read as they come."""

    def __init__(self, role: str, folder: StateFolder) -> None:
        command = [sys.executable, __file__, role, str(folder.path)]
        self._child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout is not None
        self._output: IO[str] = self._child.stdout

    def lines(self, number: int) -> list[str]:
        lines = [self._output.readline() for _ in range(number)]
        assert all(line.endswith("\n") for line in lines), "the process ended by itself"
        return [line.strip() for line in lines]

    def kill(self) -> list[str]:
        """The whole lines that it had written and that were not read yet."""
        self._child.kill()
        self._child.wait()
        left = self._output.read().splitlines(keepends=True)
        self._output.close()
        return [line.strip() for line in left if line.endswith("\n")]


@pytest.mark.parametrize("seed", [7])
def test_every_acknowledged_call_is_in_the_database_once(tmp_path: Path, seed: int) -> None:
    moments = random.Random(seed)
    folder = StateFolder(tmp_path / "state")
    writer, loader = Process("write", folder), Process("load", folder)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        loader.lines(moments.randint(1, 3))
        acknowledged += writer.lines(moments.randint(CALLS_A_LIFE // 2, CALLS_A_LIFE))
        for role in moments.sample(["write", "load"], 2):
            time.sleep(moments.uniform(0, 0.03))
            if role == "write":
                acknowledged += writer.kill()
                writer = Process("write", folder)
            else:
                loader.kill()
                loader = Process("load", folder)
    acknowledged += writer.lines(CALLS_A_LIFE)
    acknowledged += writer.kill()
    loader.kill()
    check(folder, acknowledged)


def check(folder: StateFolder, acknowledged: list[str]) -> None:
    assert len(acknowledged) == len(set(acknowledged)) >= 2_000
    with keeper_lock(folder):
        engine = open_database(folder)
        last = Loader(folder, engine, SystemClock())
        report = last.load_once()
        last.close()
    assert (report.corrupt, report.behind_bytes, report.faults) == (0, 0, [])
    # Killed while it made a file, a writer leaves an empty one, which is removed a minute later.
    assert {path.suffix for path in folder.journal.iterdir()} <= {".new"}
    with engine.connect() as connection:
        stored = list(connection.scalars(select(calls.c.id)))
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    for table in (rollups, ledger, ledger_reasons):
        assert counted(engine, table) == dict.fromkeys(WIDTHS_S, len(stored))
    for call_id in acknowledged[:: len(acknowledged) // 50]:
        assert find_call(engine, folder, call_id).call.value == call_id
    engine.dispose()


def counted(engine: Engine, table: Table) -> dict[int, int]:
    """Calls that the table counts in each width."""
    query = select(table.c.width_s, func.sum(table.c.calls)).group_by(table.c.width_s)
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def write(folder: StateFolder) -> None:
    """A gateway: a call is acknowledged, by its id, once it is journalled."""
    clock = SystemClock()
    writer = JournalWriter(folder, f"gateway-{os.getpid()}", clock, max_file_bytes=200_000)
    while True:
        now_us = clock.now_us()
        call = Call(id=new_id(now_us), task=f"task-{now_us % 5}", started_us=now_us)
        call.attempts.append(Attempt(model="m", provider="p", usage=Usage(), text="a" * 800))
        # Each counts in the ledger too, under one reason, with a schema of its own.
        call.outcome, call.schema_digest = "repaired", call.id
        call.reasons = (Reason(kind="repair", name="fence"),)
        call.value = call.id
        writer.append(call)
        os.write(1, call.id.encode() + b"\n")


def load(folder: StateFolder) -> None:
    """A keeper, in small transactions, so that a kill finds it in the middle of one."""
    with keeper_lock(folder):
        loader = Loader(folder, open_database(folder), SystemClock())
        while True:
            if loader.load_once(max_calls=40).loaded:
                os.write(1, b"loaded\n")


if __name__ == "__main__":
    {"write": write, "load": load}[sys.argv[1]](StateFolder(sys.argv[2]))
