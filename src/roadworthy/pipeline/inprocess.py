"""The whole path in the caller's own process: for the CLI, for tests, and for a client whose
gateway cannot be reached."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from roadworthy.core import SystemClock
from roadworthy.core.errors import StoreError
from roadworthy.models import HttpUpstream, Upstream, implicit_model, with_price
from roadworthy.models.embedded import LocalModel
from roadworthy.pipeline.path import Pipeline
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.pipeline.state import compile_state
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.tasks import (
    Project,
    Snapshot,
    TaskDefinition,
    build_snapshot,
    read_snapshot,
    with_models,
)
from roadworthy.tasks.asked_models import asked_models

__all__ = ["in_process"]


@asynccontextmanager
async def in_process(
    project: Project,
    state: Path,
    *,
    name: str,
    definitions: Mapping[str, TaskDefinition] | None = None,
    wrap: Callable[[Upstream], Upstream] | None = None,
    as_served: bool = False,
) -> AsyncIterator[Pipeline]:
    """A pipeline over the project's working copies that records into its state folder.

    ``name`` stands in the calls' `gateway` and in the journal's file name. ``definitions`` are
    served beside the working copies, by what follows ``task:`` in a request's target: under
    ``triage@1.4.0``, or in place of the working copy under ``triage``. Models have their list
    prices where the project names none; the table of them is read only if a hosted model needs
    it, which takes most of a second, and off the event loop, which may be somebody else's.
    ``wrap`` puts something between the path and the models, such as a cassette. ``as_served``: in
    place of the working copies, what gateways on this state folder served last, if that was in
    production; versions that they know can be pinned in any case.
    """
    folder = StateFolder(state)
    folder.create()
    clock = SystemClock()
    local = LocalModel(log_path=folder.logs / "local-model.log")
    upstream = HttpUpstream(local=local, environ=os.environ, clock=clock)
    journal = JournalWriter(folder, f"{name}-{os.getpid()}", clock)
    try:
        snapshot = await asyncio.to_thread(_snapshot, project, folder, as_served=as_served)
        snapshot = await asyncio.to_thread(_with_definitions, snapshot, definitions or {})
        serving = compile_state(snapshot, os.environ, pins=PinnedVersions(folder.versions))
        yield Pipeline(
            state=lambda: serving,
            upstream=upstream if wrap is None else wrap(upstream),
            journal=journal,
            clock=clock,
            gateway=name,
        )
    finally:
        await upstream.close()
        await local.close()
        journal.close()


def _snapshot(project: Project, folder: StateFolder, *, as_served: bool) -> Snapshot:
    built = build_snapshot(project, price=with_price)
    try:
        last = read_snapshot(folder.snapshot)
    except StoreError:  # nothing was ever served from here
        return built
    if not as_served or last.serves != "production":
        return msgspec.structs.replace(built, versions=last.versions)
    return msgspec.structs.replace(last, settings=built.settings, models=last.models | built.models)


def _with_definitions(snapshot: Snapshot, definitions: Mapping[str, TaskDefinition]) -> Snapshot:
    asked = {name for definition in definitions.values() for name in asked_models(definition)}
    named = asked - snapshot.models.keys()
    found = {name: implicit_model(name, os.environ) for name in named}
    models = {name: with_price(model) for name, model in found.items() if model is not None}
    return msgspec.structs.replace(
        with_models(snapshot, models), tasks=snapshot.tasks | dict(definitions)
    )
