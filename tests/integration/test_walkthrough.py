"""From an edit to a rollback, over a real gateway and the embedded model, while clients call."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from roadworthy.cli.init import write_project
from serving_process import Server, serving

pytestmark = pytest.mark.local_model
TASK = "classify-feedback"
COMMENT = {"input": {"comment": "It broke on the first day."}}
GATE = """
[gate]
conformance = 0.95
"""
GIVE_UP_S = 60


class Callers:
    """Clients that call the task over and over."""

    def __init__(self, server: Server, clients: int = 2) -> None:
        self.server = server
        self.seen: Counter[tuple[int, str]] = Counter()
        """Status and version of each answer."""
        self.order: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(clients)]

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        while not self._stop.is_set():
            reply = self.server.post(f"/v1/tasks/{TASK}", COMMENT)
            version = reply.headers.get("x-roadworthy-version", "")
            self.seen[reply.status, version] += 1
            self.order.append(version)

    def wait_for(self, version: str) -> None:
        """Until calls are answered by this version."""
        began = time.monotonic()
        at = len(self.order)
        while version not in self.order[at:]:
            assert time.monotonic() < began + GIVE_UP_S, f"{version} is not served: {self.seen}"
            time.sleep(0.05)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    pytest.importorskip("xllamacpp", reason="`roadworthy local install` was not run")
    write_project(tmp_path, TASK)
    task = tmp_path / "tasks" / TASK / "task.toml"
    task.write_text(task.read_text().replace("temperature = 0.7", "temperature = 0.0") + GATE)
    return tmp_path


def command_in(project: Path) -> Callable[..., str]:
    def command(*words: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "roadworthy", *words, "--project", str(project)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        return said

    return command


def change(project: Path, before: str, after: str) -> None:
    task = project / "tasks" / TASK / "task.toml"
    assert before in task.read_text()
    task.write_text(task.read_text().replace(before, after))


def test_from_an_edit_to_a_rollback_without_a_failed_call(project: Path) -> None:
    command = command_in(project)
    command("publish", TASK, "-m", "First version")
    command("test", TASK, "--version", "1.0.0")
    command("promote", TASK, "1.0.0")
    with serving(project) as server, Callers(server) as callers:
        callers.wait_for("1.0.0")
        change(project, "max_tokens = 96", "max_tokens = 8")
        assert "1.1.0" in command("publish", TASK, "-m", "Shorter is cheaper")
        refusal = command("promote", TASK, "1.1.0", status=1)
        assert f"roadworthy test {TASK} --version 1.1.0" in refusal
        command("test", TASK, "--version", "1.1.0", status=1)
        refusal = command("promote", TASK, "1.1.0", status=1)
        assert "conformance 0.000 of at least 0.95 (5 runs): 0.950 short" in refusal
        change(project, "max_tokens = 8", "max_tokens = 90")
        assert "1.2.0" in command("publish", TASK, "-m", "Room to answer")
        command("test", TASK, "--version", "1.2.0")
        command("promote", TASK, "1.2.0")
        callers.wait_for("1.2.0")
        command("rollback", TASK, "--why", "the tone is wrong")
        callers.wait_for("1.0.0")
        pinned = server.post(f"/v1/tasks/{TASK}@1.2.0", COMMENT)
        assert (pinned.status, pinned.headers["x-roadworthy-version"]) == (200, "1.2.0")
    assert set(callers.seen) == {(200, "1.0.0"), (200, "1.2.0")}
    history = command("history", TASK)
    assert [word for word in ("rollback", "promote") if word in history] == ["rollback", "promote"]
    assert "the tone is wrong" in history
