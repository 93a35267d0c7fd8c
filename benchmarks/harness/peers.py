"""What Roadworthy is measured beside: the canned upstream, the yardstick, the peers.

All of them forward to the same canned upstream with one worker, without schema and without
recording, which is the least that they can be asked.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from harness.canned import MODEL, PACED_MODEL
from harness.environments import LITELLM, PORTKEY, TENSORZERO, PeerUnavailable, install
from harness.load import Cell, Load, Request
from harness.processes import Process
from harness.targets import JSON, MODULES, HttpRow, Row, Target, chat_rows

__all__ = ["BareProxy", "LiteLlm", "Portkey", "TensorZero", "Upstream"]


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
