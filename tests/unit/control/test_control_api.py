from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from dashboard import NOW_US, client_of, empty_source, full_source
from starlette.testclient import TestClient

from roadworthy.control.health import Health
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.control.source import Definition
from roadworthy.control.task_report import TaskReport
from roadworthy.core.errors import StoreError
from roadworthy.models import Model, Secret
from roadworthy.storage.views import CallPage, Overview, StoredCall
from roadworthy.tasks import TaskDefinition

SOURCE = full_source()


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(SOURCE)


def test_the_overview_is_what_the_source_says(client: TestClient) -> None:
    response = client.get("/api/overview", params={"span": "24h", "task": "product-sheet"})
    overview = msgspec.json.decode(response.content, type=Overview)
    assert overview.until_us - overview.since_us == 24 * 3_600_000_000
    assert overview.since_us <= NOW_US < overview.until_us
    assert [task.task for task in overview.tasks] == ["product-sheet"]
    assert sum(point.calls for point in overview.series) == overview.total.calls > 0


def test_cursors_lead_through_all_calls_once(client: TestClient) -> None:
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 150}
    while True:
        page = msgspec.json.decode(client.get("/api/calls", params=params).content, type=CallPage)
        seen += [row.id for row in page.rows]
        if page.next_before is None:
            break
        params["before"] = page.next_before
    assert seen == [call.id for call in SOURCE.calls]


def test_conditions_narrow_the_list(client: TestClient) -> None:
    params = {"outcome": "errored", "task": "classify-feedback", "since": "40h"}
    page = msgspec.json.decode(client.get("/api/calls", params=params).content, type=CallPage)
    assert page.rows
    assert {(row.outcome, row.task) for row in page.rows} == {("errored", "classify-feedback")}


def test_one_call_comes_whole_by_a_beginning_of_its_id(client: TestClient) -> None:
    call = SOURCE.calls[0]
    stored = msgspec.json.decode(client.get(f"/api/calls/{call.id[:23]}").content, type=StoredCall)
    assert stored.call == call
    assert stored.texts_kept


def test_tasks_are_those_served_and_those_with_calls(client: TestClient) -> None:
    tasks = client.get("/api/tasks").json()["tasks"]
    assert [task["name"] for task in tasks] == ["classify-feedback", "model:fast", "product-sheet"]
    assert tasks[0]["served"]["model"] == "local"
    assert tasks[1]["served"] is None


def test_one_task_comes_with_what_enforces_its_output(client: TestClient) -> None:
    report = msgspec.json.decode(client.get("/api/tasks/product-sheet").content, type=TaskReport)
    assert report.definition == sample_definitions()[1].task
    assert report.enforcement is not None
    assert report.enforcement.mode == "strict"
    assert "/properties/title/maxLength" in {loss.path for loss in report.enforcement.losses}
    assert report.comparison is not None
    assert report.comparison.counts["openai"] == len(report.enforcement.losses)


def test_a_task_says_nothing_of_where_its_model_is_or_how_one_gets_in() -> None:
    secret = Secret(file="/run/secrets/key")
    model = Model(
        name="m", provider="openai", upstream="u", base_url="http://10.9.8.7", api_key=secret
    )
    served = Definition(task=TaskDefinition(name="t", model="m"), model=model)
    response = client_of(MemorySource(definitions=[served])).get("/api/tasks/t")
    assert response.json()["model"]["upstream"] == "u"
    assert "10.9.8.7" not in response.text
    assert "secrets" not in response.text


def test_a_task_that_only_has_calls_is_known_by_name(client: TestClient) -> None:
    assert client.get("/api/tasks/model:fast").json() == {
        "name": "model:fast",
        "definition": None,
        "model": None,
        "enforcement": None,
        "comparison": None,
    }


def test_a_task_that_nobody_knows_is_not_found(client: TestClient) -> None:
    response = client.get("/api/tasks/nobody/here")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert "nobody/here" in response.json()["error"]["message"]


def test_health_tells_what_runs() -> None:
    response = client_of(empty_source()).get("/healthz")
    health = msgspec.json.decode(response.content, type=Health)
    assert (response.status_code, health.status, health.reasons) == (200, "ok", [])


@pytest.mark.parametrize(
    ("path", "status", "code", "param"),
    [
        ("/api/calls?outcome=x", 400, "invalid_request", "outcome"),
        ("/api/calls?limit=501", 400, "invalid_request", "limit"),
        ("/api/calls?since=soon", 400, "invalid_request", "since"),
        ("/api/calls?colour=red", 400, "invalid_request", "colour"),
        ("/api/overview?span=1y", 400, "invalid_request", "span"),
        ("/api/calls/0000", 404, "not_found", None),
        ("/api/nowhere", 404, "not_found", None),
    ],
)
def test_errors_have_one_shape(
    client: TestClient, path: str, status: int, code: str, param: str | None
) -> None:
    response = client.get(path)
    assert response.status_code == status
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"], error["type"]) == (code, param, "invalid_request_error")


class BrokenSource(MemorySource):
    """A source whose store is away, or that has a fault of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def task_names(self) -> list[str]:
        raise self.error


def test_a_store_that_is_away_is_told_with_its_remedy() -> None:
    response = client_of(BrokenSource(StoreError("The disk is full. Free some."))).get("/api/tasks")
    assert response.status_code == 500
    assert response.json()["error"]["message"] == "The disk is full. Free some."


def test_an_unforeseen_failure_tells_no_secret_and_where_to_look() -> None:
    response = client_of(BrokenSource(KeyError("token=hunter2"))).get("/api/tasks")
    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert response.headers["x-request-id"] in response.json()["error"]["message"]
    assert "content-security-policy" in response.headers


def test_the_document_describes_every_route_and_leaves_nothing_dangling(
    client: TestClient,
) -> None:
    response = client.get("/api/openapi.json")
    document = response.json()
    assert set(document["paths"]) >= {
        "/api/overview",
        "/api/calls",
        "/api/conformance",
        "/api/calls/{call_id}",
        "/api/tasks",
        "/api/tasks/{name}",
        "/healthz",
    }
    names = re.findall(r'"#/components/schemas/([^"]+)"', response.text)
    assert set(names) <= set(document["components"]["schemas"])
    parameters = document["paths"]["/api/calls"]["get"]["parameters"]
    assert {p["name"] for p in parameters} >= {"task", "outcome", "since", "before", "limit"}
    assert all(p["description"] for p in parameters)


def test_no_documentation_page_from_elsewhere_is_served(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404
