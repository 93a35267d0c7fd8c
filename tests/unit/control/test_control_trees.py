"""Pages of chains: the tree of a call, rules and steps of a task, lists that leave steps out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dashboard import NOW_US, Page, client_of
from keyed import TOKEN, Installation
from starlette.testclient import TestClient

from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample import sample_status
from roadworthy.control.samples.sample_chain import sample_chain_calls, sample_chain_definitions
from roadworthy.control.source import ServedTask
from roadworthy.core import Call, CallError, new_id

CALLS = sample_chain_calls(NOW_US)
ANSWERED, FAILED, RULED = (call for call in CALLS if call.parent_id is None)


def source() -> MemorySource:
    status = sample_status(NOW_US)
    definitions = sample_chain_definitions()
    for served in definitions:
        task = served.task
        status.tasks.append(ServedTask(name=task.name, version=task.version, model=task.model))
    return MemorySource(CALLS, status=status, definitions=definitions)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(source())


def page_of(client: TestClient, address: str) -> Page:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    page = Page(answer.text)
    assert page.faults == []
    return page


def words(page: Page) -> str:
    return " ".join(page.text.split())


def test_the_page_of_a_chains_call_shows_its_tree_and_its_critical_path(
    client: TestClient,
) -> None:
    told = words(page_of(client, f"/calls/{ANSWERED.id}"))
    assert "Critical path: extract → copy → check, 99.5% of the call's time" in told
    assert "copy alone takes 64.1%" in told
    assert told.count("on the critical path") >= 3
    for step in ("extract", "copy", "seo", "check"):
        assert f"{step}: Travel kettle, 0.5 l" in told
    assert "Boils half a litre anywhere" in told


def test_a_steps_page_leads_to_its_chain_and_shows_where_it_stands(client: TestClient) -> None:
    step = next(call for call in CALLS if call.step == "copy" and call.root_id == ANSWERED.id)
    page = page_of(client, f"/calls/{step.id}")
    links = [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
    assert f"/calls/{ANSWERED.id}" in links
    here = [a for tag, a in page.tags if tag == "a" and a.get("aria-current") == "page"]
    assert f"/calls/{step.id}" in [a["href"] for a in here]
    assert "It is the step copy of a chain." in words(page)


def test_the_page_of_a_chain_that_failed_opens_the_step_that_did(client: TestClient) -> None:
    page = page_of(client, f"/calls/{FAILED.id}")
    opened = [a for tag, a in page.tags if tag == "details" and "open" in a]
    broken = next(call for call in CALLS if call.outcome == "errored" and call.step)
    assert f"step-{broken.id}" in [a.get("id") for a in opened]
    assert "step 'copy': The provider did not answer." in words(page)


def test_a_call_says_which_rules_took_effect(client: TestClient) -> None:
    told = words(page_of(client, f"/calls/{RULED.id}"))
    assert "Rules that took effect empty answers" in told


def test_lists_leave_steps_out_until_they_are_asked_for(client: TestClient) -> None:
    def listed(query: str) -> set[str]:
        page = page_of(client, f"/calls{query}")
        return {a["href"] or "" for tag, a in page.tags if tag == "a" and a.get("href")}

    step = f"/calls/{CALLS[0].id}"
    assert step not in listed("")
    assert step in listed("?steps=true")
    assert step in listed("?task=extract")
    assert step not in listed("?task=extract&steps=false")


def test_the_page_of_a_chain_draws_its_steps_and_counts_its_rules(client: TestClient) -> None:
    page = page_of(client, "/tasks/kettle-sheet?span=1h")
    told = words(page)
    assert "Body4 steps" in told
    assert "Spared 1 call to a model in the last hour, about $0.00084." in told
    assert "Money is an estimate: $0.00084, the mean of the 2 calls of this time" in told
    assert "size(extract.traits) > 0" in told
    assert "it is skipped" in told
    assert "too-long denies size(input.text) > 9000 0" in told
    hrefs = {a.get("href") for tag, a in page.tags if tag == "a"}
    assert {"/tasks/extract", "/tasks/seo"} <= hrefs


def test_totals_count_each_call_and_each_dollar_once(client: TestClient) -> None:
    told = words(page_of(client, "/?span=1h"))
    assert "6 beside them, as steps of chains" in told
    figures = client.get("/api/overview?span=1h").json()
    assert figures["total"]["calls"] == 3
    assert figures["total"]["cost_nusd"] == 2 * 840_000
    of_task = {row["task"]: row["figures"] for row in figures["tasks"]}
    assert of_task["copy"]["nested"] == of_task["copy"]["calls"] == 2


def test_the_list_of_tasks_says_what_a_chain_is_made_of(client: TestClient) -> None:
    assert "4 steps nothing is asked" in words(page_of(client, "/tasks"))


def test_the_api_tells_of_trees_and_rules(client: TestClient) -> None:
    tree = client.get(f"/api/calls/{ANSWERED.id}/tree").json()
    assert [row["step"] for row in tree["below"]] == ["extract", "copy", "seo", "check"]
    (task,) = client.get("/api/rules?span=1h").json()["tasks"]
    assert [(rule["name"], rule["calls"]) for rule in task["rules"]] == [
        ("empty", 1),
        ("too-long", 0),
    ]


class Gateway:
    """Goes on with a chain, and says so."""

    def __init__(self, source: MemorySource) -> None:
        self.asked: list[Any] = []
        self._source = source

    def __call__(self, resumption: Any, timeout_s: float | None = None) -> dict[str, Any]:
        self.asked.append((resumption.call_id, dict(resumption.recorded), timeout_s))
        started_us = NOW_US - 1
        again = Call(
            id=new_id(started_us),
            task="kettle-sheet",
            started_us=started_us,
            outcome="chain",
            resumes=resumption.call_id,
        )
        self._source.calls.insert(0, again)
        return {"call": again.id}


def test_a_chain_that_failed_is_resumed_from_its_page(tmp_path: Path) -> None:
    calls = source()
    gateway = Gateway(calls)
    house = Installation(tmp_path, source=calls, resume=gateway)
    client = house.program(TOKEN)
    assert "Resume this call" in client.get(f"/calls/{FAILED.id}").text
    assert "Resume this call" not in client.get(f"/calls/{ANSWERED.id}").text
    answer = client.post(f"/calls/{FAILED.id}/resume", follow_redirects=False)
    assert answer.status_code == 303, answer.text
    extracted = {"extract": {"traits": ["folds flat", "two voltages"]}}
    assert gateway.asked == [(FAILED.id, extracted, None)]
    told = client.get(answer.headers["location"]).text
    assert "It goes on from what the steps of" in told
    assert "Resumed by" in client.get(f"/calls/{FAILED.id}").text


def test_a_call_that_rules_denied_before_any_step_is_not_offered_to_be_resumed(
    tmp_path: Path,
) -> None:
    calls = source()
    denied = Call(
        id=new_id(NOW_US - 1),
        task="kettle-sheet",
        started_us=NOW_US - 1,
        outcome="refused",
        error=CallError(code="denied_by_rule", message="No.", status=422),
    )
    calls.calls.insert(0, denied)
    client = Installation(tmp_path, source=calls, resume=Gateway(calls)).program(TOKEN)
    page = client.get(f"/calls/{denied.id}").text
    assert "denied_by_rule" in page
    assert "Resume this call" not in page
