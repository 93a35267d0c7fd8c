from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from pipelines import GOOD, MODEL
from published import publish_files, serving_versions, snapshot_of
from roadworthy.core.http_names import MODEL_HEADER, OPERATOR_HEADER, VERSION_HEADER
from roadworthy.serving.app import GatewayStatus, create_app
from roadworthy.testing import Answer, MemoryJournal, ScriptedUpstream

TOKEN = "t0ken-of-the-keeper"
BODY = {"input": {"comment": "Hi."}}
OTHER = msgspec.structs.replace(MODEL, name="other", upstream="other-1")


def gateway(
    folder: Path, *answers: Answer, serves: Any = "production", token: str = TOKEN
) -> tuple[TestClient, MemoryJournal]:
    publish_files(folder)
    snapshot = msgspec.structs.replace(
        snapshot_of(serves=serves),
        models={"scripted": MODEL, "other": OTHER},
        operator_token=token,
    )
    pipeline, journal = serving_versions(ScriptedUpstream(answers or [GOOD]), folder, snapshot)
    app = create_app(pipeline, state=pipeline.state, status=lambda: GatewayStatus(revision="r"))
    return TestClient(app, base_url="http://localhost"), journal


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("triage", "1.1.0"),
        ("triage@1.0.0", "1.0.0"),
        ("triage@^1", "1.1.0"),
        ("triage@staging", "2.0.0"),
    ],
)
def test_every_answer_names_the_version_that_served(
    tmp_path: Path, reference: str, version: str
) -> None:
    client, _ = gateway(tmp_path)
    chat = {"model": f"task:{reference}", "messages": [{"role": "user", "content": "Hi."}]}
    answers = [
        client.post(f"/v1/tasks/{reference}", json=BODY),
        client.post(f"/v1/tasks/{reference}", json=BODY | {"stream": True}),
        client.post("/v1/chat/completions", json=chat),
        client.post("/v1/chat/completions", json=chat | {"stream": True}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.headers[VERSION_HEADER] for answer in answers} == {version}
    assert answers[0].json()["version"] == version


def test_an_answer_that_may_not_be_delivered_names_its_version_too(tmp_path: Path) -> None:
    client, _ = gateway(tmp_path, "no JSON")
    answer = client.post("/v1/tasks/triage@1.0.0", json=BODY)
    assert (answer.status_code, answer.headers[VERSION_HEADER]) == (422, "1.0.0")


def test_a_plain_model_and_an_unknown_version_have_none_to_name(tmp_path: Path) -> None:
    client, journal = gateway(tmp_path)
    messages = [{"role": "user", "content": "Hi."}]
    plain = client.post("/v1/chat/completions", json={"model": "scripted", "messages": messages})
    unknown = client.post("/v1/tasks/triage@9.0.0", json=BODY)
    assert (plain.status_code, unknown.status_code) == (200, 404)
    assert VERSION_HEADER not in plain.headers
    assert VERSION_HEADER not in unknown.headers
    assert journal.calls[-1].task == "triage"


@pytest.mark.parametrize("selector", ["..%2f..%2fetc", "%2e%2e", "a" * 64, "1.0.0%00", "@"])
def test_a_selector_from_outside_reaches_no_file(tmp_path: Path, selector: str) -> None:
    client, _ = gateway(tmp_path)
    answer = client.post(f"/v1/tasks/triage@{selector}", json=BODY)
    assert answer.status_code == 404
    assert str(tmp_path) not in answer.text


def test_the_list_of_models_says_what_each_channel_reaches(tmp_path: Path) -> None:
    client, _ = gateway(tmp_path)
    listed = {entry["id"]: entry for entry in client.get("/v1/models").json()["data"]}
    assert list(listed) == ["task:triage", "task:triage@staging", "scripted", "other"]
    assert listed["task:triage"]["version"] == "1.1.0"
    assert listed["task:triage"]["channels"] == {"production": "1.1.0", "staging": "2.0.0"}
    assert listed["task:triage@staging"]["version"] == "2.0.0"


def test_under_dev_the_list_names_production_as_a_channel(tmp_path: Path) -> None:
    client, _ = gateway(tmp_path, serves="working")
    ids = [entry["id"] for entry in client.get("/v1/models").json()["data"]]
    assert ids[:4] == ["task:triage", "task:poem", "task:triage@production", "task:triage@staging"]


def test_an_operator_runs_a_version_on_another_model_and_the_call_is_a_test(tmp_path: Path) -> None:
    client, journal = gateway(tmp_path)
    headers = {MODEL_HEADER: "other", OPERATOR_HEADER: TOKEN}
    answer = client.post("/v1/tasks/triage@1.0.0", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["model"]) == (200, "other")
    call = journal.calls[0]
    assert (call.surface, call.version, call.attempts[0].model) == ("test", "1.0.0", "other")


def test_an_operator_without_a_model_runs_the_versions_own(tmp_path: Path) -> None:
    client, journal = gateway(tmp_path)
    client.post("/v1/tasks/triage", json=BODY, headers={OPERATOR_HEADER: TOKEN})
    assert (journal.calls[0].surface, journal.calls[0].model) == ("test", "scripted")


@pytest.mark.parametrize(
    "headers",
    [
        {MODEL_HEADER: "other"},
        {MODEL_HEADER: "other", OPERATOR_HEADER: ""},
        {MODEL_HEADER: "other", OPERATOR_HEADER: "guess"},
        {OPERATOR_HEADER: TOKEN + "x"},
        {OPERATOR_HEADER: "\xe9"},
    ],
)
def test_nobody_else_chooses_a_model(tmp_path: Path, headers: dict[str, str]) -> None:
    client, journal = gateway(tmp_path)
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = client.post("/v1/tasks/triage", json=BODY, headers=raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert TOKEN not in answer.text
    assert journal.calls == []


def test_a_snapshot_without_a_token_has_no_operator(tmp_path: Path) -> None:
    client, _ = gateway(tmp_path, token="")
    headers = {MODEL_HEADER: "other", OPERATOR_HEADER: ""}
    assert client.post("/v1/tasks/triage", json=BODY, headers=headers).status_code == 403


def test_a_gateway_loads_neither_the_database_nor_what_is_heavy() -> None:
    script = (
        "import sys, roadworthy.serving.gateway\n"
        "print(sorted({'sqlalchemy', 'numpy', 'pydantic', 'fastapi', 'jinja2', 'wordllama'}"
        " & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"
