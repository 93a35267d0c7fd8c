from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from published import publish_files, serving_versions, snapshot_of
from roadworthy.serving.app import GatewayStatus, create_app
from roadworthy.testing import ScriptedUpstream


def gateway(folder: Path) -> TestClient:
    publish_files(folder)
    pipeline, _ = serving_versions(ScriptedUpstream([]), folder, snapshot_of())
    app = create_app(pipeline, state=pipeline.state, status=lambda: GatewayStatus(revision="r"))
    return TestClient(app, base_url="http://localhost")


def test_the_schemas_of_every_version_that_may_be_called_are_told(tmp_path: Path) -> None:
    client = gateway(tmp_path)
    served = client.get("/v1/tasks/triage/schema").json()
    pinned = client.get("/v1/tasks/triage@1.0.0/schema").json()
    assert (served["task"], served["version"], pinned["version"]) == ("triage", "1.1.0", "1.0.0")
    assert served["input_schema"]["properties"].keys() == {"comment"}
    assert served["output_schema"]["type"] == "object"


def test_what_is_not_served_has_no_schema(tmp_path: Path) -> None:
    client = gateway(tmp_path)
    missing = client.get("/v1/tasks/triag/schema")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "task_not_found")
    assert client.post("/v1/tasks/triage/schema", json={}).status_code == 405
