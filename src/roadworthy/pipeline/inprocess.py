"""The whole path in the caller's own process: for the CLI, for tests, and for a client whose
gateway cannot be reached."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from roadworthy.core import SystemClock
from roadworthy.models import HttpUpstream, Model
from roadworthy.models.embedded import LocalModel
from roadworthy.pipeline.path import Pipeline
from roadworthy.pipeline.state import compile_state
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.tasks import Project, build_snapshot

__all__ = ["in_process"]


@asynccontextmanager
async def in_process(project: Project, state: Path, *, name: str) -> AsyncIterator[Pipeline]:
    """A pipeline over the project's working copies that records into its state folder.

    ``name`` stands in the calls' `gateway` and in the journal's file name.
    """
    folder = StateFolder(state)
    folder.create()
    clock = SystemClock()
    local = LocalModel(log_path=folder.logs / "local-model.log")
    upstream = HttpUpstream(local=local, environ=os.environ, clock=clock)
    journal = JournalWriter(folder, f"{name}-{os.getpid()}", clock)
    serving = compile_state(build_snapshot(project, price=_as_bound), os.environ)
    try:
        yield Pipeline(
            state=lambda: serving, upstream=upstream, journal=journal, clock=clock, gateway=name
        )
    finally:
        await upstream.close()
        await local.close()
        journal.close()


def _as_bound(model: Model) -> Model:
    """Models come priced from the project; the price table is not read again here."""
    return model
