"""`roadworthy resume CALL`: go on with a chain that failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.pipeline.chain.resume import Tree
    from roadworthy.pipeline.chain.resumption import Resumption
    from roadworthy.tasks import Project

__all__ = ["resume"]

MARGIN_S = 20.0
LONGEST_S = 3_600.0
"""What a chain may take that says itself how long; the gateway holds it to that."""
MAX_STEPS = 10_000
"""Calls within one chain that are gone through."""


def resume(
    identifier: Annotated[
        str, typer.Argument(metavar="CALL", help="The failed call's id, or its beginning.")
    ],
    timeout: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds for what is left; left out: as the task says."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Value and call as one object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Go on with a chain that failed: steps that have answered are not run again.

    It is a call of its own, in the version that served the one that failed, with the same input.
    Where `roadworthy serve` runs a gateway makes it, else this process.
    """
    import msgspec

    from roadworthy.cli.place import open_installation

    answer = resumed(open_installation(project), project, identifier, timeout)
    value = answer["value"]
    if as_json:
        typer.echo(msgspec.json.encode(answer).decode())
    else:
        typer.echo(value if isinstance(value, str) else msgspec.json.encode(value).decode())
        typer.echo(f"{answer['outcome']}, call {answer['call']}", err=True)


def resumed(
    place: Project, folder: Path | None, identifier: str, timeout_s: float | None = None
) -> dict[str, Any]:
    """What the task answers, as its own address tells it.

    Raises:
        NotFound: no call's id begins so.
        InvalidRequest: there is nothing to go on with.
        RoadworthyError: it failed again.
    """
    import asyncio
    from contextlib import ExitStack
    from urllib.parse import quote

    from roadworthy.cli.place import existing_state
    from roadworthy.cli.registry_access import keeper_or_lock
    from roadworthy.storage import StateFolder

    with ExitStack() as held:
        api = keeper_or_lock(StateFolder(existing_state(place)), held)
    if api is not None:
        path = f"/api/calls/{quote(identifier, safe='')}/resume"
        most_s = MARGIN_S + (LONGEST_S if timeout_s is None else timeout_s)
        return api.post(path, {"timeout_s": timeout_s}, dict[str, Any], timeout_s=most_s)
    return asyncio.run(_run_here(read_resumption(folder, identifier), folder, timeout_s))


def read_resumption(folder: Path | None, identifier: str) -> Resumption:
    from roadworthy.cli.calls import open_store
    from roadworthy.pipeline.chain.resumption import resumption_of
    from roadworthy.storage.queries import call_tree, find_call

    engine, state = open_store(folder)
    stored = find_call(engine, state, identifier)

    def tree_of(call_id: str) -> Tree:
        tree = call_tree(engine, call_id, limit=MAX_STEPS)
        below = [find_call(engine, state, row.id).call for row in tree.below]
        return find_call(engine, state, call_id).call, below

    return resumption_of(stored, tree_of(stored.call.id)[1], tree_of)


async def _run_here(
    resumption: Resumption, folder: Path | None, timeout_s: float | None
) -> dict[str, Any]:
    from roadworthy.cli.place import load_journal, state_of
    from roadworthy.cli.run.chosen import choose

    version = resumption.version
    reference = resumption.task if version is None else f"{resumption.task}@{version}"
    chosen = choose(reference, folder, None)
    request = resumption.request("python")
    request.timeout_s = timeout_s
    async with chosen.pipeline() as pipeline:
        finished = await pipeline.run(request)
    load_journal(state_of(chosen.project))
    if finished.error is not None:
        raise finished.error
    call = finished.call
    return {"value": call.value, "call": call.id, "outcome": call.outcome}
