"""What is measured: each gateway as it is started and addressed.

All of them forward to the same canned upstream with one worker. The peers only forward (no schema,
no recording), which is the least that they can be asked; Roadworthy serves a task with input and
output schema and writes its journal.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.canned import MODEL, PACED_MODEL, chat_request
from harness.environments import LITELLM, PORTKEY, TENSORZERO, Peer, PeerUnavailable, install
from harness.load import Cell, Load, Request, drive
from harness.processes import Process, free_port

__all__ = ["BareProxy", "LiteLlm", "Portkey", "Row", "Target", "TensorZero", "Upstream"]

HERE = Path(__file__).resolve().parents[1]
READY_LIMIT_S = 120.0
MODULES = {"PYTHONPATH": str(HERE)}
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
    """A gateway under measurement: started once, measured in every round, ended at the end."""

    name: str
    """What ``--only`` calls it."""
    peer: Peer | None = None

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

    def end(self) -> None:
        self.process.end()


def fault_of(request: Request) -> str:
    """Empty if this request brings the canned answer, else what came instead."""
    asked = urllib.request.Request(request.url, request.body, request.headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as reply:
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


class Upstream(Target):
    """The canned upstream itself: the ceiling of everything else."""

    name = "upstream"

    def prepare(self) -> Process:
        argv = [sys.executable, "-m", "harness.upstream", str(self.port)]
        return self.run(argv, MODULES)

    def describe(self) -> list[Row]:
        url = f"{self.base_url}/v1/chat/completions"
        return chat_rows("the canned upstream itself", self, url, JSON)


class BareProxy(Target):
    """Starlette, uvicorn and aiohttp, copying bytes."""

    name = "bare"

    def prepare(self) -> Process:
        argv = [sys.executable, "-m", "harness.bare_proxy", str(self.port), self.upstream]
        return self.run(argv, MODULES)

    def describe(self) -> list[Row]:
        url = f"{self.base_url}/v1/chat/completions"
        return chat_rows("bare proxy: Starlette, uvicorn, aiohttp client", self, url, JSON)


class LiteLlm(Target):
    """LiteLLM's proxy, one key, no database."""

    name = "litellm"
    peer = LITELLM
    key = "sk-benchmark"

    def prepare(self) -> Process:
        installed = install(LITELLM)
        self.version, self.size_mb = installed.version, installed.size_mb
        models = [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/{name}",
                    "api_base": self.upstream,
                    "api_key": "none",
                },
            }
            for name in (MODEL, PACED_MODEL)
        ]
        config = {"model_list": models, "general_settings": {"master_key": self.key}}
        path = self.folder / "config.yaml"
        path.write_text(json.dumps(config))  # JSON is YAML
        argv = [str(installed.folder / "venv" / "bin" / "litellm"), "--config", str(path)]
        argv += ["--host", "127.0.0.1", "--port", str(self.port), "--num_workers", "1"]
        # It would otherwise fetch its price map from the network, and report home.
        env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
        return self.run([*argv, "--telemetry", "False"], env)

    def describe(self) -> list[Row]:
        url = f"{self.base_url}/v1/chat/completions"
        headers = JSON | {"authorization": f"Bearer {self.key}"}
        return chat_rows(f"LiteLLM {self.version} proxy, one key, no database", self, url, headers)


class Portkey(Target):
    """Portkey's open-source gateway on Node."""

    name = "portkey"
    peer = PORTKEY

    def prepare(self) -> Process:
        installed = install(PORTKEY)
        self.version, self.size_mb = installed.version, installed.size_mb
        server = installed.folder / "node_modules/@portkey-ai/gateway/build/start-server.js"
        return self.run(["node", str(server), f"--port={self.port}", "--headless"])

    def describe(self) -> list[Row]:
        headers = JSON | {
            "authorization": "Bearer none",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": self.upstream,
        }
        url = f"{self.base_url}/v1/chat/completions"
        return chat_rows(f"Portkey gateway {self.version}", self, url, headers)


@dataclass
class DrivenRow(Row):
    """Called in process, by the driver that embeds it: its CPU holds the caller's too."""

    driver: Process = field(repr=False)

    def serves(self, _cell: Cell) -> bool:
        return True

    def measure(self, cell: Cell, seconds: float) -> Load:
        plan = {
            "model": PACED_MODEL if cell.paced else MODEL,
            "connections": cell.connections,
            "stream": cell.stream,
            "seconds": seconds,
        }
        return Load(**tell(self.driver, plan))


def tell(driver: Process, plan: dict[str, Any]) -> dict[str, Any]:
    """What a driver answers to one line of JSON."""
    to, back = driver.pipes
    to.write(json.dumps(plan) + "\n")
    to.flush()
    line = back.readline()
    if not line:
        raise PeerUnavailable(f"the driver ended:\n{driver.said_last()}")
    answer: dict[str, Any] = json.loads(line)
    return answer


class TensorZero(Target):
    """TensorZero embedded in Python, observability off; it has no server of its own to start."""

    name = "tensorzero"
    peer = TENSORZERO

    def prepare(self) -> Process:
        installed = install(TENSORZERO)
        self.version, self.size_mb = installed.version, installed.size_mb
        lines = ["[gateway]", "observability.enabled = false"]
        for name in (MODEL, PACED_MODEL):
            lines += [f"[models.{name}]", f'routing = ["{name}"]']
            lines += [f"[models.{name}.providers.{name}]", 'type = "openai"']
            lines += [f'model_name = "{name}"', f'api_base = "{self.upstream}/"']
            lines += ['api_key_location = "none"']
        config = self.folder / "tensorzero.toml"
        config.write_text("\n".join(lines))
        argv = [installed.python, "-m", "harness.tensorzero_driver", str(config)]
        return self.run(argv, MODULES, piped=True)

    def wait_until_ready(self) -> None:
        ready = tell(self.process, {"hello": True})
        self.http = ready["http"]

    def describe(self) -> list[Row]:
        label = f"TensorZero {self.version} embedded in Python, called in process"
        rows: list[Row] = [DrivenRow(label, self, driver=self.process)]
        if self.http:
            rows += self.http_rows()
        return rows

    def http_rows(self) -> list[Row]:
        """The HTTP server that it opens for OpenAI's client, in the same process."""
        rows = chat_rows(
            f"TensorZero {self.version} embedded, over its own loopback HTTP",
            self,
            f"{self.http}/chat/completions",
            JSON,
        )
        prefix = b'"model": "tensorzero::model_name::'
        for row in rows:
            assert isinstance(row, HttpRow)
            for cell in ("plain", "stream", "paced"):
                request = getattr(row, cell)
                body = request.body.replace(b'"model": "', prefix)
                setattr(row, cell, Request(request.url, body, request.headers))
        return rows
