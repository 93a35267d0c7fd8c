"""A real `roadworthy serve` for tests, over a project in a temporary folder."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Server:
    gateway: str
    control: str
    state: Path
    process: subprocess.Popen[str]
    told: str = ""
    """What it said before its last address was known, that line included."""

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Reply:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return fetch(self.gateway + path, data, headers)

    def said(self) -> str:
        """All that it announced."""
        assert self.process.stdout is not None
        said = self.told
        while "Ctrl-C" not in said:
            line = self.process.stdout.readline()
            assert line, said
            said += line
        return said

    def get(self, path: str) -> Reply:
        return fetch(self.gateway + path)

    def control_get(self, path: str) -> Reply:
        return fetch(self.control + path)


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    data: bytes

    def json(self) -> Any:
        return json.loads(self.data)


def fetch(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
    request = urllib.request.Request(
        url, data, {"content-type": "application/json", **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Reply(response.status, lower(response.headers), response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, lower(error.headers), error.read())


def lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def serving(project: Path, *options: str) -> Iterator[Server]:
    """`roadworthy serve` on free ports, until the block ends."""
    command = [sys.executable, "-m", "roadworthy", "serve", "--project", str(project)]
    command += ["--port", "0", "--control-port", "0", *options]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        gateway, control, told = read_start(process)
        yield Server(gateway, control, project / ".roadworthy", process, told)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()
            assert process.stdout is not None
            process.stdout.close()


def read_addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    return read_start(process)[:2]


def read_start(process: subprocess.Popen[str]) -> tuple[str, str, str]:
    """Both addresses, and all that was said up to them."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        found = re.findall(r"http://[\d.]+:\d+", said)
        if len(found) == 2:
            return found[0], found[1], said
    raise AssertionError(f"roadworthy serve ended with {process.wait(10)}:\n{said}")
