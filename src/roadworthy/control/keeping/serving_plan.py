"""What gateways shall serve, put together from a project's files and its registry. Pure, but for
the price list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from roadworthy.models import Model, implicit_model, with_price
from roadworthy.pipeline.selectors import PRODUCTION
from roadworthy.registry.served import Served
from roadworthy.tasks import Snapshot, TaskDefinition, VersionIndex
from roadworthy.tasks.asked_models import asked_models

__all__ = ["keep_lost", "plan_production", "plan_working", "told_of_lost"]


def plan_working(files: Snapshot, served: Served) -> Snapshot:
    """The working copies, with published versions to be pinned beside them."""
    return msgspec.structs.replace(files, serves="working", versions=served.versions)


def plan_production(
    files: Snapshot,
    served: Served,
    *,
    drafts: Collection[str],
    environ: Mapping[str, str],
    differing: Callable[[TaskDefinition], Sequence[str]],
) -> Snapshot:
    """What channel ``production`` points to, with the files' settings and models.

    Of ``drafts``, the working copies, callers are told how they get into production.
    ``differing`` gives the Python files of a version that are not installed as it has them.
    """
    models = dict(files.models)
    tasks, unservable = {}, dict(served.unreadable)
    for name, definition in served.production.items():
        asked = {
            model: models.get(model) or _without_file(model, environ)
            for model in asked_models(definition)
        }
        bound = {model: found for model, found in asked.items() if found is not None}
        if unbound := asked.keys() - bound.keys():
            unservable[name] = (
                f"{name}@{definition.version} is in production and asks the model"
                f" {min(unbound)!r}, which is not bound in this installation; declare it in"
                " models.toml and restart `roadworthy serve`"
            )
            continue
        if sources := differing(definition):
            unservable[name] = (
                f"{name}@{definition.version} is in production and runs Python that differs from"
                f" what is installed: {', '.join(sources)}; install its files, or publish what is"
                " installed"
            )
            continue
        models |= bound
        tasks[name] = definition
    waiting = {name: VersionIndex() for name in sorted(drafts)}
    return msgspec.structs.replace(
        files,
        serves="production",
        tasks=tasks,
        versions=waiting | served.versions,
        unservable=unservable,
        models=models,
    )


def keep_lost(known: Served, fresh: Served) -> tuple[Served, tuple[str, ...]]:
    """What the registry says, with what it must have lost; and the tasks of which it has.

    A channel that points somewhere always will. So a task that was in production and is not any
    more was in a database that somebody replaced, by an empty one or an old copy: what callers
    got goes on being served until a promotion says otherwise. So does what cannot be read.
    """
    versions, production = dict(fresh.versions), dict(fresh.production)
    unreadable, lost = dict(fresh.unreadable), []
    for task, index in known.versions.items():
        was = index.channels.get(PRODUCTION)
        now = fresh.versions.get(task, VersionIndex())
        pointed = now.channels.get(PRODUCTION)
        if was is not None and pointed is None:
            lost.append(task)
            versions[task] = VersionIndex(
                digests=index.digests | now.digests,
                channels=index.channels | now.channels,
                released=now.released or index.released,
            )
        definition = known.production.get(task)
        if definition is not None and definition.version == (pointed or was):
            production.setdefault(task, definition)
            unreadable.pop(task, None)
    return Served(versions, production, unreadable), tuple(lost)


def told_of_lost(tasks: Sequence[str]) -> str:
    """What is said of tasks that the registry has lost."""
    return (
        f"The registry no longer knows what is in production of {', '.join(tasks)}: its database"
        " was replaced. What was served last is served on. Put the database back from a backup, or"
        " `roadworthy import` an export and promote what it holds."
    )


def _without_file(name: str, environ: Mapping[str, str]) -> Model | None:
    found = implicit_model(name, environ)
    return None if found is None else with_price(found)
