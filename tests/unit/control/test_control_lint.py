"""The page and the address of a prompt's weight and of what reading finds in it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from dashboard import FixedClock, client_of, empty_source, full_source, page_of
from starlette.testclient import TestClient

from projects import write_project
from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.samples.sample_registry import sample_models
from roadworthy.evaluation.comparison import FigureDifference
from roadworthy.evaluation.trimming import TrimPart, TrimReport
from roadworthy.evaluation.trimming.kept import keep_report
from roadworthy.evaluation.trimming.report import Proposal
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database

RULE = "Weigh what the customer says about the goods above all.\n"
SYSTEM = "tasks/triage/prompt/system.md"
HOSTILE = "<script>alert(1)</script> says one thing about the goods twice over.\n"


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    root = write_project(tmp_path, "http://127.0.0.1:9/v1")
    (root / SYSTEM).write_text(f"{RULE}\n{RULE}\n{HOSTILE}\n{HOSTILE}")
    case = {"input": {"comment": "The lid came off on day one."}}
    (root / "tasks/triage/cases.jsonl").write_text(json.dumps(case) + "\n")
    state = StateFolder(tmp_path / "state")
    registry = StoredRegistry(
        open_database(state),
        state,
        clock=FixedClock(),
        protected=["production"],
        models=sample_models,
        environment="test",
    )
    bench = Workbench(registry=registry, root=root)
    app = create_app(empty_source(), clock=FixedClock(), workbench=bench)
    return TestClient(app, base_url="http://localhost:8701", raise_server_exceptions=False)


def test_the_page_weighs_the_working_copy_and_names_places(client: TestClient) -> None:
    page = page_of(client, "/tasks/triage/lint")
    assert page.faults == []
    assert "the working copy" in page.text
    assert "tasks/triage/prompt/system.md:3" in page.text
    assert "also stands in the system message" in page.text
    assert "in the mean of 1 case" in page.text
    assert "roadworthy trim triage --plan" in page.text


def test_what_a_prompt_holds_is_text_on_the_page(client: TestClient) -> None:
    html = client.get("/tasks/triage/lint").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_address_answers_the_same_for_machines(client: TestClient) -> None:
    lint = client.get("/api/tasks/triage/lint").json()
    assert lint["task"] == "triage"
    assert lint["estimated"]
    assert [weight["kind"] for weight in lint["weights"]][:2] == ["message", "message"]
    assert [finding["line"] for finding in lint["findings"]] == [3, 7]


def test_what_is_served_is_read_where_there_are_no_files() -> None:
    lint = client_of(full_source()).get("/api/tasks/classify-feedback/lint").json()
    assert lint["fixed"] > 0
    assert client_of(full_source()).get("/tasks/classify-feedback/lint").status_code == 200


def test_a_task_or_a_version_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/api/tasks/nobody/lint").status_code == 404
    assert client.get("/tasks/triage/lint?version=9.9.9").status_code == 404
    assert client.get("/api/tasks/triage/lint?wrong=1").status_code == 400


RATE = FigureDifference(
    name="pass_rate", a=0.9, b=0.9, difference=0.0, low=-0.05, high=0.05, cases=40
)
REPORT = TrimReport(
    task="triage",
    definition="0" * 64,
    at_us=1_700_000_000_000_000,
    model="canned",
    cases=40,
    parts=(
        TrimPart(
            number=1,
            kind="paragraph",
            name="<b>Weigh</b>",
            file=SYSTEM,
            line=3,
            tokens=12,
            verdict="spare",
            pass_rate=RATE,
            proposed=True,
            usd_a_month=1.5,
        ),
    ),
    proposal=Proposal(
        parts=(1,),
        definition="1" * 64,
        tokens=12,
        usd_a_month=1.5,
        pass_rate=RATE,
        patch=f"--- a/{SYSTEM}\n+++ b/{SYSTEM}\n@@ -1 +0,0 @@\n-<script>\n",
    ),
)


def test_the_last_trim_stands_beside_the_prompt(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/api/tasks/triage/trim").status_code == 404
    assert "What its cases need of it" not in client.get("/tasks/triage/lint").text
    keep_report(tmp_path / ".roadworthy", REPORT)
    page = page_of(client, "/tasks/triage/lint")
    assert page.faults == []
    assert "Without 1 part a call is 12 tokens shorter, $1.50 a month" in page.text
    assert "The prompt has changed since." in page.text
    assert "<script>" in page.text  # as text
    assert client.get("/api/tasks/triage/trim").json()["proposal"]["tokens"] == 12


def test_what_a_cassette_said_is_not_kept(client: TestClient, tmp_path: Path) -> None:
    keep_report(tmp_path / ".roadworthy", msgspec.structs.replace(REPORT, replayed=True))
    assert client.get("/api/tasks/triage/trim").status_code == 404
    (tmp_path / ".roadworthy/trims").mkdir(parents=True)
    (tmp_path / ".roadworthy/trims/triage.json").write_text("{}")
    assert client.get("/api/tasks/triage/trim").status_code == 404
