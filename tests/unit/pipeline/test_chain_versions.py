"""Chains that are published: pinned to versions of their steps, and to what models mean now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chains import ByTask, chain, chain_pipeline, run_chain, step, step_task, wish
from pipelines import MODEL
from roadworthy.core import Settings, SystemClock
from roadworthy.core.errors import TaskUnservable
from roadworthy.models import Model
from roadworthy.pipeline import Pipeline, compile_state
from roadworthy.pipeline.compiled import NO_MODEL, CompiledTask, compile_task, with_model
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.tasks import Snapshot, TaskDefinition, VersionIndex, definition_digest
from roadworthy.tasks.version_files import write_version_file
from roadworthy.testing import MemoryJournal

OTHER = msgspec.structs.replace(MODEL, name="other", upstream="other-1")


def digested(definition: TaskDefinition, **fields: Any) -> TaskDefinition:
    definition = msgspec.structs.replace(definition, **fields)
    return msgspec.structs.replace(definition, digest=definition_digest(definition))


def published(version: str = "1.0.0", *, of_step: str = "3.1.0", **fields: Any) -> TaskDefinition:
    one = digested(step_task("one", **fields), version=of_step)
    return digested(chain(step("one"), tasks={"one": one}), version=version)


def snapshot_of(definition: TaskDefinition | None, **models: Model) -> Snapshot:
    return Snapshot(
        revision="r",
        settings=Settings(),
        serves="production",
        tasks={} if definition is None else {"sheet": definition},
        versions={"sheet": VersionIndex(digests={"1.0.0": "d" * 64})},
        models=models or {"scripted": MODEL},
    )


def compiled(definition: TaskDefinition, **models: Model) -> CompiledTask:
    return compile_task(definition, (models or {"scripted": MODEL}).get)


def test_every_call_says_the_version_that_its_own_task_had_in_the_chain() -> None:
    _, journal = run_chain(published("1.4.0", of_step="3.1.0"))
    assert [(call.task, call.version) for call in journal] == [("one", "3.1.0"), ("sheet", "1.4.0")]


def test_a_pinned_chain_is_served_from_its_file_alone(tmp_path: Path) -> None:
    write_version_file(tmp_path, "d" * 64, published())
    state = compile_state(snapshot_of(None), {}, pins=PinnedVersions(tmp_path))
    journal = MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state, upstream=ByTask(), journal=journal, clock=SystemClock()
    )
    for _ in range(2):  # from the file, then from memory
        finished = asyncio.run(pipeline.run(wish(target="task:sheet@1.0.0")))
        assert finished.call.value == {"text": "one(x)"}
    assert [call.version for call in journal.calls] == ["3.1.0", "1.0.0"] * 2


def test_a_chain_is_unservable_where_a_steps_model_means_nothing() -> None:
    state = compile_state(snapshot_of(published(model="gone")), {})
    assert "sheet@1.0.0 asks the model 'gone', which is not bound" in state.unservable["sheet"]
    with pytest.raises(TaskUnservable, match="'gone'"):
        compiled(published(model="gone"))


def test_a_chain_asks_no_model_itself() -> None:
    task = compiled(published())
    assert task.model is NO_MODEL
    assert (task.plan, dict(task.models)) == (None, {"scripted": MODEL})


def test_steps_are_asked_of_what_their_models_mean_now() -> None:
    before = compile_state(snapshot_of(published()), {})
    moved = msgspec.structs.replace(MODEL, upstream="newer")
    after = compile_state(snapshot_of(published(), scripted=moved), {}, previous=before)
    assert after.tasks["sheet"].steps["one"].model == moved
    assert after.tasks["sheet"].chain is before.tasks["sheet"].chain  # nothing compiled anew


def test_the_same_chain_over_the_same_models_is_the_same_object() -> None:
    before = compile_state(snapshot_of(published()), {})
    after = compile_state(snapshot_of(published()), {}, previous=before)
    assert after.tasks["sheet"] is before.tasks["sheet"]


def test_a_step_that_was_published_anew_unchanged_is_served_under_its_new_version() -> None:
    before = compile_state(snapshot_of(published(of_step="3.1.0")), {})
    newer = published("1.0.1", of_step="3.1.1")
    after = compile_state(snapshot_of(newer), {}, previous=before)
    was, now = before.tasks["sheet"], after.tasks["sheet"]
    assert now.steps["one"].definition.version == "3.1.1"
    assert now.steps["one"].prompt is was.steps["one"].prompt


def test_a_model_in_place_of_the_tasks_own_is_asked_by_every_step() -> None:
    inner = chain(step("one"), name="inner")
    task = compiled(chain(step("inner"), step("two"), tasks={"inner": inner}))
    other = with_model(task, OTHER)
    assert other.model is NO_MODEL
    assert other.steps["two"].model == other.steps["inner"].steps["one"].model == OTHER


def test_a_request_may_name_a_model_for_all_steps() -> None:
    sheet = chain(step("one"), step("two", reads="one.text"))
    upstream = ByTask()
    pipeline, journal = chain_pipeline(sheet, upstream)
    asyncio.run(pipeline.run(wish(model="openai/gpt-5-mini")))
    assert {model.name for model, _ in upstream.asked} == {"openai/gpt-5-mini"}
    assert [call.model for call in journal.calls] == ["openai/gpt-5-mini"] * 2 + [""]


def test_steps_that_wait_for_each_other_are_no_chain_to_be_served() -> None:
    around = chain(step("one", reads="two.text"), step("two", reads="one.text"))
    state = compile_state(snapshot_of(around), {})
    assert "its steps wait for each other" in state.unservable["sheet"]
