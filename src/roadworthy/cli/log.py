"""`roadworthy log`, `channels` and `history`: what was published, what is where, and since when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

__all__ = ["channels", "history", "log"]

TaskArgument = typer.Argument(metavar="TASK", help="Only this task.")
JsonOption = typer.Option("--json", help="One JSON object a line.")


def log(
    task: Annotated[str | None, TaskArgument] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Annotated[bool, JsonOption] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """List published versions, newest first."""
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.cli.registry_lines import version_lines

    with open_registry(open_installation(project)) as registry:
        rows = registry.versions(task, limit=limit)
        pointers = [] if as_json else registry.channels(task)
    if as_json:
        show_json(rows)
    elif rows:
        typer.echo(version_lines(rows, pointers, tasks=task is None))
    else:
        typer.echo(nothing_published(task))


def channels(
    task: Annotated[str | None, TaskArgument] = None,
    as_json: Annotated[bool, JsonOption] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show which version each channel points to."""
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.cli.registry_lines import channel_lines

    with open_registry(open_installation(project)) as registry:
        pointers = registry.channels(task)
    if as_json:
        show_json(pointers)
    elif pointers:
        typer.echo(channel_lines(pointers))
    else:
        whose = "" if task is None else f" of {task}"
        typer.echo(
            f"No channel{whose} points anywhere. `roadworthy promote TASK VERSION --to production`"
            " makes one."
        )


def history(
    task: Annotated[str | None, TaskArgument] = None,
    channel: Annotated[str | None, typer.Option(help="Only this channel's moves.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Annotated[bool, JsonOption] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """List the moves of channels, newest first.

    Who moved it when, why, and on which evidence.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.cli.registry_lines import history_lines

    with open_registry(open_installation(project)) as registry:
        moves = registry.history(task, channel=channel, limit=limit)
    if as_json:
        show_json(moves)
    elif moves:
        typer.echo(history_lines(moves, tasks=task is None))
    else:
        typer.echo("No channel was moved yet.")


def show_json(values: list[Any]) -> None:
    import msgspec

    for value in values:
        typer.echo(msgspec.json.encode(value).decode())


def nothing_published(task: str | None) -> str:
    which = "Nothing" if task is None else f"Nothing of {task}"
    return f'{which} is published yet. `roadworthy publish {task or "TASK"} -m "why"` does it.'
