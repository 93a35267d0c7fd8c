from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dashboard import NOW_US, FixedClock, Page, page_of
from fixed_registry import FixedRegistry, row_of, version_of
from starlette.testclient import TestClient

from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.samples.memory import MemorySource
from roadworthy.control.samples.sample_tasks import sample_definitions
from roadworthy.control.source import Definition
from roadworthy.core import Call, Repair, new_id
from roadworthy.core.errors import OutputRefused, RoadworthyError
from roadworthy.registry import Pointer
from roadworthy.tasks.cases import Case, Suite

EXAMPLE = Path(__file__).parents[3] / "examples" / "feedback"
TASK = "classify-feedback"
PATH = f"/tasks/{TASK}/playground"
HOSTILE = "<script>alert(1)</script></textarea>\"'><img src=x>{{7*7}}"
SCHEMA = {
    "type": "object",
    "properties": {"comment": {"type": "string"}, "stars": {"type": "integer"}},
    "required": ["comment"],
    "additionalProperties": False,
}


def call_of(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "id": new_id(NOW_US),
        "task": TASK,
        "version": "1.0.0",
        "started_us": NOW_US,
        "outcome": "repaired",
        "schema_digest": "d",
        "repairs": (Repair(path="/mood", kind="case", before="Calm", after="calm"),),
        "messages": [{"role": "user", "content": "Comment: It broke."}],
        "input": {"comment": "It broke."},
        "value": {"mood": "calm", "themes": ["break"]},
    }
    return Call(**(fields | changes))


class Bench:
    """A dashboard over two versions, some calls and a play that answers with the newest call."""

    def __init__(
        self,
        *,
        root: Path | None = None,
        error: RoadworthyError | None = None,
        serves: Sequence[Definition] = (),
    ) -> None:
        self.played: list[tuple[Any, ...]] = []
        self.then = call_of()
        self.now = call_of(value={"mood": "angry", "themes": ["break"]})
        self.error = error
        case = Case(id="angry", input={"comment": "No!"}, expect={"mood": "angry"})
        versions = [
            version_of(row_of(number, task=TASK), suite=Suite(cases=(case,)), input_schema=schema)
            for number, schema in (
                ("2.0.0", {"type": "object", "properties": {"text": {"type": "string"}}}),
                ("1.0.0", SCHEMA),
            )
        ]
        pointer = Pointer(task=TASK, channel="production", version="1.0.0", since_us=NOW_US)
        bench = Workbench(
            registry=FixedRegistry(versions, pointers=[pointer]), root=root, play=self.play
        )
        self.source = MemorySource([self.then, self.now], definitions=serves)
        app = create_app(self.source, clock=FixedClock(), workbench=bench)
        self.client = TestClient(app, base_url="http://localhost:8701")

    def play(
        self, task: str, selector: str | None, input_: dict[str, Any], model: str | None
    ) -> dict[str, Any]:
        self.played.append((task, selector, input_, model))
        if self.error is not None:
            raise self.error
        return {"call": self.now.id, "value": self.now.value, "outcome": "repaired"}

    def get(self, **query: str) -> Page:
        response = self.client.get(PATH, params=query)
        assert response.status_code == 200, response.text
        return Page(response.text)

    def send(self, *, status: int = 200, **fields: str) -> Page:
        token = re.search(r'name="csrf" value="([^"]+)"', self.client.get(PATH).text)
        assert token is not None
        data = {"csrf": token[1], **{k.replace("__", "."): v for k, v in fields.items()}}
        response = self.client.post(PATH, data=data, follow_redirects=False)
        assert response.status_code == status, response.text
        return Page(response.text)


def area(html: str, name: str) -> str:
    found = re.search(rf'<textarea id="{re.escape(name)}"[^>]*>\n(.*?)</textarea>', html, re.S)
    assert found is not None
    return found[1]


def test_the_form_begins_empty_on_what_production_serves() -> None:
    page = Bench().get()
    assert page.faults == []
    chosen = [o["value"] for o in page.all("option") if "selected" in o]
    assert chosen == ["@production"]
    assert [t["name"] for t in page.all("textarea")] == ["f.comment"]


def test_the_working_copy_is_offered_where_it_is_served() -> None:
    def offered(bench: Bench) -> list[str | None]:
        return [option["value"] for option in bench.get().all("option")]

    assert "@working" not in offered(Bench(root=EXAMPLE))
    serving = Bench(root=EXAMPLE, serves=sample_definitions())
    assert "@working" in offered(serving)
    chosen = [o["value"] for o in serving.get().all("option") if "selected" in o]
    assert chosen == ["@working"]


def test_a_recorded_call_fills_the_form_and_chooses_its_version() -> None:
    bench = Bench()
    response = bench.client.get(PATH, params={"call": bench.then.id})
    page = Page(response.text)
    assert area(response.text, "f.comment") == "It broke."
    assert [o["value"] for o in page.all("option") if "selected" in o] == ["1.0.0"]
    assert f"/calls/{bench.then.id}" in page.links()


def test_a_calls_page_leads_to_the_playground() -> None:
    bench = Bench()
    links = page_of(bench.client, f"/calls/{bench.then.id}").links()
    assert f"{PATH}?call={bench.then.id}" in links


def test_a_case_fills_the_form_and_its_expectation_is_compared() -> None:
    bench = Bench()
    assert "case angry" in bench.get(case="1.0.0/1").text
    page = bench.send(act="run", version="1.0.0", f__comment="No!", origin="case:1.0.0/1")
    assert "Beside what was expected all the same" in " ".join(page.text.split())


def test_a_run_asks_the_chosen_version_and_model_with_what_was_typed() -> None:
    bench = Bench()
    page = bench.send(
        act="run", version="@production", model="fast", f__comment="It broke.", f__stars="2"
    )
    assert bench.played == [(TASK, "1.0.0", {"comment": "It broke.", "stars": 2}, "fast")]
    assert page.faults == []
    assert '"angry"' in page.text
    assert f"/calls/{bench.now.id}" in page.links()


def test_a_run_shows_repairs_messages_and_what_differs_from_before() -> None:
    bench = Bench()
    page = bench.send(act="run", version="1.0.0", f__comment="x", origin=f"call:{bench.then.id}")
    text = " ".join(page.text.split())
    assert "1 of 2 values differ" in text
    assert "/mood calm angry differs" in text
    assert "Calm" in text
    assert "Comment: It broke." in text


def test_an_error_is_told_with_its_code_and_the_input_stays() -> None:
    bench = Bench(error=OutputRefused("The model refused to answer."))
    page = bench.send(act="run", version="1.0.0", f__comment=" kept as typed ")
    assert "output_refused" in page.text
    assert "The model refused to answer." in page.text
    assert " kept as typed " in page.text


def test_an_error_of_a_recorded_call_leads_to_it() -> None:
    bench = Bench(error=OutputRefused("No."))
    assert bench.error is not None
    bench.error.call_id = bench.now.id
    page = bench.send(act="run", version="1.0.0", f__comment="x")
    assert f"/calls/{bench.now.id}" in page.links()


def test_what_cannot_be_read_asks_nobody_and_stays() -> None:
    bench = Bench()
    page = bench.send(status=422, act="run", version="1.0.0", f__comment="a", f__stars="two")
    assert bench.played == []
    assert "this is no integer: two" in page.text
    assert [f["value"] for f in page.all("input") if f.get("name") == "f.stars"] == ["two"]


def test_another_version_keeps_fields_that_it_does_not_know() -> None:
    bench = Bench()
    page = bench.send(act="json", version="2.0.0", f__text="a", f__comment='"b"')
    assert json.loads(page.text.partition("As JSON")[2].partition("Run")[0]) == {
        "text": "a",
        "comment": "b",
    }


def test_a_version_that_is_gone_keeps_the_input() -> None:
    page = Bench().send(status=422, act="run", version="7.0.0", f__comment="still here")
    assert "There is no version" in page.text
    assert "still here" in page.text


def test_json_and_fields_lead_to_each_other_and_keep_the_input() -> None:
    bench = Bench()
    as_json = bench.send(act="json", version="1.0.0", f__comment="a", f__stars="3")
    assert '"stars": 3' in as_json.text
    fields = bench.send(act="fields", version="1.0.0", input='{"comment": "a", "stars": 3}')
    assert [f["value"] for f in fields.all("input") if f.get("name") == "f.stars"] == ["3"]


def test_messages_are_shown_without_asking_anybody() -> None:
    bench = Bench()
    page = bench.send(act="render", version="1.0.0", f__comment="Where is it?")
    assert bench.played == []
    assert "As it would be sent" in page.text
    assert page.text.count("Where is it?") == 2


def test_an_input_that_the_schema_refuses_is_told_before_messages_are_made() -> None:
    page = Bench().send(act="render", version="1.0.0", f__comment="a", f__extra='"b"')
    assert "invalid_input" in page.text


def test_an_expectation_is_what_was_answered_until_it_is_edited() -> None:
    bench = Bench(root=EXAMPLE)
    first = bench.send(act="run", version="1.0.0", f__comment="x")
    (prefilled,) = [f["value"] for f in first.all("input") if f.get("name") == "prefilled"]
    assert json.loads(prefilled or "") == bench.now.value
    again = bench.send(
        act="run", version="1.0.0", f__comment="x", prefilled=prefilled or "", expect='{"mood": 1}'
    )
    assert '{"mood": 1}' in again.text


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "project", ignore=shutil.ignore_patterns(".roadworthy"))
    return tmp_path / "project"


def saved_cases(project: Path) -> list[Any]:
    file = project / "tasks" / TASK / "cases.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_saved_case_stands_in_the_file_and_the_page_goes_on_with_it(project: Path) -> None:
    bench, before = Bench(root=project), len(saved_cases(project))
    token = re.search(r'name="csrf" value="([^"]+)"', bench.client.get(PATH).text)
    assert token is not None
    fields = {
        "csrf": token[1],
        "act": "save",
        "version": "1.0.0",
        "f.comment": "It sang.",
        "expect": '{"sentiment": "positive"}',
        "tags": "edge, odd ,",
        "case_id": "singing",
        "note": "",
    }
    answer = bench.client.post(PATH, data=fields, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    assert saved_cases(project)[before:] == [
        {
            "input": {"comment": "It sang."},
            "expect": {"sentiment": "positive"},
            "tags": ["edge", "odd"],
            "id": "singing",
        }
    ]
    after = bench.client.get(answer.headers["location"])
    assert "case singing stands in" in Page(after.text).text
    assert area(after.text, "f.comment") == "It sang."


@pytest.mark.parametrize(
    ("expect", "told"),
    [("{", "What is expected is not JSON"), ('{"sentiment": "livid"}', "The case was not saved")],
)
def test_a_case_that_does_not_fit_is_not_saved_and_nothing_is_lost(
    project: Path, expect: str, told: str
) -> None:
    bench, before = Bench(root=project), saved_cases(project)
    page = bench.send(
        status=400, act="save", version="1.0.0", f__comment="It sang.", expect=expect, tags="edge"
    )
    assert told in page.text
    assert "It sang." in page.text
    assert expect in page.text
    assert [f["value"] for f in page.all("input") if f.get("name") == "tags"] == ["edge"]
    assert saved_cases(project) == before


def test_nothing_can_be_saved_where_there_are_no_files() -> None:
    assert "Save as a case" not in Bench().get().text


def test_hostile_input_stays_text() -> None:
    bench = Bench(error=OutputRefused(HOSTILE))
    hostile = {"model": HOSTILE, "f.comment": HOSTILE, f"f.{HOSTILE}": HOSTILE}
    page = bench.send(status=422, act="run", version="1.0.0", **hostile)
    assert page.all("img") == []
    assert len(page.all("script")) == 1


def test_hostile_field_names_and_values_of_a_call_stay_text() -> None:
    bench = Bench()
    bench.then.input = {HOSTILE: HOSTILE, "comment": HOSTILE}
    page = bench.get(call=bench.then.id)
    assert page.faults == []
    assert page.all("img") == []


@pytest.mark.parametrize(
    "query", [{"call": "0"}, {"case": "1.0.0/9"}, {"case": "9.9.9/1"}, {"version": "8.0.0"}]
)
def test_what_does_not_exist_is_not_found(query: dict[str, str]) -> None:
    assert Bench().client.get(PATH, params=query).status_code == 404


def test_a_form_without_its_token_asks_nobody() -> None:
    bench = Bench()
    assert bench.client.post(PATH, data={"act": "run", "version": "1.0.0"}).status_code == 403
    assert bench.played == []
