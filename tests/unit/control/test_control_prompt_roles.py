"""What a viewer sees of the pages of prompts, and what owners may do against a gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from dashboard import Page
from keyed import Installation, form_token
from starlette.testclient import TestClient

from roadworthy.control.samples.sample_registry import fill_registry, sample_models
from roadworthy.registry import Actor, Draft, MoveRequest
from roadworthy.tasks.gate import Gate

T = "/tasks/classify-feedback"
WEIGH = f"{T}/channels?to=2.1.0&channel=production"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    installation = Installation(tmp_path)
    installation.registry._models = sample_models  # which the sample's results are of
    fill_registry(installation.registry, at_us=1_000)
    return installation


def send(client: TestClient, path: str, token_of: str, **fields: str) -> Any:
    return client.post(path, data={"csrf": form_token(client, token_of), **fields})


@pytest.mark.parametrize("path", [f"{T}/channels", WEIGH, f"{T}/playground"])
def test_a_viewer_sees_the_page_without_its_buttons(installation: Installation, path: str) -> None:
    installation.key("boss")
    viewer = installation.logged_in(installation.key("guest", "viewer").secret)
    html = viewer.get(path).text
    page = Page(html)
    assert page.faults == []
    forms = [form.get("action") for form in page.all("form") if form.get("method") == "post"]
    assert [a for a in forms if a and a.startswith(f"{T}/channels")] == []
    assert 'value="run"' not in html
    assert "an owner's may" in page.text


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (f"{T}/channels", {"act": "rollback", "channel": "production", "why": "x"}),
        (f"{T}/channels", {"act": "promote", "to": "2.1.0", "why": "x", "force": "yes"}),
        (f"{T}/playground", {"act": "run", "version": "1.0.0", "f.comment": "x"}),
        (f"{T}/playground", {"act": "save", "version": "1.0.0", "f.comment": "x"}),
    ],
)
def test_a_viewer_who_sends_the_form_all_the_same_is_refused(
    installation: Installation, path: str, fields: dict[str, str]
) -> None:
    installation.key("boss")
    viewer = installation.logged_in(installation.key("guest", "viewer").secret)
    before = installation.registry.history()
    assert send(viewer, path, "/", **fields).status_code == 403
    assert installation.registry.history() == before
    assert installation.changes == 0


def test_a_move_names_the_key_that_made_it_and_tells_whoever_serves(
    installation: Installation,
) -> None:
    owner = installation.logged_in(installation.key("release manager").secret)
    fields = {"act": "rollback", "channel": "production", "why": "slow"}
    assert send(owner, f"{T}/channels", f"{T}/channels", **fields).status_code == 303
    assert installation.registry.history(limit=1)[0].by.name == "release manager"
    assert installation.changes == 1


def with_a_lower_gate(installation: Installation) -> str:
    """Publish a version that asks for next to nothing, and differs in nothing else."""
    newest = installation.registry.version("classify-feedback", "2.1.1")
    wish = MoveRequest(task="classify-feedback", to="2.1.1", why="all that we have", force=True)
    installation.registry.move(wish, Actor(name="Ada"))
    suite = msgspec.structs.replace(newest.suite, gate=Gate(pass_rate=0.01))
    draft = Draft(definition=newest.definition, suite=suite, message="Ask for less")
    return installation.registry.publish(draft, Actor(name="Ada")).version.version


def test_a_version_that_lowers_the_gate_says_so_and_takes_a_tick_and_a_reason(
    installation: Installation,
) -> None:
    version = with_a_lower_gate(installation)
    owner = installation.logged_in(installation.key("boss").secret)
    path = f"{T}/channels?to={version}"
    page = Page(owner.get(path).text)
    assert page.faults == []
    assert "Thresholds that this version lowers" in page.text
    fields = {"act": "promote", "to": version, "channel": "production"}
    refused = send(owner, f"{T}/channels", path, **fields, why="w")
    assert refused.status_code == 409
    unexplained = send(owner, f"{T}/channels", path, **fields, why="", lower_gate="yes")
    assert unexplained.status_code == 403
    assert "lower_gate" in unexplained.text
    moved = send(owner, f"{T}/channels", path, **fields, why="agreed", lower_gate="yes")
    assert moved.status_code == 303
    move = installation.registry.history(limit=1)[0]
    assert (move.forced, move.why, bool(move.evidence and move.evidence.lowered)) == (
        False,
        "agreed",
        True,
    )
