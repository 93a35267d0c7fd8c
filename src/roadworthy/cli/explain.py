"""`roadworthy explain`: what a task does, in words and as a picture."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.control.drawing.chain_graph import ChainGraph
    from roadworthy.tasks import TaskDefinition

__all__ = ["explain"]


def explain(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Which task.")],
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="VERSION",
            help="1.4.0, a range (^1), a channel, or the beginning of a digest; left out: the"
            " working copy.",
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(help="Write a chain's picture to this file, as SVG; - prints it.")
    ] = None,
    mermaid: Annotated[
        Path | None,
        typer.Option(
            help="Write a chain's picture to this file, as a Mermaid flowchart for Markdown; -"
            " prints it."
        ),
    ] = None,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Explain what a task does.

    A chain is drawn, and told step by step: what it takes and from where, under which condition,
    what follows if it fails, and what only a call can show. Of a task with a prompt: its rules,
    its messages, how often it is asked, its limits.
    """
    from roadworthy.cli.explain_lines import explanation

    definition = _definition(task, version, project)
    if svg is None and mermaid is None:
        width = shutil.get_terminal_size((100, 24)).columns
        typer.echo(explanation(definition, width=width))
        return
    from roadworthy.control.drawing.chain_mermaid import chain_mermaid
    from roadworthy.control.drawing.chain_picture import chain_file

    graph = _graph(definition)
    if svg is not None:
        _write(svg, chain_file(graph))
    if mermaid is not None:
        _write(mermaid, chain_mermaid(graph))


def _definition(task: str, version: str | None, project: Path | None) -> TaskDefinition:
    from roadworthy.cli.place import open_installation, open_project
    from roadworthy.core.documents import did_you_mean
    from roadworthy.core.errors import UnknownTask

    if version is not None:
        from roadworthy.cli.registry_access import open_registry

        with open_registry(open_installation(project)) as registry:
            return registry.version(task, version).definition
    tasks = open_project(project).tasks
    if task not in tasks:
        raise UnknownTask(f"there is no task {task!r}{did_you_mean(task, tasks)}")
    return tasks[task]


def _graph(definition: TaskDefinition) -> ChainGraph:
    from roadworthy.control.drawing.chain_graph import chain_graph
    from roadworthy.core.errors import InvalidRequest

    if definition.chain is None:
        raise InvalidRequest(
            f"{definition.name!r} has no steps, so there is no picture of it; leave --svg and"
            " --mermaid out"
        )
    return chain_graph(definition.chain)


def _write(path: Path, text: str) -> None:
    from roadworthy.core.errors import StoreError

    if str(path) == "-":
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; name another file"
        ) from error
    typer.echo(f"wrote {path}")
