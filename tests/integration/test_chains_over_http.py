"""A chain of files against a real gateway, in production, pinned and streamed; and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canned_upstream import Upstream, canned_upstream
from production import into_production
from projects import write_project
from roadworthy.client import Client
from roadworthy.core.errors import OutputNonconforming
from serving_process import Server, serving
from waiting import wait_until

NOBODY = "http://127.0.0.1:9"
EXTRACT = """
model = "canned"
max_reasks = 0
[input.fields]
text = "string"
[output.fields]
facts = { type = "array", items = "string" }
"""
COPY = """
model = "canned"
max_reasks = 0
[input.fields]
fact = "string"
[output.fields]
line = "string"
"""
SHEET = """
timeout_s = 20
max_cost_usd = 0.01
[input.fields]
text = "string"
[[step]]
task = "extract"
[[step]]
task = "copy"
input.fact = "item"
for_each = "extract.facts"
[output]
lines = "copy[*].line"
facts = "extract.facts"
"""
FIRST = """
[input.fields]
text = "string"
[[step]]
task = "extract"
[[step]]
task = "copy"
input.fact = "input.text"
needs = ["extract"]
"""


def answer(request: dict[str, Any]) -> str:
    """What the model of each step says; text with ``break`` breaks the copy."""
    text = str(request["messages"][-1]["content"])
    if text.startswith("Facts"):
        return json.dumps({"facts": text.removeprefix("Facts: ").split()})
    return "no JSON" if "break" in text else json.dumps({"line": text.removeprefix("Copy: ")})


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(answer) as running:
        yield running


@pytest.fixture(scope="module")
def project(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_project(tmp_path_factory.mktemp("project"), upstream.base_url)
    files = {
        "extract/task.toml": EXTRACT,
        "extract/prompt/user.md": "Facts: {{ text }}",
        "copy/task.toml": COPY,
        "copy/prompt/user.md": "Copy: {{ fact }}",
        "sheet/task.toml": SHEET,
        "streamed/task.toml": FIRST,
    }
    for name, text in files.items():
        path = root / "tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return into_production(root)


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    with serving(project) as running:
        yield running


def test_a_chain_answers_on_the_task_surface(server: Server) -> None:
    reply = server.post("/v1/tasks/sheet", {"input": {"text": "red round"}})
    body = reply.json()
    assert reply.status == 200, body
    assert body["value"] == {"lines": ["red", "round"], "facts": ["red", "round"]}
    assert (body["outcome"], body["version"], body["model"]) == ("chain", "1.0.0", "")
    assert body["cost_usd"] == pytest.approx(3 * 40e-6)
    assert reply.headers["x-roadworthy-outcome"] == "chain"


def test_a_chain_answers_on_the_chat_surface_and_pinned(server: Server) -> None:
    body = server.post(
        "/v1/chat/completions",
        {"model": "task:sheet@1.0.0", "messages": [{"role": "user", "content": "red"}]},
    ).json()
    content = json.loads(body["choices"][0]["message"]["content"])
    assert content == {"lines": ["red"], "facts": ["red"]}
    assert body["usage"]["total_tokens"] == 60


def test_a_step_that_fails_is_named_to_the_caller(server: Server) -> None:
    reply = server.post("/v1/tasks/sheet", {"input": {"text": "red break"}})
    error = reply.json()["error"]
    assert (reply.status, error["code"], error["step"]) == (422, "output_nonconforming", "copy[1]")
    assert error["message"].startswith("step 'copy[1]': ")
    assert reply.headers["x-roadworthy-call"]


def test_the_last_step_is_streamed(server: Server) -> None:
    with Client(server.gateway) as client:
        stream = client.stream("streamed", {"text": "a longer text to be sent in pieces"})
        pieces = list(stream)
        assert len(pieces) > 1
        assert stream.answer.value == {"line": "a longer text to be sent in pieces"}
        assert stream.answer.outcome == "chain"


def test_every_step_stands_in_the_database_below_its_chain(server: Server) -> None:
    call = server.post("/v1/tasks/sheet", {"input": {"text": "red"}}).json()["call"]

    def found() -> bool:
        reply = server.control_get(f"/api/calls/{call}")
        return reply.status == 200 and reply.json()["call"]["outcome"] == "chain"

    wait_until(found, "the call in the database")


@pytest.mark.parametrize("address", ["gateway", "nobody"])
def test_the_client_runs_a_chain_with_and_without_a_gateway(
    server: Server, project: Path, address: str
) -> None:
    base_url = server.gateway if address == "gateway" else NOBODY
    with Client(base_url, fallback=project) as client:
        answer = client.answer("sheet", {"text": "red"})
        assert answer.value == {"lines": ["red"], "facts": ["red"]}
        assert (answer.outcome, answer.version) == ("chain", "1.0.0")
        with pytest.raises(OutputNonconforming) as caught:
            client.run("sheet", text="break")
        assert caught.value.step == "copy[0]"
