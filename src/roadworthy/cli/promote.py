"""`roadworthy promote` and `rollback`: channels move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.registry import MoveRequest, Pointer, Registry
    from roadworthy.tasks import Project

__all__ = ["promote", "rollback"]

TaskArgument = typer.Argument(metavar="TASK", help="Which task.")
JsonOption = typer.Option("--json", help="One JSON object.")
EnvironmentOption = typer.Option(
    "--env",
    help="Which of models.toml's environments binds the models here; a keeper at work knows its"
    " own.",
)


def promote(
    task: Annotated[str, TaskArgument],
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="VERSION",
            help="1.4.0, a range (^1), a channel, or the beginning of a digest. May be left out"
            " with --from-env: what the channel points to there.",
        ),
    ] = None,
    to: Annotated[str, typer.Option("--to", help="The channel that moves.")] = "production",
    why: Annotated[str, typer.Option("--why", help="Stands in the history.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although the gate refuses; takes --why.")
    ] = False,
    lower_gate: Annotated[
        bool,
        typer.Option(
            "--lower-gate", help="By the version's own thresholds, though lower; takes --why."
        ),
    ] = False,
    from_env: Annotated[
        str | None,
        typer.Option(help="Take the version from this [environments.NAME], results included."),
    ] = None,
    to_env: Annotated[
        str | None, typer.Option(help="Bring it to this [environments.NAME], and promote there.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would rely on; move nothing.")
    ] = False,
    as_json: Annotated[bool, JsonOption] = False,
    environment: Annotated[str | None, EnvironmentOption] = None,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Point a channel to a version, if it reaches the gate.

    A promotion that the gate refuses says which figure misses by how much, with exit status 1.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import actor_of, open_environment, open_registry
    from roadworthy.registry import MoveRequest

    if version is None and from_env is None:
        raise typer.BadParameter("name it, as in 1.4.0", param_hint="VERSION")
    if from_env is not None and from_env == to_env:
        raise typer.BadParameter("is the same as --from-env", param_hint="--to-env")
    loaded = open_installation(project, environment)
    request = MoveRequest(
        task=task, channel=to, to=version, why=why.strip(), force=force, lower_gate=lower_gate
    )
    if from_env is None and to_env is None:
        with open_registry(loaded) as registry:
            conclude(registry, request, loaded, dry_run=dry_run, as_json=as_json)
        return
    from roadworthy.cli.carrying import carry

    with (
        open_environment(loaded, from_env) as source,
        open_environment(loaded, to_env) as target,
    ):
        carried = carry(source, target, request, by=actor_of(loaded), dry_run=dry_run)
        if not as_json:
            typer.echo(carried.text)
        if carried.request is not None:
            conclude(target, carried.request, loaded, dry_run=dry_run, as_json=as_json)


def rollback(
    task: Annotated[str, TaskArgument],
    channel: Annotated[str, typer.Option(help="The channel that moves back.")] = "production",
    why: Annotated[str, typer.Option("--why", help="Stands in the history.")] = "",
    as_json: Annotated[bool, JsonOption] = False,
    environment: Annotated[str | None, EnvironmentOption] = None,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Point a channel back to the version before.

    No gate is asked: it is the version that the channel had.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.registry import MoveRequest

    loaded = open_installation(project, environment)
    request = MoveRequest(task=task, channel=channel, kind="rollback", why=why.strip())
    with open_registry(loaded) as registry:
        conclude(registry, request, loaded, dry_run=False, as_json=as_json)


def conclude(
    registry: Registry, request: MoveRequest, project: Project, *, dry_run: bool, as_json: bool
) -> None:
    """Weigh or move, and say how it went; exit status 1 where the gate does not hold."""
    from roadworthy.cli.move_lines import move_lines, refusal_lines, weighing_lines
    from roadworthy.cli.registry_access import actor_of
    from roadworthy.core.errors import GateRefused

    here = pointing_there(registry, request)
    if here is not None:
        said = f"Unchanged: {here.channel} of {here.task} points to {here.version} already."
        typer.echo(in_json({"unchanged": here}) if as_json else said)
        return
    if dry_run:
        evidence = registry.weigh(request)
        typer.echo(in_json(evidence) if as_json else weighing_lines(request, evidence))
        raise typer.Exit(1 if evidence.misses else 0)
    try:
        move = registry.move(request, actor_of(project))
    except GateRefused as refused:
        if as_json:
            typer.echo(in_json({"refused": refused.message, "misses": refused.misses}))
        else:
            typer.echo(refusal_lines(refused), err=True)
        raise typer.Exit(1) from refused
    typer.echo(in_json(move) if as_json else move_lines(move))


def pointing_there(registry: Registry, request: MoveRequest) -> Pointer | None:
    """The channel, if it points to the wanted version already: a pipeline that runs again has
    nothing to do, which is no failure."""
    if request.kind != "promote" or request.to is None:
        return None
    pointers = registry.channels(request.task)
    here = next((one for one in pointers if one.channel == request.channel), None)
    if here is None or registry.version(request.task, request.to).row.version != here.version:
        return None
    return here


def in_json(value: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(value)).decode()
