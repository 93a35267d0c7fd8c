"""Published versions of the task ``triage``, as a gateway finds them: a snapshot and files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import msgspec

from pipelines import MODEL, POEM, TRIAGE
from roadworthy.core import Settings, SystemClock
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.pipeline.pinned import PinnedVersions
from roadworthy.tasks import Snapshot, TaskDefinition, Template, VersionIndex, definition_digest
from roadworthy.tasks.version_files import write_version_file
from roadworthy.testing import MemoryJournal, ScriptedUpstream

VERSIONS = ("2.0.0", "1.2.0", "1.1.0", "1.0.0")
INDEX = VersionIndex(
    digests={version: hashlib.sha256(version.encode()).hexdigest() for version in VERSIONS},
    channels={"production": "1.1.0", "staging": "2.0.0"},
    released=("1.0.0", "1.1.0"),
)


def triage_at(version: str, model: str = "scripted") -> TaskDefinition:
    """The task with a prompt that names its version."""
    asked = Template(role="user", source=version + ": {{ comment }}", file="user.md")
    definition = msgspec.structs.replace(TRIAGE, version=version, templates=(asked,), model=model)
    return msgspec.structs.replace(definition, digest=definition_digest(definition))


def publish_files(folder: Path, index: VersionIndex = INDEX) -> None:
    for version, digest in index.digests.items():
        write_version_file(folder, digest, triage_at(version))


def snapshot_of(
    index: VersionIndex = INDEX, *, serves: Literal["working", "production"] = "production"
) -> Snapshot:
    """What production points to is served, or else the working copy ``triage``."""
    version = index.channels.get("production")
    tasks = {"triage": triage_at(version)} if version else {}
    if serves == "working":
        tasks = {"triage": triage_at("working"), "poem": POEM}
    return Snapshot(
        revision=f"{version}",
        settings=Settings(),
        serves=serves,
        tasks=tasks,
        versions={"triage": index},
        models={"scripted": MODEL},
    )


def serving_versions(
    upstream: ScriptedUpstream, folder: Path, snapshot: Snapshot
) -> tuple[Pipeline, MemoryJournal]:
    state = compile_state(snapshot, {}, pins=PinnedVersions(folder))
    journal = MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=journal, clock=SystemClock()
    )
    return pipeline, journal


def at(selector: str) -> CallRequest:
    """A call of ``triage`` that pins."""
    return CallRequest(target=f"task:triage{selector}", surface="task", input={"comment": "Hi."})
