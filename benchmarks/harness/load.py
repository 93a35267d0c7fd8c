"""Load on one address, in a process of its own, and what came back.

`wrk` drives plain calls where it is installed (Debian: ``apt-get install wrk``); streams, and
plain calls where it is not, are driven by `harness.generator`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Cell", "Load", "LoadFailed", "Request", "drive", "generator_name"]

GRACE_S = 20.0


class LoadFailed(Exception):
    """The load could not be driven at all."""


@dataclass(frozen=True)
class Cell:
    """One way to load a gateway."""

    name: str
    connections: int
    stream: bool = False
    paced: bool = False
    """Streams whose events come at the pace of a model."""
    share: float = 1.0
    """Of the seconds that a cell gets."""
    warm_up_s: float = 0.0
    """Untimed, before the rounds: connections open, just-in-time compilers compile."""


@dataclass(frozen=True)
class Request:
    """What each call sends."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What one run of one cell gave. Latencies in milliseconds, of successful calls."""

    calls: int
    """Successful ones; streams: those that arrived whole."""
    errors: int
    seconds: float
    p50_ms: float
    p99_ms: float
    first_event_ms: float | None = None
    """Streams: the median time to the first event."""

    @property
    def per_s(self) -> float:
        return self.calls / self.seconds if self.seconds else 0.0


def generator_name(stream: bool) -> str:
    return "harness.generator" if stream or shutil.which("wrk") is None else "wrk"


def drive(request: Request, cell: Cell, seconds: float) -> Load:
    """Loads this address for so many seconds.

    Raises:
        LoadFailed: the load generator failed or did not end.
    """
    try:
        if generator_name(cell.stream) == "wrk":
            return _wrk(request, cell, seconds)
        return _generator(request, cell, seconds)
    except subprocess.TimeoutExpired as error:
        raise LoadFailed(f"the load did not end {GRACE_S:.0f} s after its time") from error


_SCRIPT = """
wrk.method = "POST"
wrk.body = {body}
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '{{"requests": %d, "status": %d, "socket": %d, "us": %d, "p50_us": %f, "p99_us": %f}}\\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"""


def _wrk(request: Request, cell: Cell, seconds: float) -> Load:
    headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
        for name, value in request.headers.items()
    )
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(_SCRIPT.format(body=_lua(request.body), headers=headers))
        command = ["wrk", "-t1", f"-c{cell.connections}", f"-d{_whole(seconds)}s"]
        command += ["--timeout", "10s", "-s", str(script), request.url]
        said = _run(command, "", seconds)
    figures = json.loads(said.strip().splitlines()[-1])
    failed = figures["status"] + figures["socket"]
    return Load(
        calls=figures["requests"] - figures["status"],
        errors=failed,
        seconds=figures["us"] / 1e6,
        p50_ms=figures["p50_us"] / 1e3,
        p99_ms=figures["p99_us"] / 1e3,
    )


def _generator(request: Request, cell: Cell, seconds: float) -> Load:
    plan: dict[str, Any] = asdict(request) | {
        "body": request.body.decode(),
        "connections": cell.connections,
        "stream": cell.stream,
        "seconds": seconds,
    }
    said = _run([sys.executable, "-m", "harness.generator"], json.dumps(plan), seconds)
    return Load(**json.loads(said))


def _run(command: list[str], said: str, seconds: float) -> str:
    done = subprocess.run(
        command,
        input=said,
        capture_output=True,
        text=True,
        timeout=seconds + GRACE_S,
        cwd=Path(__file__).resolve().parents[1],
        check=False,
    )
    if done.returncode != 0:
        raise LoadFailed(f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def _whole(seconds: float) -> int:
    """wrk knows whole seconds only."""
    return max(1, round(seconds))


def _lua(text: bytes) -> str:
    return "[==[" + text.decode() + "]==]"
