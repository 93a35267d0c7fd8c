"""`roadworthy show`: a version, whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.registry import Registry, Version

__all__ = ["newest_or", "show"]


def show(
    task: Annotated[str, typer.Argument(metavar="TASK", help="Which task.")],
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="VERSION",
            help="1.4.0, a range (^1), a channel, or the beginning of a digest; left out: the"
            " newest.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole version as JSON.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Show a version, whole.

    Prompt, blocks, schemas, constraints, cases and gate, and why it has its level.
    """
    from roadworthy.cli.place import open_installation
    from roadworthy.cli.registry_access import open_registry
    from roadworthy.cli.version_report import version_report

    with open_registry(open_installation(project)) as registry:
        found = newest_or(registry, task, version)
        pointers = registry.channels(task)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        typer.echo(version_report(found, pointers))


def newest_or(registry: Registry, task: str, reference: str | None) -> Version:
    """The version that is named, else the newest.

    Raises:
        NotFound: there is none.
    """
    from roadworthy.cli.log import nothing_published
    from roadworthy.core.errors import NotFound

    if reference is None:
        newest = registry.versions(task, limit=1)
        if not newest:
            raise NotFound(nothing_published(task))
        reference = newest[0].version
    return registry.version(task, reference)
