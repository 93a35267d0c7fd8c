"""An export as values: what travels between installations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from roadworthy.core.errors import ExportDamaged
from roadworthy.registry.content import unpack, version_digest
from roadworthy.registry.moves import Move, Pointer
from roadworthy.registry.pinning import pins_of
from roadworthy.registry.results import CaseResult
from roadworthy.registry.rows import (
    read_moves,
    read_pointers,
    read_row,
    read_version,
    read_versions,
)
from roadworthy.registry.semantic import is_version
from roadworthy.registry.version import Version
from roadworthy.storage.schema import results
from roadworthy.tasks import TaskDefinition, definition_digest, is_task_name
from roadworthy.tasks.asked_models import embedded_tasks

__all__ = ["Bundle", "bundle_of", "check_bundle"]

FORMAT: Final = 1


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Versions with everything that is known of them."""

    format: int = FORMAT
    environment: str = ""
    """Of the installation that exported it."""
    partial: tuple[str, ...] = ()
    """Tasks that were not asked for: of them, there are those versions that others run, with what
    was measured of them."""
    versions: tuple[Version, ...] = ()
    channels: tuple[Pointer, ...] = ()
    """Where they pointed there; taking an export moves none."""
    history: tuple[Move, ...] = ()
    """The oldest first."""
    results: tuple[CaseResult, ...] = ()


def bundle_of(
    connection: Connection, tasks: tuple[str, ...], *, protected: Collection[str], environment: str
) -> dict[str, Any]:
    """The export of these tasks, or of all, as plain JSON values in an order of its own.

    Versions of other tasks that theirs run come with them.
    """

    def wanted(task: str) -> bool:
        return not tasks or task in tasks

    found = list(read_versions(connection, tasks))
    steps = _steps(connection, found)
    definitions = {(step.row.task, step.row.definition_digest) for step in steps}
    measured = connection.execute(
        select(results.c.task, results.c.definition, results.c.result).order_by(*_KEY)
    )
    bundle = Bundle(
        environment=environment,
        partial=tuple(sorted({step.row.task for step in steps})),
        versions=(*found, *steps),
        channels=tuple(
            p for p in read_pointers(connection, None, protected=protected) if wanted(p.task)
        ),
        history=tuple(
            move for move in read_moves(connection, as_made=True)[::-1] if wanted(move.task)
        ),
        results=tuple(
            unpack(data, CaseResult, what=f"a test result of {task}")
            for task, definition, data in measured
            if wanted(task) or (task, definition) in definitions
        ),
    )
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(bundle))
    return plain


def _steps(connection: Connection, versions: Sequence[Version]) -> list[Version]:
    """The versions that these run, of tasks that are not among theirs."""
    tasks = {version.row.task for version in versions}
    pins = {pin for version in versions for pin in pins_of(version.definition)}
    others = sorted(pin for pin in pins if pin.task not in tasks)
    rows = (read_row(connection, pin.task, pin.version) for pin in others)
    return [read_version(connection, row) for row in rows if row is not None]


_KEY: Final = [results.c[name] for name in ("task", "definition", "binding", "question", "run")]


def check_bundle(given: dict[str, Any]) -> Bundle:
    """The export, if it is one, and holds what it says.

    Raises:
        ExportDamaged: a version is not what its digest says, or it is none.
    """
    try:
        bundle = msgspec.convert(given, Bundle)
    except msgspec.ValidationError as error:
        raise ExportDamaged(f"this is no export of a registry: {error}") from error
    if bundle.format != FORMAT:
        raise ExportDamaged(
            f"the export has format {bundle.format}, and this release reads {FORMAT}; install the"
            " release that wrote it"
        )
    for version in bundle.versions:
        _check_version(version)
    return bundle


def _check_version(version: Version) -> None:
    row, definition = version.row, version.definition
    if not is_task_name(row.task) or not is_version(row.version):
        raise ExportDamaged(
            f"{row.task[:80]!r} {row.version[:40]!r} is no task with a version; nothing was taken"
        )
    named = (definition.name, definition.version) == (row.task, row.version)
    same = definition.digest == row.definition_digest and _is_honest(definition)
    if not named or not same or version_digest(definition, version.suite) != row.digest:
        raise ExportDamaged(
            f"{row.task} {row.version} is not what its digest says. Nothing was taken; export"
            " it anew"
        )


def _is_honest(definition: TaskDefinition) -> bool:
    """Whether it is what its digest says, and everything that it runs is."""
    own = definition_digest(definition) == definition.digest
    return own and all(map(_is_honest, embedded_tasks(definition).values()))
