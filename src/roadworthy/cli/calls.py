"""`roadworthy calls` and `roadworthy call ID`: what was recorded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from roadworthy.storage import StateFolder

__all__ = ["call", "calls"]

FOLLOW_EVERY_S = 0.5
MAX_STEPS = 100
"""Steps of a chain that are told in full."""


def calls(
    task: Annotated[str | None, typer.Option(help="Only this task's calls.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only calls that ended so.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this logical model's calls.")] = None,
    error: Annotated[str | None, typer.Option(help="Only calls with this error code.")] = None,
    surface: Annotated[
        str | None,
        typer.Option(help="Only calls that came so; left out: all but those of `test`."),
    ] = None,
    conversation: Annotated[str | None, typer.Option(help="Only this conversation.")] = None,
    steps: Annotated[
        bool | None,
        typer.Option(
            "--steps/--no-steps",
            help="Steps of chains too; left out: only where a task or a model is asked for.",
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only newer ones: 90s, 15m, 2h or 7d.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as calls come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """List recorded calls, newest last."""
    from roadworthy.cli.call_lines import HEADER, line_of
    from roadworthy.cli.place import load_journal
    from roadworthy.storage import CallFilter, CallRow
    from roadworthy.storage.queries import latest_call, list_calls, new_calls

    where = CallFilter(
        task=task,
        surface=surface,
        outcome=outcome,
        model=model,
        error_code=error,
        conversation_id=conversation,
        steps=steps,
        since_us=None if since is None else time.time_ns() // 1000 - seconds_of(since) * 1_000_000,
    )

    def show(rows: list[CallRow]) -> None:
        for row in rows:
            typer.echo(line_of(row, as_json=as_json))

    engine, folder = open_store(project)
    last = latest_call(engine)
    rows = list_calls(engine, where, limit=limit).rows[::-1]
    if not as_json:
        typer.echo(HEADER if rows or follow else nothing(surface))
    show(rows)
    while follow:
        time.sleep(FOLLOW_EVERY_S)
        load_journal(folder.path)
        fresh = new_calls(engine, where, after=last)
        show(fresh)
        last = fresh[-1].id if fresh else last


def nothing(surface: str | None) -> str:
    hint = " Calls that tests made are listed with --surface test." if surface is None else ""
    return f"No call matches.{hint}"


def call(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="A call's id, or its beginning.")],
    as_json: Annotated[bool, typer.Option("--json", help="The whole record as JSON.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show everything about one call, stage by stage; of a chain, step by step."""
    from roadworthy.cli.call_report import report
    from roadworthy.storage.queries import call_tree, find_call
    from roadworthy.storage.trees import below_of

    engine, folder = open_store(project)
    stored = find_call(engine, folder, identifier)
    tree = below_of(call_tree(engine, stored.call.root_id or stored.call.id), stored.call.id)
    steps = [find_call(engine, folder, row.id) for row in tree.below[:MAX_STEPS]]
    if as_json:
        import msgspec

        told = msgspec.to_builtins(stored.call)
        if steps:
            told["steps"] = [msgspec.to_builtins(step.call) for step in steps]
        typer.echo(msgspec.json.format(msgspec.json.encode(told)).decode())
    else:
        typer.echo(report(stored, tree, steps))


def open_store(project: Path | None) -> tuple[Engine, StateFolder]:
    from roadworthy.cli.place import existing_state, load_journal, open_project
    from roadworthy.storage import StateFolder
    from roadworthy.storage.database import open_database

    state = existing_state(open_project(project))
    load_journal(state)
    folder = StateFolder(state)
    return open_database(folder), folder


def seconds_of(text: str) -> int:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    if len(text) < 2 or text[-1] not in units or not text[:-1].isdigit():
        raise typer.BadParameter(f"--since takes a number and s, m, h or d (15m); got {text!r}")
    return int(text[:-1]) * units[text[-1]]
