"""What a caller is told of a task or a model that is not served, with what comes nearest. Pure."""

from __future__ import annotations

import difflib
from typing import Literal

from roadworthy.pipeline.selectors import PRODUCTION
from roadworthy.pipeline.state import ServingState
from roadworthy.tasks import VersionIndex

__all__ = ["not_in_production", "unknown_model", "unknown_task"]


def unknown_task(state: ServingState, name: str) -> str:
    near = difflib.get_close_matches(name, {*state.tasks, *state.snapshot.versions}, n=1)
    if near:
        return f"no task {name[:80]!r}; did you mean {near[0]!r}?"
    if not state.tasks:
        return (
            f"no task {name[:80]!r}: this gateway serves no task."
            " Write one with `roadworthy init`, then restart `roadworthy serve`"
        )
    return f"no task {name[:80]!r}; GET /v1/models lists the {len(state.tasks)} that are served"


def unknown_model(state: ServingState, name: str) -> str:
    known = [*state.snapshot.models, *(f"task:{task}" for task in state.tasks)]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"no model {name[:80]!r}; did you mean {near[0]!r}?"
    return (
        f"no model {name[:80]!r}. Declare it in models.toml, write PROVIDER/MODEL"
        " (openai/gpt-5-mini), or 'local' for the embedded model"
    )


def not_in_production(
    task: str, index: VersionIndex, *, serves: Literal["working", "production"]
) -> str:
    """Of a task that the registry or a working copy names and that is not served."""
    version = next(iter(index.digests), None)
    if serves == "working":
        pin = f"; '@{version}' reaches a published version" if version else ""
        return f"task {task!r} has no working copy in this project{pin}"
    promote = f"`roadworthy promote {task} {version or '1.0.0'} --to {PRODUCTION}`"
    if version is None:
        return (
            f"task {task!r} is not in production, and nothing of it is published. Run"
            f' `roadworthy publish {task} -m "…"` and then {promote},'
            " or serve working copies with `roadworthy serve --dev`"
        )
    return (
        f"task {task!r} is not in production. Run {promote}, after"
        f" `roadworthy publish {task} -m \"…\"` if the working copy is newer, or pin '@{version}'"
    )
