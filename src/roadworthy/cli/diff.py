"""`roadworthy diff`: what differs between two versions, or a version and the working copy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from roadworthy.cli.diff_lines import Line
    from roadworthy.registry import Registry, Version
    from roadworthy.tasks import Project

__all__ = ["diff"]

_STYLES: Final = {
    "head": "bold",
    "major": "bold red",
    "minor": "yellow",
    "patch": "green",
    "removed": "red",
    "added": "green",
    "was": "red",
    "now": "green",
    "note": "dim",
}


def diff(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Which task.")],
    old: Annotated[
        str | None,
        typer.Argument(
            metavar="A",
            help="1.4.0, a range (^1), a channel, the beginning of a digest, or working; left out:"
            " the newest version.",
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(metavar="B", help="As A; left out: the working copy."),
    ] = None,
    context: Annotated[
        int,
        typer.Option("--unified", "-U", min=0, help="Equal lines around those that differ."),
    ] = 3,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit status 1 if anything differs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show what differs between two versions of a task.

    Schemas by field, with what may break a caller marked; prompt and blocks by word; settings,
    cases and thresholds before and after.
    """
    import msgspec

    from roadworthy.cli.diff_lines import difference_lines
    from roadworthy.registry.differences import difference

    found = difference(*_versions(task, (old, new), project))
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _show(difference_lines(found, context=context))
    if exit_code and found.level is not None:
        raise typer.Exit(1)


def _versions(
    task: str, references: tuple[str | None, str | None], project: Path | None
) -> tuple[Version, Version]:
    """The two that are to be compared.

    Raises:
        NotFound: there is no such version.
        UnknownTask: the working copy has no such task.
    """
    from roadworthy.cli.place import open_installation, open_project
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.registry.differences import WORKING

    old, new = references[0], references[1] or WORKING
    # A fault in a working copy that is not asked for keeps nobody from comparing versions.
    loaded = (open_project if WORKING in (old, new) else open_installation)(project)
    if old == new == WORKING:
        return _working(loaded, task), _working(loaded, task)
    with open_registry(loaded) as registry:

        def found(reference: str | None) -> Version:
            if reference == WORKING:
                return _working(loaded, task)
            return _published(registry, task, reference)

        return found(old), found(new)


def _published(registry: Registry, task: str, reference: str | None) -> Version:
    from roadworthy.cli.show import newest_or

    return newest_or(registry, task, reference)


def _working(project: Project, task: str) -> Version:
    from roadworthy.cli.publish import chosen
    from roadworthy.registry.differences import working_version
    from roadworthy.tasks import Suite

    (name,) = chosen(project, task)
    return working_version(project.tasks[name], project.suites.get(name, Suite()))


def _show(lines: Iterable[Line]) -> None:
    from roadworthy.cli.diff_lines import plain

    if not sys.stdout.isatty():
        for line in lines:
            typer.echo(plain(line))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        # A blank has no colour of its own.
        pieces = (
            (text, _STYLES.get(style, "") + ("" if text.strip() else " reverse"))
            if style in ("removed", "added")
            else (text, _STYLES.get(style, ""))
            for text, style in line
        )
        console.print(Text.assemble(*pieces), soft_wrap=True)
