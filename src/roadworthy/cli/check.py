"""`roadworthy check`: every fault of a project, or what it consists of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.models import Model
    from roadworthy.tasks import Project, TaskDefinition

__all__ = ["check"]


def check(
    folder: Annotated[
        Path | None, typer.Argument(help="The project's folder; as --project.", file_okay=False)
    ] = None,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to check.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a project's files. Faults are shown together, with exit status 1."""
    import msgspec

    from roadworthy.cli.place import open_project
    from roadworthy.core.errors import ProjectError

    try:
        loaded = open_project(folder or project, environment)
    except ProjectError as error:
        if as_json:
            report = {"ok": False, "faults": list(error.faults)}
            typer.echo(msgspec.json.encode(report).decode())
        else:
            for fault in error.faults:
                typer.echo(fault)
            typer.echo(f"{len(error.faults)} fault{'s' * (len(error.faults) != 1)}.")
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(msgspec.json.encode(summary(loaded)).decode())
    else:
        show(loaded)


def summary(project: Project) -> dict[str, Any]:
    """What a sound project consists of."""
    return {
        "ok": True,
        "faults": [],
        "environment": project.environment,
        "tasks": [
            {
                "name": task.name,
                "model": task.model,
                "input": fields_of(task.input_schema),
                "output": None if task.output_schema is None else fields_of(task.output_schema),
                "digest": task.digest,
            }
            for task in project.tasks.values()
        ],
        "models": [
            {
                "name": name,
                "provider": model.provider,
                "model": model.upstream,
                "key": key_of(model),
            }
            for name, model in sorted(project.models.items())
        ],
    }


def show(project: Project) -> None:
    """Print the tasks and the models as tables."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    tasks = Table("task", "model", "input", "output", title_justify="left", box=box.SIMPLE_HEAD)
    for task in project.tasks.values():
        fields = ", ".join(fields_of(task.input_schema)) or "nothing"
        tasks.add_row(task.name, task.model, fields, output_of(task))
    models = Table("model", "provider", "deployment", "key", box=box.SIMPLE_HEAD)
    for name, model in sorted(project.models.items()):
        models.add_row(name, model.provider, model.upstream, key_of(model) or "none needed")
    console = Console(markup=False, highlight=False)
    if project.tasks:
        console.print(tasks)
    if project.models:
        console.print(models)
    if not project.tasks:
        console.print("No task yet: `roadworthy init` writes one.")
    console.print(f"No faults. Environment: {project.environment}.")


def fields_of(schema: dict[str, Any]) -> list[str]:
    """The fields of an object, optional ones with a question mark; else its type."""
    from roadworthy.tasks import input_fields, required_names

    fields = input_fields(schema)
    if not fields and schema.get("type") not in (None, "object"):
        return [str(schema["type"])]
    required = required_names(schema)
    return [name if name in required else f"{name}?" for name in fields]


def output_of(task: TaskDefinition) -> str:
    if task.output_schema is None:
        return "free text"
    return ", ".join(fields_of(task.output_schema)) or "JSON"


def key_of(model: Model) -> str | None:
    """Where the model's key is expected, and whether it is there; never the key."""
    secret = model.api_key
    if secret is None:
        return None
    if secret.env is not None:
        return f"{secret.env} ({'set' if os.environ.get(secret.env) else 'not set'})"
    return secret.file
