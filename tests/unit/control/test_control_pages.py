from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from dashboard import (
    NOW_US,
    Page,
    client_of,
    empty_source,
    full_source,
    page_of,
)
from starlette.testclient import TestClient

from roadworthy.conformance import REPAIRS
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_calls, sample_status
from roadworthy.control.source import Definition, Status
from roadworthy.core import (
    Attempt,
    Call,
    CallError,
    Reason,
    Repair,
    Stage,
    Usage,
    Violation,
    new_id,
)
from roadworthy.core.errors import StoreError
from roadworthy.models import Model
from roadworthy.tasks import ConstraintDefinition, TaskDefinition, Template

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202egnp\x00"
SOURCE = full_source()


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(SOURCE)


def plain_call(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "id": new_id(NOW_US - 60_000_000),
        "task": "t",
        "started_us": NOW_US - 60_000_000,
        "outcome": "first_pass",
        "schema_digest": "d",
    }
    return Call(**(fields | changes))


def hostile_call() -> Call:
    return plain_call(
        task=HOSTILE,
        version=HOSTILE,
        model=HOSTILE,
        outcome="failed",
        error=CallError(status=422, code=HOSTILE, message=HOSTILE, param=HOSTILE),
        conversation_id=HOSTILE,
        unit=HOSTILE,
        gateway=HOSTILE,
        repairs=(Repair(path=HOSTILE, kind=HOSTILE, before=HOSTILE, after=HOSTILE),),
        stages=[Stage(name=HOSTILE, start_us=0, duration_us=1, note=HOSTILE)],
        attempts=[
            Attempt(
                model=HOSTILE,
                provider=HOSTILE,
                upstream_model=HOSTILE,
                error=HOSTILE,
                text=HOSTILE,
                violations=(Violation(path=HOSTILE, keyword=HOSTILE, message=HOSTILE),),
            )
        ],
        input={HOSTILE: HOSTILE},
        value={HOSTILE: [HOSTILE]},
        messages=[
            {"role": HOSTILE, "content": HOSTILE},
            {"role": "user", "content": [{"type": "text", "text": HOSTILE}, {"type": HOSTILE}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": HOSTILE}]},
            {"content": 7},
        ],
    )


@pytest.mark.parametrize(
    "path", ["/", "/?span=1h", "/?span=7d", "/?span=30d", "/?task=product-sheet", "/calls"]
)
def test_pages_are_valid(client: TestClient, path: str) -> None:
    assert page_of(client, path).faults == []


@pytest.mark.parametrize(
    "path", ["/", "/?span=30d&task=nobody", "/calls", "/calls?task=nobody&outcome=failed"]
)
@pytest.mark.parametrize("status", [Status(revision=""), sample_status(NOW_US)])
def test_pages_are_valid_without_any_data(path: str, status: Status) -> None:
    assert page_of(client_of(MemorySource(status=status)), path).faults == []


def test_a_page_of_every_outcome_is_valid_and_names_it(client: TestClient) -> None:
    by_outcome = {call.outcome: call for call in SOURCE.calls}
    assert len(by_outcome) == 10
    for call in by_outcome.values():
        page = page_of(client, f"/calls/{call.id}")
        assert page.faults == []
        assert call.task in page.text
        assert call.id in page.text
        if call.error is not None:
            assert call.error.message in page.text
            assert call.error.code in page.text


@pytest.mark.parametrize("path", ["/?span=1h", "/calls", "/calls/{id}", "/calls?task={evil}"])
def test_recorded_texts_stay_texts(path: str) -> None:
    call = hostile_call()
    client = client_of(MemorySource([call], status=sample_status(NOW_US)))
    filled = path.replace("{id}", call.id).replace("{evil}", "%3Cscript%3Ealert(1)%3C/script%3E")
    page = page_of(client, filled)
    assert page.faults == []
    assert page.all("img") == []
    assert [script.get("src", "")[:12] for script in page.all("script")] == ["/static/app."]  # type: ignore[index]
    assert "\u202e" not in page.text
    assert "\x00" not in page.text
    if "{id}" in path:
        assert "<script>alert(1)</script>" in page.text
        assert "{{7*7}}" in page.text


def test_hostile_names_survive_the_way_through_an_address() -> None:
    call = hostile_call()
    client = client_of(MemorySource([call], status=sample_status(NOW_US)))
    links = [link for link in page_of(client, "/?span=1h").links() if "task=" in link]
    assert links
    for link in links:
        page_of(client, link)
    assert f"/calls/{call.id}" in page_of(client, "/calls").links()


def test_a_huge_text_is_cut_and_says_so() -> None:
    call = plain_call(value={"a": "x" * 300_000}, input={"b": "y" * 300_000})
    client = client_of(MemorySource([call]))
    response = client.get(f"/calls/{call.id}")
    assert len(response.text) < 100_000
    assert "280,0" in response.text
    assert f"/api/calls/{call.id}" in Page(response.text).links()


def test_the_overview_says_first_whether_it_holds(client: TestClient) -> None:
    text = " ".join(page_of(client, "/").text.split())
    assert re.search(r"\d+ of \d+ checked answers could not be made to conform", text)
    assert re.search(r"\d+ of \d+ calls got no answer: \d+ errored", text)
    assert text.index("got no answer") < text.index("Latency, p95")


def test_the_overview_says_so_when_all_is_well() -> None:
    calls = [c for c in sample_calls(60, now_us=NOW_US, hours=20) if c.outcome == "first_pass"]
    text = page_of(client_of(MemorySource(calls)), "/").text
    assert f"Every checked answer conforms: {len(calls)} of {len(calls)}." in text
    assert f"Every call was answered: {len(calls)} of {len(calls)}." in text


def test_what_is_unknown_is_never_shown_as_nothing() -> None:
    unknown: dict[str, Any] = {"usage": Usage(), "cost_nusd": None, "model": "local"}
    call = plain_call(schema_digest=None, outcome="unchecked", **unknown)
    client = client_of(MemorySource([call]))
    overview = page_of(client, "/?span=1h").text
    assert "Nothing was checked" in overview
    assert "without 1 call of unknown cost" in overview
    assert "$0" not in overview
    assert "$0" not in page_of(client, f"/calls/{call.id}").text


def test_the_first_hour_of_an_installation_is_shown_by_the_minute() -> None:
    def chosen(client: TestClient, path: str) -> str:
        spans = [a for a in page_of(client, path).all("a") if a.get("aria-current") == "true"]
        return str(spans[0]["aria-label"])

    young = client_of(MemorySource([plain_call()]))
    assert chosen(young, "/") == "The last hour"
    assert chosen(young, "/?span=24h") == "The last 24 hours"
    assert chosen(client_of(SOURCE), "/") == "The last 24 hours"


def test_charts_lead_to_the_calls_of_their_time(client: TestClient) -> None:
    link = next(link for link in page_of(client, "/").links() if "until=" in link)
    page = page_of(client, link)
    assert page.faults == []
    assert any(re.fullmatch(r"/calls/[0-9a-f-]{36}", href) for href in page.links())
    assert "Until" in page.text


def test_the_latest_troubled_calls_are_one_click_away(client: TestClient) -> None:
    troubled = next(
        call
        for call in SOURCE.calls
        if call.outcome in ("failed", "errored", "truncated", "refused")
    )
    assert f"/calls/{troubled.id}" in page_of(client, "/").links()


def test_an_installation_without_calls_teaches_the_first_one() -> None:
    client = client_of(empty_source())
    for path in ("/", "/calls"):
        text = page_of(client, path).text
        assert "No call has been recorded yet" in text
        assert "roadworthy run classify-feedback --input comment=" in text
        assert 'base_url="http://gateway.test/v1"' in text
        assert "curl http://gateway.test/v1/tasks/classify-feedback" in text


def test_an_empty_list_says_whether_there_is_nothing_or_nothing_matches(
    client: TestClient,
) -> None:
    assert "No call matches" in page_of(client, "/calls?model=nobody").text
    assert "No call matches" not in page_of(client_of(empty_source()), "/calls?model=nobody").text


def test_an_empty_span_points_to_the_latest_call() -> None:
    old = plain_call(id=new_id(NOW_US - 10**12), started_us=NOW_US - 10**12)
    page = page_of(client_of(MemorySource([old])), "/?span=1h")
    assert "No calls in the last hour" in page.text
    assert f"/calls/{old.id}" in page.links()


def test_the_filter_keeps_what_was_chosen(client: TestClient) -> None:
    page = page_of(client, "/calls?task=product-sheet&outcome=repaired&since=7d&model=fast")
    chosen = {option["value"] for option in page.all("option") if "selected" in option}
    assert chosen == {"product-sheet", "repaired", "7d"}
    values = {field["id"]: field["value"] for field in page.all("input")}
    assert values == {"model": "fast", "error_code": "", "conversation": ""}


def test_the_next_page_keeps_the_filter_and_goes_on(client: TestClient) -> None:
    first = page_of(client, "/calls?outcome=first_pass&since=30d")
    (link,) = [href for href in first.links() if "before=" in href]
    assert "outcome=first_pass" in link
    assert "since=30d" in link
    second = page_of(client, link)
    calls = re.compile(r"/calls/.{36}")
    shown = [{h for h in page.links() if calls.fullmatch(h)} for page in (first, second)]
    assert len(shown[0]) == 50
    assert not shown[0] & shown[1]


def test_a_call_whose_texts_are_not_kept_says_so() -> None:
    bare = msgspec.structs.replace(SOURCE.calls[0], messages=[], input=None, value=None)
    source = MemorySource([bare], texts_kept=False)
    assert "are not kept" in page_of(client_of(source), f"/calls/{bare.id}").text
    assert "are not kept" not in page_of(client_of(SOURCE), f"/calls/{bare.id}").text


def test_repairs_and_attempts_are_told(client: TestClient) -> None:
    repaired = next(call for call in SOURCE.calls if call.outcome == "repaired")
    page = page_of(client, f"/calls/{repaired.id}")
    assert repaired.repairs[0].kind in page.text
    assert "".join(str(repaired.repairs[0].after)) in page.text
    assert "#attempt-1" in page.links()
    reasked = next(call for call in SOURCE.calls if call.outcome == "reasked")
    assert "asked again" in page_of(client, f"/calls/{reasked.id}").text


def test_warnings_stand_on_every_page() -> None:
    status = msgspec.structs.replace(sample_status(NOW_US), faults=(f"task.toml:3: {HOSTILE}",))
    client = client_of(MemorySource([plain_call()], status=status))
    for path in ("/", "/calls"):
        page = page_of(client, path)
        assert page.faults == []
        assert "The project's files have a fault" in page.text
        assert "task.toml:3: <script>" in page.text


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/nowhere", 404, "There is nothing here"),
        ("/calls/0123", 404, "No call has an id that begins with '0123'"),
        ("/calls?since=soon", 400, "Use 24h"),
        ("/calls?outcome=x", 400, "'first_pass', 'repaired'"),
        ("/static/app.css", 404, "no such file"),
    ],
)
def test_a_wrong_address_says_what_to_do(
    client: TestClient, path: str, status: int, told: str
) -> None:
    page = page_of(client, path, status=status)
    assert page.faults == []
    assert told in page.text
    assert "/calls" in page.links()


def test_a_failing_store_is_a_page_with_its_remedy() -> None:
    class Away(MemorySource):
        def status(self) -> Status:
            raise StoreError("The database is locked. Stop the other keeper.")

    page = page_of(client_of(Away()), "/", status=500)
    assert "Stop the other keeper." in page.text
    assert page.faults == []


def test_assets_are_named_by_their_content_and_kept(client: TestClient) -> None:
    page = page_of(client, "/")
    addresses = [link["href"] for link in page.all("link")]
    addresses += [script["src"] for script in page.all("script")]
    assert len(addresses) == 3
    for address in addresses:
        response = client.get(str(address))
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert re.search(r"\.[0-9a-f]{12}\.", str(address))
    assert client.get("/").headers["cache-control"] == "no-store"


TASKS = ("classify-feedback", "product-sheet", "model:fast")


@pytest.mark.parametrize("path", ["/tasks", "/tasks?span=7d", *(f"/tasks/{t}" for t in TASKS)])
def test_pages_of_tasks_are_valid(client: TestClient, path: str) -> None:
    assert page_of(client, path).faults == []


def test_the_list_of_tasks_says_what_enforces_each(client: TestClient) -> None:
    page = page_of(client, "/tasks")
    assert {f"/tasks/{quote(name, safe='')}" for name in TASKS} <= set(page.links())
    assert "all but 5 keywords" in " ".join(page.text.split())


def test_a_task_leads_to_its_calls_its_charts_and_its_conformance(client: TestClient) -> None:
    links = page_of(client, "/tasks/product-sheet?span=7d").links()
    assert "/calls?task=product-sheet&outcome=first_pass&since=7d" in links
    assert {"/?task=product-sheet&span=7d", "/conformance?task=product-sheet"} <= set(links)


def test_a_task_shows_contract_losses_constraints_and_prompt(client: TestClient) -> None:
    text = " ".join(page_of(client, "/tasks/product-sheet").text.split())
    for told in (
        "price.currency",
        "also read as cur",
        "/properties/title/maxLength in words in words in words in words enforced",
        "Not enforced, in all 5 5 9 7 2",
        "output.title.contains(input.name)",
        "Write a product sheet for: {{ name }}",
    ):
        assert told in text


def test_a_task_without_tasks_or_calls_teaches_how_to_begin() -> None:
    page = page_of(client_of(MemorySource()), "/tasks")
    assert page.faults == []
    assert "roadworthy init" in page.text


def test_a_task_that_nobody_knows_is_not_found(client: TestClient) -> None:
    assert "There is no task" in page_of(client, "/tasks/nobody", status=404).text


def hostile_definition() -> Definition:
    schema = {
        "type": "object",
        "description": HOSTILE,
        "properties": {HOSTILE: {"enum": [HOSTILE], "description": HOSTILE, "pattern": "<b>"}},
        "not": {"const": HOSTILE},
    }
    constraint = ConstraintDefinition(
        name=HOSTILE, require=HOSTILE, when=HOSTILE, message=HOSTILE, paths=(HOSTILE,)
    )
    task = TaskDefinition(
        name="t",
        model=HOSTILE,
        description=HOSTILE,
        parameters={HOSTILE: HOSTILE},
        input_schema=schema,
        output_schema=schema,
        templates=(Template(role="user", source=HOSTILE, file=HOSTILE),),
        constraints=(constraint,),
    )
    model = Model(name=HOSTILE, provider=HOSTILE, upstream=HOSTILE)
    return Definition(task=task, model=model)


@pytest.mark.parametrize("path", ["/tasks", "/tasks/t"])
def test_what_a_projects_files_say_stays_text(path: str) -> None:
    source = MemorySource([plain_call(task="t")], definitions=[hostile_definition()])
    page = page_of(client_of(source), path)
    assert page.faults == []
    assert page.all("img") == page.all("b") == []
    assert len(page.all("script")) == 1
    assert "\u202e" not in page.text
    assert "\x00" not in page.text
    assert "<script>alert(1)</script>" in page.text


def test_a_repair_is_explained_where_its_kind_is_known() -> None:
    repairs = (Repair(path="/a", kind="fence", before="`", after=""),)
    call = plain_call(outcome="repaired", repairs=repairs)
    text = page_of(client_of(MemorySource([call])), f"/calls/{call.id}").text
    assert REPAIRS["fence"] in text


def test_a_violation_between_several_places_names_them_all() -> None:
    broken = Violation(path="", keyword="constraint", message="no", paths=("/from", "/to"))
    attempt = Attempt(model="m", provider="p", violations=(broken,))
    call = plain_call(outcome="failed", attempts=[attempt])
    text = page_of(client_of(MemorySource([call])), f"/calls/{call.id}").text
    assert "between /from, /to" in " ".join(text.split())


def test_reasons_are_shown_where_the_texts_are_not_kept() -> None:
    reasons = (Reason(kind="reask", name="maximum", path="/stars"),)
    call = plain_call(outcome="reasked", reasons=reasons)
    source = MemorySource([call], texts_kept=False)
    text = " ".join(page_of(client_of(source), f"/calls/{call.id}").text.split())
    assert "/stars maximum asked again" in text
