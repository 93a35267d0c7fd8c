"""Calls that pin versions, through the whole path."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from pipelines import GOOD, MODEL
from published import INDEX, at, publish_files, serving_versions, snapshot_of, triage_at
from roadworthy.core import Settings, SystemClock
from roadworthy.core.errors import RoadworthyError, TaskUnservable, UnknownModel, UnknownTask
from roadworthy.models import Capabilities
from roadworthy.pipeline import CallRequest, Finished, Pipeline, compile_state
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.tasks import Snapshot, TaskDefinition, VersionIndex
from roadworthy.tasks.version_files import (
    read_version_file,
    version_file,
    write_version_file,
)
from roadworthy.testing import MemoryJournal, ScriptedUpstream

OTHER = msgspec.structs.replace(
    MODEL, name="other", upstream="other-1", capabilities=Capabilities(modes=("json", "prompt"))
)


def asked_for(pipeline: Pipeline, request: CallRequest) -> tuple[str, str]:
    """The version in the record, and what the prompt was."""
    finished = asyncio.run(pipeline.run(request))
    return finished.call.version, str(finished.call.messages[-1]["content"]).partition(":")[0]


def why_not(pipeline: Pipeline, request: CallRequest) -> RoadworthyError:
    with pytest.raises(RoadworthyError) as raised:
        asyncio.run(pipeline.run(request))
    return raised.value


@pytest.mark.parametrize(
    ("selector", "version"),
    [
        ("", "1.1.0"),
        ("@production", "1.1.0"),
        ("@staging", "2.0.0"),
        ("@1.0.0", "1.0.0"),
        ("@^1", "1.1.0"),
    ],
)
def test_a_call_is_served_and_recorded_by_the_version_it_selects(
    tmp_path: Path, selector: str, version: str
) -> None:
    publish_files(tmp_path)
    pipeline, journal = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())
    assert asked_for(pipeline, at(selector)) == (version, version)
    assert (journal.calls[0].task, journal.calls[0].version) == ("triage", version)


def test_what_is_served_by_default_needs_no_file(tmp_path: Path) -> None:
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path / "none", snapshot_of())
    assert asked_for(pipeline, at("@1.1.0")) == ("1.1.0", "1.1.0")
    assert isinstance(why_not(pipeline, at("@1.0.0")), TaskUnservable)


def test_under_dev_the_working_copy_is_served_and_versions_can_be_pinned(tmp_path: Path) -> None:
    publish_files(tmp_path)
    snapshot = snapshot_of(serves="working")
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot)
    assert asked_for(pipeline, at("")) == ("working", "working")
    assert asked_for(pipeline, at("@working")) == ("working", "working")
    assert asked_for(pipeline, at("@production")) == ("1.1.0", "1.1.0")


def test_the_working_copy_is_not_served_in_production(tmp_path: Path) -> None:
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())
    assert "serve --dev" in why_not(pipeline, at("@working")).message


def test_a_pin_whose_version_came_out_empty_serves_no_other(tmp_path: Path) -> None:
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())
    error = why_not(pipeline, at("@"))
    assert isinstance(error, UnknownTask)
    assert "no version stands after the '@' of 'triage@'" in error.message


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (VersionIndex(), 'roadworthy publish triage -m "…".*roadworthy promote triage 1.0.0'),
        (VersionIndex(digests=INDEX.digests), "roadworthy promote triage 2.0.0 --to production"),
    ],
)
def test_a_task_that_is_not_in_production_says_how_it_gets_there(
    tmp_path: Path, index: VersionIndex, says: str
) -> None:
    pipeline, journal = serving_versions(ScriptedUpstream([]), tmp_path, snapshot_of(index))
    with pytest.raises(UnknownTask, match=says):
        asyncio.run(pipeline.run(at("")))
    assert journal.calls[0].outcome == "rejected"


def test_a_task_that_cannot_be_served_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    snapshot = msgspec.structs.replace(
        snapshot_of(serves="working"),
        tasks={"triage": triage_at("working", model="gone"), "fine": triage_at("working")},
    )
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot)
    error = why_not(pipeline, at(""))
    assert isinstance(error, TaskUnservable)
    assert "'gone', which is not bound" in error.message
    fine = CallRequest(target="task:fine", surface="task", input={"comment": "Hi."})
    assert asked_for(pipeline, fine) == ("working", "working")


def test_a_damaged_version_names_the_remedy_and_the_others_go_on(tmp_path: Path) -> None:
    publish_files(tmp_path)
    path = version_file(tmp_path, INDEX.digests["1.0.0"])
    path.write_bytes(path.read_bytes()[:-9])
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())
    error = why_not(pipeline, at("@1.0.0"))
    assert (error.status, error.code, error.retry) == (503, "task_unservable", False)
    assert "the keeper writes it anew" in error.message
    assert asked_for(pipeline, at("@1.2.0")) == ("1.2.0", "1.2.0")
    publish_files(tmp_path)  # as the keeper does
    assert asked_for(pipeline, at("@1.0.0")) == ("1.0.0", "1.0.0")


def test_a_pinned_version_whose_model_is_not_bound_says_so(tmp_path: Path) -> None:
    write_version_file(tmp_path, INDEX.digests["1.0.0"], triage_at("1.0.0", model="gone"))
    pipeline, _ = serving_versions(ScriptedUpstream([]), tmp_path, snapshot_of())
    assert "triage@1.0.0 asks the model 'gone'" in why_not(pipeline, at("@1.0.0")).message


def test_a_pinned_version_whose_python_is_not_installed_so_is_refused(tmp_path: Path) -> None:
    runs = msgspec.structs.replace(triage_at("1.0.0"), sources={"rules.py": "ok = True\n"})
    write_version_file(tmp_path / "versions", INDEX.digests["1.0.0"], runs)
    snapshot = msgspec.structs.replace(snapshot_of(), root=str(tmp_path))
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path / "versions", snapshot)
    (tmp_path / "rules.py").write_text("ok = False\n")
    assert "runs Python that differs" in why_not(pipeline, at("@1.0.0")).message
    (tmp_path / "rules.py").write_text("ok = True\n")
    assert asked_for(pipeline, at("@1.0.0")) == ("1.0.0", "1.0.0")


def test_files_give_neither_name_nor_version(tmp_path: Path) -> None:
    """Tasks of equal content share a file."""
    shared = msgspec.structs.replace(triage_at("7.7.7"), name="another")
    write_version_file(tmp_path, INDEX.digests["1.0.0"], shared)
    pipeline, journal = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())
    assert asked_for(pipeline, at("@1.0.0")) == ("1.0.0", "7.7.7")
    assert journal.calls[0].task == "triage"


def test_calls_at_once_share_one_load_and_one_that_is_given_up_harms_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_files(tmp_path)
    reads: list[str] = []

    def read(folder: Path, digest: str) -> TaskDefinition:
        reads.append(digest)
        return read_version_file(folder, digest)

    monkeypatch.setattr("roadworthy.pipeline.pinned.read_version_file", read)
    pipeline, _ = serving_versions(ScriptedUpstream([GOOD]), tmp_path, snapshot_of())

    async def run() -> list[Finished | BaseException]:
        calls = [asyncio.create_task(pipeline.run(at("@1.0.0"))) for _ in range(20)]
        await asyncio.sleep(0)
        calls[0].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    first, *others = asyncio.run(run())
    assert isinstance(first, asyncio.CancelledError)
    assert {done.call.version for done in others if isinstance(done, Finished)} == {"1.0.0"}
    assert (len(reads), len(others)) == (1, 19)


def test_a_failed_load_gives_each_call_an_error_of_its_own(tmp_path: Path) -> None:
    pipeline, journal = serving_versions(ScriptedUpstream([]), tmp_path, snapshot_of())

    async def run() -> list[BaseException | object]:
        calls = [pipeline.run(at("@1.0.0")) for _ in range(3)]
        return list(await asyncio.gather(*calls, return_exceptions=True))

    errors = [error for error in asyncio.run(run()) if isinstance(error, TaskUnservable)]
    assert {error.call_id for error in errors} == {call.id for call in journal.calls}
    assert len(errors) == 3


def test_the_least_recently_used_version_goes_first(tmp_path: Path) -> None:
    publish_files(tmp_path)
    pins = PinnedVersions(tmp_path, keep=2)
    state = compile_state(snapshot_of(), {}, pins=pins)
    pipeline = Pipeline(
        state=lambda: state,
        upstream=ScriptedUpstream([GOOD]),
        journal=MemoryJournal(),
        clock=SystemClock(),
    )
    for selector in ("@1.0.0", "@1.2.0", "@1.0.0", "@2.0.0"):
        asked_for(pipeline, at(selector))
    assert [pin.version for pin in pins._kept] == ["1.0.0", "2.0.0"]


def test_a_model_bound_anew_serves_a_version_in_memory(tmp_path: Path) -> None:
    publish_files(tmp_path)
    upstream = ScriptedUpstream([GOOD])
    pipeline, _ = serving_versions(upstream, tmp_path, snapshot_of())
    asked_for(pipeline, at("@1.0.0"))
    moved = msgspec.structs.replace(OTHER, name="scripted")
    snapshot = msgspec.structs.replace(snapshot_of(), models={"scripted": moved})
    state = compile_state(snapshot, {}, previous=pipeline.state())
    later = Pipeline(
        state=lambda: state, upstream=upstream, journal=MemoryJournal(), clock=SystemClock()
    )
    assert asked_for(later, at("@1.0.0")) == ("1.0.0", "1.0.0")
    assert [model.upstream for model, _ in upstream.asked] == ["scripted-1", "other-1"]


def test_another_model_takes_the_place_of_the_versions_own(tmp_path: Path) -> None:
    publish_files(tmp_path)
    upstream = ScriptedUpstream([GOOD])
    snapshot = msgspec.structs.replace(snapshot_of(), models={"scripted": MODEL, "other": OTHER})
    pipeline, journal = serving_versions(upstream, tmp_path, snapshot)
    request = at("@1.0.0")
    request.model = "other"
    asked_for(pipeline, request)
    assert (journal.calls[0].model, journal.calls[0].mode) == ("other", "json")
    request.model = "nobody"
    assert isinstance(why_not(pipeline, request), UnknownModel)


def test_what_did_not_change_is_not_compiled_again() -> None:
    before = compile_state(two(), {})
    again = compile_state(two("4"), {}, previous=before)
    assert again.tasks["a"] is before.tasks["a"]
    assert again.tasks["b"].prompt is not before.tasks["b"].prompt
    assert again.pins is before.pins


def test_a_patch_version_keeps_what_was_compiled_and_changes_what_is_told() -> None:
    before = compile_state(two(), {})
    patched = msgspec.structs.replace(two().tasks["a"], version="1.0.1", description="clearer")
    snapshot = msgspec.structs.replace(two(), tasks={"a": patched})
    again = compile_state(snapshot, {}, previous=before)
    assert again.tasks["a"].prompt is before.tasks["a"].prompt
    assert again.tasks["a"].definition is patched


def test_a_model_bound_anew_changes_the_plan_of_what_was_compiled() -> None:
    before = compile_state(two(), {})
    moved = msgspec.structs.replace(OTHER, name="scripted")
    snapshot = msgspec.structs.replace(two(), models={"scripted": moved})
    again = compile_state(snapshot, {}, previous=before)
    assert again.tasks["a"].prompt is before.tasks["a"].prompt
    assert again.tasks["a"].modes == ("json", "prompt")


def two(b: str = "3") -> Snapshot:
    return Snapshot(
        revision=b,
        settings=Settings(),
        tasks={"a": triage_at("1"), "b": triage_at(b)},
        models={"scripted": MODEL},
    )
