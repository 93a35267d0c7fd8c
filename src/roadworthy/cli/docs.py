"""`roadworthy docs`: what the registry knows of a task, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from roadworthy.cli.task_document import Known
    from roadworthy.registry import CaseResult, Figures, Registry, Version
    from roadworthy.tasks import Project

__all__ = ["docs"]


def docs(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Which task.")],
    version: Annotated[
        str | None,
        typer.Option(help="Of this version, range or channel; left out: production, else newest."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the page here.", dir_okay=False),
    ] = None,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Write a task's documentation as Markdown.

    Purpose, where it stands, schemas, prompt, cases, figures and history. It holds no date of its
    own, so that it changes only where the task does.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.cli.task_document import task_document
    from roadworthy.core.errors import RoadworthyError

    loaded = open_installation(project)
    with open_registry(loaded) as registry:
        text = task_document(known_of(registry, task, version, loaded))
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RoadworthyError(
            f"{output} cannot be written: {error.strerror}; name another file with -o"
        ) from error


def known_of(registry: Registry, task: str, reference: str | None, project: Project) -> Known:
    """What the registry holds of a task, and of one of its versions."""
    from roadworthy.cli.show import newest_or
    from roadworthy.cli.task_document import SHOWN_ROWS, Known

    pointers = registry.channels(task)
    if reference is None and any(pointer.channel == "production" for pointer in pointers):
        reference = "production"
    version = newest_or(registry, task, reference)
    results = registry.results(task, definition=version.row.definition_digest)
    return Known(
        version=version,
        channels=pointers,
        versions=registry.versions(task, limit=SHOWN_ROWS + 1),
        moves=registry.history(task, limit=SHOWN_ROWS + 1),
        figures=figures_by_model(version, results, project),
    )


def figures_by_model(
    version: Version, results: Iterable[CaseResult], project: Project
) -> list[tuple[str, Figures]]:
    """What the version's own cases amount to, by the models that were asked. What is not bound
    here is called by the beginning of its digest."""
    from roadworthy.core.errors import RegistryConflict
    from roadworthy.registry.binding import binding_of_task, describe_task_binding
    from roadworthy.registry.figures import CaseRuns, by_case, figures_of
    from roadworthy.registry.weighing import binder, gate_cases

    bind = binder(version.definition, project.models)
    try:
        bound = binding_of_task(version.definition, bind)
        names = {bound: describe_task_binding(version.definition, bind)}
    except RegistryConflict:  # a model is not bound
        names = {}
    by_binding: dict[str, list[CaseResult]] = {}
    for result in results:
        by_binding.setdefault(result.key.binding, []).append(result)
    found = []
    for binding, measured in sorted(by_binding.items()):
        of = by_case(measured)
        runs = [
            CaseRuns(
                case.id,
                case.case.tags,
                case.case.weight,
                [run for run in of.get(case.question, ()) if run.expected == case.expected],
            )
            for case in gate_cases(version, None).cases
        ]
        found.append((names.get(binding, binding[:12]), figures_of(runs)))
    return found
