"""A chain that failed goes on from its recorded steps: through a keeper, and without one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from canned_upstream import Upstream, canned_upstream
from projects import write_project
from roadworthy.cli.app import app
from serving_process import Server, fetch, serving

STEP = """
model = "canned"
max_reasks = 0
[input.fields]
{field} = "string"
[output.fields]
{answer} = "string"
"""
CHAIN = """
[input.fields]
text = "string"
[[step]]
name = "facts"
task = "facts"
[[step]]
name = "copy"
task = "copy"
input.fact = "facts.fact"
"""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    def answer(request: dict[str, Any]) -> Any:
        if "Facts" in request["messages"][-1]["content"]:
            return json.dumps({"fact": "it floats"})
        return 500, {"error": {"message": "down"}}

    with canned_upstream(answer) as running:
        yield running


@pytest.fixture
def project(upstream: Upstream, tmp_path: Path) -> Path:
    root = write_project(tmp_path, upstream.base_url)
    files = {
        "facts/task.toml": STEP.format(field="text", answer="fact"),
        "facts/prompt/user.md": "Facts of {{ text }}",
        "copy/task.toml": STEP.format(field="fact", answer="copy"),
        "copy/prompt/user.md": "Praise: {{ fact }}",
        "sheet/task.toml": CHAIN,
    }
    for name, text in files.items():
        path = root / "tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def mend(upstream: Upstream) -> None:
    """From now on every step answers; what is asked is counted anew."""
    upstream.answer = lambda _: json.dumps({"copy": "A boat."})
    upstream.asked.clear()


def asked(upstream: Upstream) -> list[str]:
    return [request["messages"][-1]["content"] for request in upstream.asked]


def recorded(server: Server, call_id: str) -> dict[str, Any]:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        reply = server.control_get(f"/api/calls/{call_id}")
        if reply.status == 200:
            call: dict[str, Any] = reply.json()["call"]
            return call
        time.sleep(0.05)
    raise AssertionError(f"{call_id} is not recorded")


def test_a_keeper_goes_on_through_a_gateway(project: Path, upstream: Upstream) -> None:
    with serving(project, "--dev") as server:
        failed = server.post("/v1/tasks/sheet", {"input": {"text": "wood"}})
        assert failed.status >= 500
        call_id = failed.headers["x-roadworthy-call"]
        recorded(server, call_id)
        mend(upstream)
        reply = fetch(f"{server.control}/api/calls/{call_id}/resume", b"{}")
        assert reply.status == 200, reply.data
        told = reply.json()
        assert told["value"] == {"copy": "A boat."}
        assert asked(upstream) == ["Praise: it floats"]
        again = recorded(server, told["call"])
        assert (again["resumes"], again["outcome"], again["surface"]) == (call_id, "chain", "task")
        tree = server.control_get(f"/api/calls/{call_id}/tree").json()
        assert tree["resumed_by"] == [told["call"]]
        refused = fetch(f"{server.control}/api/calls/{told['call']}/resume", b"{}")
        assert (refused.status, "answered" in refused.data.decode()) == (400, True)


def test_without_a_keeper_the_command_goes_on_itself(project: Path, upstream: Upstream) -> None:
    def say(*words: str) -> Any:
        return CliRunner().invoke(app, [*words, "--project", str(project)])

    assert say("run", "sheet", "-i", "text=wood").exit_code != 0
    (line,) = say("calls", "--json").stdout.splitlines()
    call_id = json.loads(line)["id"]
    mend(upstream)
    found = say("resume", call_id[:18])
    assert json.loads(found.stdout) == {"copy": "A boat."}, found
    assert asked(upstream) == ["Praise: it floats"]
    text = say("call", call_id).stdout
    assert "Resumed by" in text
    assert "facts" in text
    assert "Praise: it floats" in text
