from __future__ import annotations

import msgspec

from published import INDEX, snapshot_of
from roadworthy.cli.serve.announcement import announcement
from roadworthy.core import Settings
from roadworthy.tasks import Snapshot, VersionIndex
from roadworthy.tasks.definition import ChainDefinition, StepDefinition


def said(snapshot: Snapshot, *, draft_faults: int = 0) -> list[str]:
    text = announcement("http://g", "http://c", snapshot, draft_faults=draft_faults)
    return text.splitlines()


def test_the_addresses_stand_first_and_tasks_bear_their_versions() -> None:
    lines = said(snapshot_of())
    assert lines[0].startswith("Gateway    http://g/v1 ")
    assert lines[1:] == ["Dashboard  http://c", "Tasks      triage@1.1.0", "Press Ctrl-C to stop."]


def test_working_copies_are_named_without_a_version_and_nothing_waits() -> None:
    lines = said(snapshot_of(serves="working"))
    assert lines[2:] == ["Tasks      poem, triage", "Press Ctrl-C to stop."]


def test_what_waits_comes_with_the_commands_that_put_it_into_production() -> None:
    index = {"draft": VersionIndex(), "ready": msgspec.structs.replace(INDEX, channels={})}
    lines = said(msgspec.structs.replace(snapshot_of(), tasks={}, versions=index))
    assert lines[2] == "Tasks      none is in production; plain models are served"
    assert lines[3].startswith('Waiting    draft: `roadworthy publish draft -m "…"`, then ')
    assert lines[4] == " " * 11 + "ready: `roadworthy promote ready 2.0.0 --to production`"


def test_a_step_of_what_is_served_waits_for_nothing() -> None:
    served = snapshot_of()
    step = served.tasks["triage"]
    sort = StepDefinition(name="sort", task="triage")
    inner = ChainDefinition(steps=(sort,), output={"": "sort"}, tasks={"triage": step})
    judged = msgspec.structs.replace(step, name="judged", judges={"poem": step}, chain=inner)
    versions = {"triage": VersionIndex(), "poem": VersionIndex(), "other": VersionIndex()}
    snapshot = msgspec.structs.replace(served, tasks={"judged": judged}, versions=versions)
    assert [line.split(":")[0] for line in said(snapshot)[3:-1]] == ["Waiting    other"]


def test_what_cannot_be_served_says_why_and_does_not_wait() -> None:
    snapshot = msgspec.structs.replace(
        snapshot_of(), tasks={}, unservable={"triage": "its model is away"}
    )
    assert said(snapshot)[3:-1] == ["Failing    its model is away"]


def test_an_empty_project_says_what_there_is_to_try() -> None:
    for serves in ("working", "production"):
        empty = Snapshot(revision="r", settings=Settings(), serves=serves)
        assert said(empty)[2] == "Tasks      no task yet; plain models are served (try `local`)"


def test_faults_of_working_copies_are_counted() -> None:
    assert said(snapshot_of(), draft_faults=2)[3].startswith("Drafts     2 faults in working")


def test_a_long_list_is_cut() -> None:
    many = {f"t{number:02d}": VersionIndex() for number in range(14)}
    lines = said(msgspec.structs.replace(snapshot_of(), tasks={}, versions=many))
    assert lines[-2].strip() == "and 4 more"
