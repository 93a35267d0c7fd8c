"""`roadworthy export` and `import`: a registry travels as a folder, for review in git, for
another installation, for safekeeping."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from roadworthy.cli.options import ProjectOption
from roadworthy.core.errors import UnknownTask

__all__ = ["export", "import_"]

TasksArgument = typer.Argument(metavar="TASK...", help="Only these tasks.")


def export(
    tasks: Annotated[list[str] | None, TasksArgument] = None,
    to: Annotated[Path, typer.Option("--to", help="The folder.", file_okay=False)] = Path(
        "registry"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="The export as one JSON object; no folder is written.")
    ] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Write the registry as a folder that diffs well in git.

    Versions, history and results; equal registries are equal bytes. What an earlier export of
    other tasks left there stays.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.registry.folder import write_folder

    with open_registry(open_installation(project)) as registry:
        bundle = registry.export(tasks or ())
    names = {version["row"]["task"] for version in bundle["versions"]}
    _refuse_unpublished(tasks or (), names)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(bundle).decode())
        return
    changed = write_folder(bundle, to)
    held = f"{_count(len(bundle['versions']), 'version')} of {_count(len(names), 'task')}"
    wrote = f"{_count(len(changed), 'file')} changed" if changed else "nothing changed"
    typer.echo(f"{to}: {held}, {_count(len(bundle['results']), 'result')}; {wrote}.")


def import_(
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="What `roadworthy export` wrote.", file_okay=False),
    ],
    tasks: Annotated[list[str] | None, TasksArgument] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a version that is new.")
    ] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Take in versions, history and results from a folder.

    Channels stay where they are, and so does what is here already. A file that is not what was
    written is named, and nothing is taken; so it is where a version of the same number differs.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import actor_of, open_registry
    from roadworthy.registry.folder import read_folder

    loaded = open_installation(project)
    bundle = read_folder(folder, tasks or ())
    with open_registry(loaded) as registry:
        new = registry.take(bundle, actor_of(loaded))
    if as_json:
        from roadworthy.cli.log import show_json

        show_json(new)
        return
    for row in new:
        typer.echo(f"took  {row.task} {row.version}")
    same = len(bundle["versions"]) - len(new)
    typer.echo(f"{_count(len(new), 'version')} new, {same} here already.")


def _refuse_unpublished(wanted: Collection[str], published: Collection[str]) -> None:
    """A backup of nothing must not pass for one: a folder given in place of a task is told so."""
    for task in wanted:
        if task not in published:
            raise UnknownTask(
                f"nothing of {task!r} is published, so nothing was exported; `roadworthy log` lists"
                " what is, and --to names the folder"
            )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
