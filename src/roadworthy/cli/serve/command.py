"""`roadworthy serve`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.cli.serve.supervisor import ServeOptions

__all__ = ["serve"]


def serve(
    project: Annotated[Path | None, ProjectOption] = None,
    dev: Annotated[
        bool, typer.Option("--dev", help="Serve the working copies and reload them on change.")
    ] = False,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to use.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Data plane; 0 takes a free one.")] = None,
    control_port: Annotated[
        int | None, typer.Option(help="Dashboard and control API; 0 takes a free one.")
    ] = None,
    gateways: Annotated[int | None, typer.Option(min=1, help="Gateway processes.")] = None,
) -> None:
    """Serve the project's tasks and models, with its dashboard."""
    import uvloop

    from roadworthy.cli.place import open_project, open_survey, state_of
    from roadworthy.cli.serve.supervisor import ServeOptions
    from roadworthy.core import ServerSettings

    loaded = open_project(project, environment) if dev else open_survey(project, environment)
    given = loaded.settings.server
    options = ServeOptions(
        project=loaded.root,
        state=state_of(loaded),
        server=ServerSettings(
            host=given.host,
            port=given.port if port is None else port,
            control_port=given.control_port if control_port is None else control_port,
            gateways=given.gateways if gateways is None else gateways,
            allowed_hosts=given.allowed_hosts,
        ),
        dev=dev,
        environment=environment,
    )
    uvloop.run(_serve(options, draft_faults=len(loaded.faults)))


async def _serve(options: ServeOptions, *, draft_faults: int) -> None:
    import asyncio

    from roadworthy.cli.serve.announcement import announcement
    from roadworthy.cli.serve.supervisor import supervise
    from roadworthy.storage import StateFolder
    from roadworthy.tasks import read_snapshot

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with supervise(options) as serving:
        snapshot = read_snapshot(StateFolder(options.state).snapshot)
        typer.echo(
            announcement(
                serving.gateway_url, serving.control_url, snapshot, draft_faults=draft_faults
            )
        )
        await stop.wait()
        typer.echo("Stopping; calls under way may finish.")
