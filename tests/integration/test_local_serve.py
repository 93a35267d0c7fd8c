"""The embedded model behind a real server: one child for all, back after it was killed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from production import into_production
from projects import TASK
from serving_process import Server, serving

pytestmark = pytest.mark.local_model
SENTIMENTS = {"positive", "neutral", "negative"}
COMMENT = {"input": {"comment": "It broke on the first day."}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("xllamacpp", reason="`roadworthy local install` was not run")
    root = tmp_path_factory.mktemp("project")
    files = {
        "roadworthy.toml": "format = 1\n[server]\ngateways = 2\n",
        "tasks/triage/task.toml": TASK.replace('"canned"', '"local"').replace(
            "temperature = 0", "temperature = 0.7\nmax_tokens = 40"
        ),
        "tasks/triage/prompt/user.md": "Classify the comment: {{ comment }}\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with serving(into_production(root)) as running:
        yield running


def models(server: Server) -> list[psutil.Process]:
    family = psutil.Process(server.process.pid).children(recursive=True)
    return [p for p in family if "roadworthy.models.embedded.worker" in p.cmdline()]


def test_the_model_starts_with_its_first_use_once_for_all_gateways(server: Server) -> None:
    assert models(server) == []
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: server.post("/v1/tasks/triage", COMMENT), range(4)))
    assert {reply.status for reply in replies} == {200}
    assert {reply.json()["value"]["sentiment"] for reply in replies} <= SENTIMENTS
    assert len(models(server)) == 1


def test_a_killed_model_is_back_for_the_next_call(server: Server) -> None:
    assert server.post("/v1/tasks/triage", COMMENT).status == 200
    (model,) = models(server)
    model.kill()
    assert server.post("/v1/tasks/triage", COMMENT).status == 200
    assert [p.pid for p in models(server)] != [model.pid]


def test_a_plain_chat_with_a_callers_schema_conforms(server: Server) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}, "n": {"enum": [1, 2]}},
        "required": ["city", "n"],
        "additionalProperties": False,
    }
    body = {
        "model": "local",
        "messages": [{"role": "user", "content": "Name a city."}],
        "max_tokens": 60,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
    }
    reply = server.post("/v1/chat/completions", body)
    assert reply.headers["x-roadworthy-outcome"] == "first_pass", reply.data
    assert '"city"' in reply.json()["choices"][0]["message"]["content"]


def test_the_embedded_model_reports_real_tokens_and_costs_nothing(server: Server) -> None:
    body = server.post("/v1/tasks/triage", COMMENT).json()
    assert body["usage"]["input_tokens"] > 10
    assert body["usage"]["output_tokens"] > 3
    assert body["cost_usd"] == 0


def test_the_model_is_gone_with_the_server(server: Server) -> None:
    (model,) = models(server)
    server.process.kill()
    server.process.wait(10)
    _, alive = psutil.wait_procs([model], timeout=15)
    assert alive == []
