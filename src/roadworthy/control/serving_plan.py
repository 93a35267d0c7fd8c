"""What gateways shall serve, put together from a project's files and its registry. Pure, but for
the price list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from roadworthy.models import Model, implicit_model, with_price
from roadworthy.registry.served import Served
from roadworthy.tasks import Snapshot, TaskDefinition, VersionIndex

__all__ = ["plan_production", "plan_working"]


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
        model = models.get(definition.model) or _without_file(definition.model, environ)
        if model is None:
            unservable[name] = (
                f"{name}@{definition.version} is in production and asks the model"
                f" {definition.model!r}, which is not bound in this installation; declare it in"
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
        models[definition.model] = model
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


def _without_file(name: str, environ: Mapping[str, str]) -> Model | None:
    found = implicit_model(name, environ)
    return None if found is None else with_price(found)
