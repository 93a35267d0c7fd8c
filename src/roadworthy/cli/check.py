"""`roadworthy check`: every fault of a project, or what it consists of."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.models import Model
    from roadworthy.pipeline.enforcement import Enforcement
    from roadworthy.tasks import Project, TaskDefinition

__all__ = ["Provider", "check"]

SHOWN_LOSSES = 5
"""Of one task, without `--losses`."""


class Provider(StrEnum):
    """Whose form of a schema can be looked at, whatever a task's own model is."""

    openai = "openai"
    anthropic = "anthropic"
    gemini = "gemini"
    llguidance = "llguidance"


def check(
    folder: Annotated[
        Path | None, typer.Argument(help="The project's folder; as --project.", file_okay=False)
    ] = None,
    project: Annotated[Path | None, ProjectOption] = None,
    environment: Annotated[
        str | None, typer.Option("--env", help="Which of models.toml's environments to check.")
    ] = None,
    provider: Annotated[
        Provider | None,
        typer.Option(
            help="Show what this provider's strict form would enforce of each output schema, in"
            " place of each task's own model; llguidance is the embedded model's grammar."
        ),
    ] = None,
    all_losses: Annotated[
        bool, typer.Option("--losses", help="Show every keyword that is not enforced.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check a project's files, and what enforces its output schemas.

    Faults are shown together, with exit status 1. A keyword that a model's mode does not enforce
    is no fault: answers are validated against the whole schema.
    """
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
        typer.echo(msgspec.json.encode(summary(loaded, provider)).decode())
    else:
        show(loaded, provider, all_losses=all_losses)


def summary(project: Project, provider: Provider | None) -> dict[str, Any]:
    """What a sound project consists of."""
    enforced = enforcement(project, provider)
    return {
        "ok": True,
        "faults": [],
        "environment": project.environment,
        "provider": provider,
        "tasks": [
            {
                "name": task.name,
                "model": task.model,
                "steps": steps_of(task),
                "input": fields_of(task.input_schema),
                "output": None if task.output_schema is None else fields_of(task.output_schema),
                "digest": task.digest,
                "enforcement": enforced[task.name],
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


def enforcement(project: Project, provider: Provider | None) -> dict[str, Enforcement | None]:
    """What enforces each task's output schema, by the task's name; None: it answers free text, or
    asks no model itself."""
    from roadworthy.pipeline.enforcement import enforcement_by, enforcement_of

    def of(task: TaskDefinition) -> Enforcement | None:
        if not task.model:
            return None
        if provider is None or task.output_schema is None:
            return enforcement_of(task, project.models[task.model])
        return enforcement_by(task.output_schema, provider.value)

    return {task.name: of(task) for task in project.tasks.values()}


def show(project: Project, provider: Provider | None, *, all_losses: bool) -> None:
    """Print the tasks and the models as tables, and what enforces the output schemas."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    tasks = Table("task", "model", "input", "output", title_justify="left", box=box.SIMPLE_HEAD)
    for task in project.tasks.values():
        fields = ", ".join(fields_of(task.input_schema)) or "nothing"
        tasks.add_row(task.name, body_of(task), fields, output_of(task))
    models = Table("model", "provider", "deployment", "key", box=box.SIMPLE_HEAD)
    for name, model in sorted(project.models.items()):
        models.add_row(name, model.provider, model.upstream, key_of(model) or "none needed")
    console = Console(markup=False, highlight=False)
    if project.tasks:
        console.print(tasks)
    if project.models:
        console.print(models)
    for line in enforcement_lines(enforcement(project, provider), provider, all_losses=all_losses):
        console.print(line, soft_wrap=True)
    if not project.tasks:
        console.print("No task yet: `roadworthy init` writes one.")
    console.print(f"No faults. Environment: {project.environment}.")


def enforcement_lines(
    found: dict[str, Enforcement | None], provider: Provider | None, *, all_losses: bool
) -> list[str]:
    """One line a task, and under it what is left to validation."""
    from roadworthy.pipeline.enforcement import TARGETS

    known = {name: enforced for name, enforced in found.items() if enforced is not None}
    if not known:
        return []
    width = max(map(len, known))
    mode_width = max(len(enforced.mode) for enforced in known.values())
    whom = f" for {TARGETS[provider.value]}" if provider else ""
    lines = [f"Enforced while the model writes{whom}:"]
    for name, enforced in known.items():
        lines.append(f"  {name:<{width}}  {enforced.mode:<{mode_width}}  {in_short(enforced)}")
        lines += [f"    {remark}" for remark in enforced.remarks]
        shown = enforced.losses if all_losses else enforced.losses[:SHOWN_LOSSES]
        path_width = max((len(loss.path) for loss in shown), default=0)
        lines += [f"    {loss.path:<{path_width}}  {loss.reason}" for loss in shown]
        if hidden := len(enforced.losses) - len(shown):
            lines.append(f"    and {hidden} more; --losses shows all")
    if not all(enforced.everything for enforced in known.values()):
        lines.append(
            "Whatever is not enforced is validated when the answer is there: it is repaired, asked"
            " for again, or an error; never delivered."
        )
    return [*lines, ""]


def in_short(enforced: Enforcement) -> str:
    if enforced.everything:
        return "everything enforced"
    if not enforced.binds:
        return "nothing enforced"
    number = len(enforced.losses)
    return f"all but {number} keyword{'s' * (number != 1)} enforced"


def body_of(task: TaskDefinition) -> str:
    """What answers: a model, a chain's steps, or rules."""
    if task.chain is None:
        return task.model or "rules"
    count = len(task.chain.steps)
    return f"{count} step{'s' * (count != 1)}"


def steps_of(task: TaskDefinition) -> list[dict[str, Any]] | None:
    """The steps of a chain, each behind those that it waits for."""
    from roadworthy.tasks.chain.order import topological

    if task.chain is None:
        return None
    return [
        {"name": step.name, "task": step.task, "needs": list(step.needs)}
        for step in topological(task.chain)
    ]


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
