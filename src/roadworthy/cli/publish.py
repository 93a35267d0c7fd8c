"""`roadworthy publish`: working copies become versions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadworthy.cli.options import ProjectOption

if TYPE_CHECKING:
    from roadworthy.registry import Draft, Publication, Registry
    from roadworthy.tasks import Project

__all__ = ["Bump", "publish"]


class Bump(StrEnum):
    """The levels of a version."""

    major = "major"
    minor = "minor"
    patch = "patch"


def publish(
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="Which task.")] = None,
    message: Annotated[
        str, typer.Option("--message", "-m", help="Why, in a line; it stands in the history.")
    ] = "",
    everything: Annotated[
        bool,
        typer.Option(
            "--all",
            help="Every task that differs from its newest version, or has none; those that others"
            " run come first.",
        ),
    ] = False,
    with_steps: Annotated[
        bool,
        typer.Option(
            "--with-steps",
            help="First the tasks that it runs, its steps and judges, as far as they changed.",
        ),
    ] = False,
    bump: Annotated[
        Bump | None, typer.Option(help="Raise the computed level to this one; never lower it.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the version and why that level; publish nothing."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a task.")] = False,
    project: Annotated[Path | None, ProjectOption] = None,
) -> None:
    """Publish a task's working copy as its next version.

    A version never changes again. Its number is computed from what changed: major where a caller
    may break, minor where answers may change, patch else. A working copy that equals the newest
    version is left alone. A chain is pinned to published versions of its steps.
    """
    import msgspec

    from roadworthy.cli.place import open_project
    from roadworthy.cli.publish_lines import needed_first, next_step, publication_lines
    from roadworthy.cli.registry_access import open_registry

    if (task is None) != everything:
        raise typer.BadParameter("name one TASK, or give --all", param_hint="TASK")
    if not message.strip() and not dry_run:
        raise typer.BadParameter('say why: -m "shorter instructions"', param_hint="--message")
    loaded = open_project(project)
    names = chosen(loaded, task, with_steps=with_steps)
    drafts = [
        draft_of(loaded, name, message, bump if name == task or everything else None)
        for name in names
    ]
    same = 0
    with open_registry(loaded) as registry:
        for draft in drafts:
            publication = published(registry, draft, loaded, dry_run=dry_run)
            if not publication.new and (everything or draft.definition.name != task):
                same += 1
            elif as_json:
                typer.echo(msgspec.json.encode(publication).decode())
            else:
                typer.echo(publication_lines(publication, dry_run=dry_run))
                typer.echo(needed_first(publication, names), nl=False)
                if publication.new and not dry_run:
                    typer.echo(next_step(publication.version, draft.suite))
    if same and not as_json:
        noun = "task equals its newest version" if same == 1 else "tasks equal their newest version"
        typer.echo(f"{same} {noun}.")


def chosen(project: Project, task: str | None, *, with_steps: bool = False) -> list[str]:
    """The names of the tasks to publish, each after those that it runs.

    Raises:
        UnknownTask: the project has no such task.
    """
    from roadworthy.core.documents import did_you_mean
    from roadworthy.core.errors import UnknownTask
    from roadworthy.registry.pinning import embedding_order

    if task is not None and task not in project.tasks:
        hint = did_you_mean(task, project.tasks)
        raise UnknownTask(f'the project {project.root} has no task "{task}"{hint}')
    if task is not None and not with_steps:
        return [task]
    ordered: dict[str, None] = {}
    for name in sorted(project.tasks) if task is None else [task]:
        ordered |= dict.fromkeys((*embedding_order(project.tasks[name]), name))
    return list(ordered)


def draft_of(project: Project, task: str, message: str, bump: Bump | None) -> Draft:
    from roadworthy.cli.git import commit_of
    from roadworthy.registry import Draft
    from roadworthy.tasks import Suite

    return Draft(
        definition=project.tasks[task],
        suite=project.suites.get(task, Suite()),
        message=message.strip(),
        commit=commit_of(project.root, task),
        bump=None if bump is None else bump.value,
    )


def published(registry: Registry, draft: Draft, project: Project, *, dry_run: bool) -> Publication:
    from roadworthy.cli.registry_access import actor_of

    if dry_run:
        return registry.preview(draft)
    return registry.publish(draft, actor_of(project))
