"""The page of conformance and its figures as JSON."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from dashboard import NOW_US, client_of, empty_source, full_source, page_of
from starlette.testclient import TestClient

from roadworthy.control.conformance_page import conformance_page
from roadworthy.control.conformance_query import ConformanceQuery
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_status
from roadworthy.core import Attempt, Call, Reason, new_id
from roadworthy.monitoring import ConformanceReport

HOSTILE = "<script>alert(1)</script>\"'><img src=x>{{7*7}}\u202egnp\x00"
DAY_US = 86_400_000_000
SOURCE = full_source()


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(SOURCE)


def a_call(days_ago: float = 0.5, **changes: Any) -> Call:
    started_us = NOW_US - round(days_ago * DAY_US)
    fields: dict[str, Any] = {
        "id": new_id(started_us),
        "task": "t",
        "started_us": started_us,
        "outcome": "first_pass",
        "schema_digest": "5c" * 32,
        "attempts": [Attempt(model="m", provider="openai", mode="strict")],
    }
    return Call(**(fields | changes))


def report(client: TestClient, **params: str) -> ConformanceReport:
    response = client.get("/api/conformance", params=params)
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=ConformanceReport)


def words(source: MemorySource, path: str = "/conformance") -> str:
    return " ".join(page_of(client_of(source), path).text.split())


@pytest.mark.parametrize(
    "path",
    [
        *("/conformance", "/conformance?span=1h", "/conformance?span=90d&mode=strict"),
        "/conformance?by=task,version,provider,model,mode,schema",
        "/conformance?by=&model=local",
        "/conformance?by=time,model&span=24h",
    ],
)
def test_the_page_is_valid(client: TestClient, path: str) -> None:
    assert page_of(client, path).faults == []


@pytest.mark.parametrize("path", ["/conformance", "/conformance?task=nobody&model=x"])
@pytest.mark.parametrize("source", [empty_source(), MemorySource()])
def test_the_page_is_valid_without_any_data(source: MemorySource, path: str) -> None:
    assert page_of(client_of(source), path).faults == []


def test_it_says_first_how_often_answers_conform_and_how_sure_that_is(client: TestClient) -> None:
    text = " ".join(page_of(client, "/conformance").text.split())
    share = report(client).total.share
    assert f"of the checked answers conform: {share.conforming} of {share.checked}." in text
    assert re.search(r"With 95 % certainty it is between \d+(\.\d)? and \d+(\.\d)? %", text)
    assert text.index("95 % certainty") < text.index("Conformance over time")


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (("failed", 60), ("first_pass", 60), "It got worse against the 7 days before: -"),
        (("first_pass", 60), ("failed", 60), "It got better against the 7 days before: +"),
        (("first_pass", 2), ("failed", 1), "cannot be told: +100.0 points"),
        (("first_pass", 2), ("errored", 9), "Nothing was checked in the 7 days before"),
    ],
)
def test_a_change_is_told_only_where_it_can_be(
    now: tuple[str, int], before: tuple[str, int], told: str
) -> None:
    calls = [a_call(outcome=now[0]) for _ in range(now[1])]
    calls += [a_call(10, outcome=before[0]) for _ in range(before[1])]
    assert told in words(MemorySource(calls))


def test_all_conforming_is_said_to_be_so() -> None:
    text = words(MemorySource([a_call() for _ in range(40)]))
    assert "Every checked answer conforms: 40 of 40." in text
    assert "between 91.2 and 100 %" in text
    assert "Every checked answer of this span conformed as it came." in text


def test_calls_without_an_answer_are_no_failures() -> None:
    text = words(MemorySource([a_call(outcome="errored"), a_call(outcome="cancelled")]))
    assert "of 2 calls with an output schema none reached a model's answer" in text


def test_an_empty_page_says_what_to_do() -> None:
    assert "roadworthy run classify-feedback" in words(empty_source())
    unchecked = MemorySource([a_call(schema_digest=None, outcome="unchecked")])
    text = words(unchecked)
    assert "Nothing was checked in the last 7 days" in text
    assert "response_format" in text
    assert "drop all conditions" in words(unchecked, "/conformance?mode=strict")


def test_a_line_narrows_the_page_and_leads_to_its_calls(client: TestClient) -> None:
    page = page_of(client, "/conformance")
    narrow = next(link for link in page.links() if "mode=grammar" in link and "/calls" not in link)
    narrowed = page_of(client, narrow)
    assert narrowed.faults == []
    assert "drop" in narrowed.text
    assert "product-sheet" not in re.sub(r"All tasks.*?Show", "", narrowed.text, flags=re.DOTALL)
    calls = next(link for link in page.links() if link.startswith("/calls?since=7d&task="))
    listed = page_of(client, calls)
    assert listed.faults == []
    assert {option["value"] for option in listed.all("option") if "selected" in option} >= {"7d"}
    assert any(re.fullmatch(r"/calls/.{36}", link) for link in listed.links())


def test_reasons_lead_to_a_call_that_had_them(client: TestClient) -> None:
    found = report(client).reasons
    links = page_of(client, "/conformance").links()
    by_id = {call.id: call for call in SOURCE.calls}
    assert {reason.kind for reason in found} == {"repair", "reask", "failure"}
    for reason in found:
        assert f"/calls/{reason.example}" in links
        told = {(r.kind, r.name, r.path) for r in by_id[reason.example].reasons}
        assert (reason.kind, reason.name, reason.path) in told


def test_charts_show_shares_of_each_point(client: TestClient) -> None:
    query = ConformanceQuery.model_validate({})
    found = report(client)
    chart = conformance_page(found, query).chart
    delivered, withheld, checked = chart.panels
    for index, point in enumerate(found.series):
        parts = [layer.values[index] for p in (delivered, withheld) for layer in p.layers]
        if point.checked:
            assert sum(part or 0 for part in parts) == pytest.approx(1)
        else:
            assert set(parts) == {None}
        assert checked.layers[0].values[index] == point.checked


def test_recorded_names_stay_texts() -> None:
    call = a_call(
        task=HOSTILE,
        version=HOSTILE,
        schema_digest=HOSTILE,
        outcome="failed",
        reasons=(Reason(kind="failure", name=HOSTILE, path=HOSTILE),),
        attempts=[Attempt(model=HOSTILE, provider=HOSTILE)],
    )
    client = client_of(MemorySource([call], status=sample_status(NOW_US)))
    page = page_of(client, "/conformance?by=task,version,provider,model,mode,schema")
    assert page.faults == []
    assert page.all("img") == []
    assert "\u202e" not in page.text
    for link in page.links():
        if link.startswith("/conformance?") and "alert" in link:
            assert page_of(client, link).faults == []


def test_the_api_tells_apart_by_what_is_asked(client: TestClient) -> None:
    found = report(client, by="schema, model", span="30d")
    assert found.by == ("model", "schema")
    assert {tuple(line.key) for line in found.lines} == {("model", "schema")}
    assert sum(line.tally.calls for line in found.lines) == found.total.tally.calls
    assert report(client, by="", schema="9a3").total.tally.calls < found.total.tally.calls


@pytest.mark.parametrize(
    ("query", "param"),
    [("by=colour", "by"), ("span=1y", "span"), ("colour=red", "colour"), ("by=" + "x" * 99, "by")],
)
def test_a_wrong_parameter_is_named(client: TestClient, query: str, param: str) -> None:
    response = client.get(f"/api/conformance?{query}")
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert page_of(client, f"/conformance?{query}", status=400).faults == []


def test_calls_may_be_narrowed_by_version_mode_and_schema(client: TestClient) -> None:
    listed = client.get("/api/calls?mode=grammar&schema=9a3be1&version=working&limit=500").json()
    assert {row["task"] for row in listed["rows"]} == {"classify-feedback"}
    assert client.get("/api/calls?schema=nobody").json()["rows"] == []
    page = page_of(client, "/calls?mode=strict&schema=17c04d&version=working")
    assert page.faults == []
    chosen = {option["value"] for option in page.all("option") if "selected" in option}
    assert chosen == {"strict", "17c04d", "working"}
