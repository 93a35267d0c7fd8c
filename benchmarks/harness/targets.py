"""What a target of a benchmark is: how it is started, waited for, addressed and ended."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canned import MODEL, PACED_MODEL, chat_request
from harness.environments import PeerUnavailable
from harness.load import Cell, Load, Request, drive
from harness.processes import Process, free_port

__all__ = ["JSON", "MODULES", "HttpRow", "Row", "Target", "chat_rows"]

READY_LIMIT_S = 120.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MODULES = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
"""For children that run a module of this package."""
JSON = {"content-type": "application/json"}


@dataclass
class Row(ABC):
    """One line of the tables: one way to call one target."""

    label: str
    target: Target

    @abstractmethod
    def serves(self, cell: Cell) -> bool:
        """Whether this cell is measured here at all."""

    @abstractmethod
    def measure(self, cell: Cell, seconds: float) -> Load: ...


@dataclass
class HttpRow(Row):
    """Called over HTTP."""

    plain: Request | None
    stream: Request | None = None
    paced: Request | None = None

    def request(self, cell: Cell) -> Request | None:
        if not cell.stream:
            return self.plain
        return self.paced if cell.paced else self.stream

    def serves(self, cell: Cell) -> bool:
        return self.request(cell) is not None

    def measure(self, cell: Cell, seconds: float) -> Load:
        request = self.request(cell)
        assert request is not None
        return drive(request, cell, seconds)


class Target(ABC):
    """A gateway under measurement: started once, measured in every round, ended at the end.

    Raises:
        PeerUnavailable: it cannot be installed here.
    """

    name: str
    """What ``--only`` calls it."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self.folder = folder / self.name
        self.folder.mkdir()
        self.upstream = upstream
        """The canned upstream's base URL, version included."""
        self.port = free_port()
        self.version = ""
        self.size_mb: float | None = None
        self.start_up_s = 0.0
        self.rows: list[Row] = []
        self.process = self.prepare()

    @abstractmethod
    def prepare(self) -> Process:
        """The process to start; installs and writes what it needs."""

    @abstractmethod
    def describe(self) -> list[Row]:
        """The rows to measure, once it is ready."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, argv: list[str], env: dict[str, str] | None = None, **more: Any) -> Process:
        log = self.folder / "log"
        return Process(argv, log, cwd=self.folder, env=env or {}, **more)

    def start(self) -> None:
        """Starts it and waits until it answers.

        Raises:
            PeerUnavailable: it ended, or did not answer as the upstream did.
        """
        began = time.perf_counter()
        self.process.start()
        self.wait_until_ready()
        self.start_up_s = time.perf_counter() - began
        self.rows = self.describe()

    def wait_until_ready(self) -> None:
        request = next(
            row.plain for row in self.describe() if isinstance(row, HttpRow) and row.plain
        )
        until = time.monotonic() + READY_LIMIT_S
        said = ""
        while time.monotonic() < until:
            if not self.process.running:
                raise PeerUnavailable(f"it ended at once:\n{self.process.said_last()}")
            said = fault_of(request)
            if not said:
                return
            time.sleep(0.05)
        raise PeerUnavailable(f"no answer in {READY_LIMIT_S:.0f} s: {said}")

    def recorded(self) -> int | None:
        """Calls in its own database by now; None where it keeps none."""
        return None

    def end(self) -> None:
        self.process.end()


def fault_of(request: Request) -> str:
    """Empty if this request brings the canned answer, else what came instead."""
    asked = urllib.request.Request(request.url, request.body, request.headers)
    try:
        with _DIRECT.open(asked, timeout=10) as reply:
            body = reply.read()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read()[:300]!r}"
    except OSError as error:
        return str(error)
    return "" if b"sentiment" in body else f"not the canned answer: {body[:300]!r}"


def chat_rows(label: str, target: Target, url: str, headers: dict[str, str]) -> list[Row]:
    """One row that calls the chat surface with a plain model, streams included."""

    def request(model: str, *, stream: bool) -> Request:
        return Request(url, json.dumps(chat_request(model, stream=stream)).encode(), headers)

    return [
        HttpRow(
            label,
            target,
            plain=request(MODEL, stream=False),
            stream=request(MODEL, stream=True),
            paced=request(PACED_MODEL, stream=True),
        )
    ]
