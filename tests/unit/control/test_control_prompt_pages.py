from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dashboard import NOW_US, FixedClock, Page, full_source, page_of
from fixed_registry import FixedRegistry, row_of, version_of
from starlette.testclient import TestClient

from roadworthy.control import create_app
from roadworthy.control.context import Workbench
from roadworthy.control.samples.sample_registry import fill_registry, sample_models
from roadworthy.registry import (
    Actor,
    CaseResult,
    Change,
    Evidence,
    Figures,
    Miss,
    Move,
    Pointer,
    Registry,
    ResultKey,
    Score,
    Share,
    Version,
)
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks import ConstraintDefinition, Template
from roadworthy.tasks.cases import Case, Suite, question_digest
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.tasks.gate import Gate

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}\u202egnp\x00"
TASK = "/tasks/classify-feedback"
DAY_US = 86_400_000_000
SOURCE = full_source()
PAGES = (
    "/tasks",
    "/blocks",
    "/blocks/brand-voice.md",
    TASK,
    f"{TASK}/versions",
    f"{TASK}/versions/1.0.0",
    f"{TASK}/versions/2.1.0",
    f"{TASK}/versions/production",
    f"{TASK}/diff",
    f"{TASK}/diff?from=1.0.0&to=2.1.0",
    f"{TASK}/diff?from=@production&to=@staging&lines=all",
    f"{TASK}/diff?from=1.0.0&to=1.0.0",
    f"{TASK}/channels",
    f"{TASK}/channels?to=2.1.0&channel=production",
    f"{TASK}/channels?to=1.1.0&channel=production",
    f"{TASK}/channels?to=2.1.0&channel=canary",
    f"{TASK}/history",
    f"{TASK}/history?channel=staging",
    f"{TASK}/history?channel=nothing",
    f"{TASK}/tests",
    f"{TASK}/lint",
    f"{TASK}/lint?version=1.0.0",
    "/tasks/product-sheet/versions",
    "/tasks/product-sheet/tests",
    "/tasks/product-sheet/history",
)


class Stepping:
    """A clock on which the sample's weeks pass."""

    def __init__(self) -> None:
        self.now = NOW_US - 14 * DAY_US

    def now_us(self) -> int:
        self.now += DAY_US // 2
        return min(self.now, NOW_US)

    def elapsed_us(self) -> int:
        return 0


def stored_registry(folder: Path) -> StoredRegistry:
    state = StateFolder(folder)
    return StoredRegistry(
        open_database(state),
        state,
        clock=Stepping(),
        protected=["production"],
        models=sample_models,
        environment="staging",
    )


def client_of(registry: Registry, root: Path | None = None) -> TestClient:
    bench = Workbench(registry=registry, root=root)
    app = create_app(SOURCE, clock=FixedClock(), workbench=bench)
    return TestClient(app, base_url="http://localhost:8701", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Pages of the sample, for tests that only read."""
    registry = stored_registry(tmp_path_factory.mktemp("state"))
    fill_registry(registry, at_us=NOW_US, calls=[call.id for call in SOURCE.calls[:9]])
    with client_of(registry) as client:
        yield client


@pytest.fixture
def own(tmp_path: Path) -> TestClient:
    """As `client`, for tests that move channels."""
    registry = stored_registry(tmp_path)
    fill_registry(registry, at_us=NOW_US)
    return client_of(registry)


def send(client: TestClient, path: str, **fields: str) -> Any:
    """Send a form as the page that holds it would."""
    page = Page(client.get(path).text)
    token = next(field["value"] for field in page.all("input") if field.get("name") == "csrf")
    return client.post(path, data={"csrf": token or "", **fields}, follow_redirects=False)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_valid(client: TestClient, path: str) -> None:
    assert page_of(client, path).faults == []


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_page_leads_somewhere(client: TestClient, path: str) -> None:
    for href in {link.partition("#")[0] for link in page_of(client, path).links()}:
        if href.startswith("/") and "/playground" not in href and href != "/api/openapi.json":
            assert client.get(href).status_code == 200, href


def test_the_list_of_tasks_says_what_production_lacks(client: TestClient) -> None:
    page = page_of(client, "/tasks")
    assert "4 behind: 1 major, 1 minor, 2 patch" in page.text
    assert "Grace Hopper" in page.text
    assert f"{TASK}/versions/1.1.0" in page.links()
    assert f"{TASK}/diff?from=1.1.0&to=2.1.1" in page.links()


def test_the_list_of_versions_names_channels_levels_and_what_passed(client: TestClient) -> None:
    text = " ".join(page_of(client, f"{TASK}/versions").text.split())
    assert "2.1.0 staging minor Say what neutral means" in text
    assert "1.1.0 production minor Include the brand voice" in text
    assert "not tested" in text
    assert " of 8 " in text


def test_a_version_says_why_it_has_its_level(client: TestClient) -> None:
    page = page_of(client, f"{TASK}/versions/2.0.0")
    assert "why it is a major step" in page.text
    assert "input./language" in page.text
    assert "breaking" in page.text


def test_a_versions_failed_cases_lead_to_calls(client: TestClient) -> None:
    page = page_of(client, f"{TASK}/versions/1.0.0")
    assert "Cases that failed" in page.text
    assert [link for link in page.links() if link.startswith("/calls/")]


def test_a_version_that_was_not_tested_names_the_command(client: TestClient) -> None:
    text = page_of(client, "/tasks/classify-feedback/versions/2.0.0").text
    assert "roadworthy test classify-feedback --version 2.0.0" in text


def test_a_version_that_does_not_exist_names_what_comes_nearest(client: TestClient) -> None:
    assert "2.0.1" in page_of(client, f"{TASK}/versions/2.0.7", status=404).text


def test_a_difference_marks_words_in_the_text_itself(client: TestClient) -> None:
    html = client.get(f"{TASK}/diff?from=1.1.0&to=2.1.0").text
    assert "<ins> Neutral means: neither praise nor complaint.</ins>" in html
    assert "breaking" in html


def test_weighing_shows_the_misses_before_any_button_and_moves_nothing(own: TestClient) -> None:
    page = page_of(own, f"{TASK}/channels?to=2.1.0&channel=production")
    text = " ".join(page.text.split())
    assert text.index("The gate does not hold") < text.index("Force 2.1.0 to production")
    assert "points short" in text
    assert "Promote 2.1.0" not in text
    assert "1.1.0 production" in " ".join(page_of(own, f"{TASK}/versions").text.split())


def test_a_promotion_that_the_gate_refuses_moves_nothing_and_keeps_the_reason(
    own: TestClient,
) -> None:
    answer = send(
        own, f"{TASK}/channels?to=2.1.0&channel=production", act="promote", to="2.1.0", why="hurry"
    )
    page = Page(answer.text)
    assert (answer.status_code, page.faults) == (409, [])
    assert "Nothing was moved" in page.text
    assert 'value="hurry"' in answer.text
    assert page_of(own, f"{TASK}/versions/production").text.count("1.1.0")


def test_a_forced_promotion_leads_to_a_message_and_into_the_history(own: TestClient) -> None:
    path = f"{TASK}/channels?to=2.1.0&channel=production"
    answer = send(own, path, act="promote", to="2.1.0", why="known", force="yes")
    assert answer.status_code == 303
    after = page_of(own, answer.headers["location"])
    assert "production was moved from 1.1.0 to 2.1.0 against its gate." in after.text
    history = page_of(own, f"{TASK}/history").text
    assert "forced" in history
    assert "known" in history


def test_forcing_without_a_reason_is_refused(own: TestClient) -> None:
    path = f"{TASK}/channels?to=2.1.0&channel=production"
    answer = send(own, path, act="promote", to="2.1.0", why=" ", force="yes")
    assert answer.status_code == 403
    assert "takes a reason" in Page(answer.text).text


def test_a_rollback_goes_where_the_page_said(own: TestClient) -> None:
    page = page_of(own, f"{TASK}/channels")
    assert "1.1.0 back to 1.0.0" in " ".join(page.text.split())
    answer = send(own, f"{TASK}/channels", act="rollback", channel="production", why="slow")
    assert answer.status_code == 303
    told = page_of(own, answer.headers["location"]).text
    assert "production was rolled back from 1.1.0 to 1.0.0." in told


def test_a_form_without_its_token_changes_nothing(own: TestClient) -> None:
    data = {"act": "rollback", "channel": "production", "why": "x"}
    assert own.post(f"{TASK}/channels", data=data).status_code == 403
    assert "rolled back from 1.1.0" not in page_of(own, f"{TASK}/history").text


def test_a_message_about_a_move_is_not_taken_from_the_address(client: TestClient) -> None:
    page = page_of(client, f"{TASK}/channels?moved=%3Cb%3Eowned%3C/b%3E")
    assert "owned" not in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{TASK}/versions?page=0", 400),
        (f"{TASK}/versions?page=two", 400),
        (f"{TASK}/versions?pages=2", 400),
        ("/tasks/nobody/versions", 404),
        ("/tasks/nobody/channels", 404),
        ("/tasks/nobody/history", 404),
        ("/tasks/nobody/tests", 404),
        ("/tasks/nobody/diff", 404),
        (f"{TASK}/diff?from=9.9.9", 404),
        ("/blocks/nothing.md", 404),
        (f"{TASK}/channels?to=9.9.9", 404),
        (f"{TASK}/channels?to=1.0.0&channel=Not%20A%20Channel", 400),
    ],
)
def test_an_address_that_means_nothing_says_so(client: TestClient, path: str, status: int) -> None:
    assert page_of(client, path, status=status).faults == []


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/tasks/product-sheet/versions", 'roadworthy publish product-sheet -m "first version"'),
        ("/tasks/product-sheet/channels", 'roadworthy publish product-sheet -m "first version"'),
        ("/tasks/product-sheet/history", "roadworthy promote product-sheet VERSION"),
        ("/tasks/product-sheet/tests", 'roadworthy publish product-sheet -m "first version"'),
        ("/blocks", 'roadworthy publish --all -m "brand voice"'),
    ],
)
def test_an_empty_page_names_the_next_command(path: str, command: str) -> None:
    page = page_of(client_of(FixedRegistry()), path)
    assert page.faults == []
    assert command in page.text


def many(count: int) -> FixedRegistry:
    return FixedRegistry(version_of(row_of(f"1.{n}.0")) for n in range(count, 0, -1))


def test_long_lists_go_on_and_each_version_stands_on_one_page() -> None:
    client = client_of(many(120))
    seen: list[str] = []
    for number in (1, 2, 3):
        page = page_of(client, f"/tasks/triage/versions?page={number}")
        seen += [link for link in page.links() if link.startswith("/tasks/triage/versions/")]
        assert any(f"page={number + 1}" in link for link in page.links()) == (number < 3)
    assert len(seen) == len(set(seen)) == 120


def test_a_list_asks_the_registry_the_same_for_ten_versions_as_for_fifty() -> None:
    def asked(count: int) -> int:
        registry = many(count)
        registry.case_tallies = lambda *_: []  # type: ignore[attr-defined]
        registry.block_uses = lambda *_: []  # type: ignore[attr-defined]
        registry.task_steps = list  # type: ignore[attr-defined]
        page_of(client_of(registry), "/tasks/triage/versions")
        page_of(client_of(registry), "/tasks")
        return registry.asked

    assert asked(10) == asked(50)


def hostile_version() -> Version:
    case = Case(
        input={HOSTILE: HOSTILE},
        expect={HOSTILE: HOSTILE},
        tags=[HOSTILE],
        id=HOSTILE,
        note=HOSTILE,
    )
    row = row_of("1.0.0", message=HOSTILE, author=HOSTILE, commit=HOSTILE, digest=HOSTILE)
    version = version_of(
        row,
        suite=Suite(cases=(case,), checks=({"contains": HOSTILE},), gate=Gate(tags={HOSTILE: 0.5})),
        description=HOSTILE,
        model=HOSTILE,
        parameters={HOSTILE: HOSTILE},
        templates=(Template(role="user", source=HOSTILE, file=HOSTILE),),
        blocks={HOSTILE: HOSTILE},
        input_schema={"type": "object", "properties": {HOSTILE: {"description": HOSTILE}}},
        output_schema={"type": "object", "properties": {HOSTILE: {"enum": [HOSTILE]}}},
        constraints=(ConstraintDefinition(name=HOSTILE, require=HOSTILE, message=HOSTILE),),
    )
    change = Change(level="major", place=HOSTILE, what=HOSTILE, breaking=True)
    return Version(row=row, definition=version.definition, suite=version.suite, changes=(change,))


def hostile_registry() -> FixedRegistry:
    version, older = hostile_version(), version_of(row_of("0.9.0"))
    (case,) = version.suite.cases
    share = Share(value=0.5, low=0.1, high=0.9, n=2)
    evidence = Evidence(
        figures=Figures(pass_rate=share, tags={HOSTILE: share}, cases=2, runs=2, flaky=(HOSTILE,)),
        bindings={HOSTILE: HOSTILE},
        environment=HOSTILE,
        misses=(Miss(figure=f"tags.{HOSTILE}", wanted=0.9, found=0.5, message=HOSTILE),),
        invalid_cases=(HOSTILE,),
        lowered=(HOSTILE,),
    )
    move = Move(
        id=HOSTILE,
        task="triage",
        channel=HOSTILE,
        kind="promote",
        from_version=None,
        to_version="1.0.0",
        at_us=NOW_US,
        by=Actor(name=HOSTILE),
        why=HOSTILE,
        forced=True,
        evidence=evidence,
    )
    result = CaseResult(
        key=ResultKey(
            task="triage",
            definition=version.row.definition_digest,
            binding="b",
            question=question_digest(case),
            run=0,
        ),
        expected="e",
        case_id=HOSTILE,
        outcome="first_pass",
        value={HOSTILE: HOSTILE},
        error=HOSTILE,
        scores=(Score(name=HOSTILE, passed=False, reason=HOSTILE),),
        passed=False,
        latency_ms=1.0,
        call_id=HOSTILE,
        at_us=NOW_US,
    )
    pointer = Pointer(
        task="triage", channel=HOSTILE, version="1.0.0", since_us=NOW_US, protected=True
    )
    return FixedRegistry(
        [version, older], pointers=[pointer], moves=[move], results=[result], evidence=evidence
    )


def test_a_chains_version_says_which_step_its_failing_cases_failed_first() -> None:
    chain = ChainDefinition(
        steps=(StepDefinition(name="<img>", task=HOSTILE),), output={"x": "input.a"}, tasks={}
    )
    known = hostile_registry()
    known.known[0] = Version(
        row=known.known[0].row,
        definition=msgspec.structs.replace(known.known[0].definition, chain=chain),
        suite=known.known[0].suite,
    )
    scores = (Score(name="contains", step="<img>", passed=False),)
    known.measured = [msgspec.structs.replace(r, scores=scores) for r in known.measured]
    page = Page(client_of(known).get("/tasks/triage/versions/1.0.0").text)
    assert page.faults == []
    assert "Steps at which failing runs failed first" in page.text
    assert "failed first at step <img>" in page.text
    assert page.all("img") == []


@pytest.mark.parametrize(
    "path",
    [
        "/tasks",
        "/tasks/triage/versions",
        "/tasks/triage/versions/1.0.0",
        "/tasks/triage/diff?from=0.9.0&to=1.0.0",
        "/tasks/triage/channels",
        "/tasks/triage/channels?to=1.0.0&channel=%3Cscript%3Ealert(1)%3C/script%3E",
        "/tasks/triage/history",
        "/tasks/triage/tests",
        "/blocks",
        "/blocks/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    ],
)
def test_texts_of_a_registry_stay_texts(path: str) -> None:
    response = client_of(hostile_registry()).get(path)
    page = Page(response.text)
    assert response.status_code in (200, 404)
    assert page.faults == []
    assert page.all("img") == []
    assert len(page.all("script")) == 1
    assert "\u202e" not in page.text
    assert "\x00" not in page.text
