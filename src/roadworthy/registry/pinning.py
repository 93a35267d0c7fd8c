"""The versions that a task's steps and judges are pinned to when it is published. Pure.

What is pinned is the registry's own copy of a step, never the one that came with the draft: their
digests are equal, so that they answer alike.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from roadworthy.core.errors import RegistryConflict
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.asked_models import embedded_tasks

__all__ = [
    "FindPublished",
    "Pin",
    "embedding_order",
    "pin_steps",
    "pins_of",
    "replace_embedded",
    "require_published",
    "unpublished_steps",
]

FindPublished: TypeAlias = Callable[[str, str], TaskDefinition | None]
"""The newest version of a task, by its name, among those with this digest of the definition."""


class Pin(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One version that another version runs."""

    task: str
    version: str


def pin_steps(definition: TaskDefinition, find: FindPublished) -> TaskDefinition:
    """The definition with its steps' and judges' tasks as they are published; those that are not
    stay as they came."""

    def pinned(task: TaskDefinition) -> TaskDefinition:
        found = find(task.name, task.digest)
        return pin_steps(task, find) if found is None else found

    return replace_embedded(definition, pinned)


def replace_embedded(
    definition: TaskDefinition, by: Callable[[TaskDefinition], TaskDefinition]
) -> TaskDefinition:
    """The definition with what `by` makes of each task that it runs itself."""
    if definition.chain is not None:
        tasks = {name: by(task) for name, task in definition.chain.tasks.items()}
        chain = msgspec.structs.replace(definition.chain, tasks=tasks)
        definition = msgspec.structs.replace(definition, chain=chain)
    if definition.judges:
        judges = {name: by(task) for name, task in definition.judges.items()}
        definition = msgspec.structs.replace(definition, judges=judges)
    return definition


def unpublished_steps(definition: TaskDefinition, find: FindPublished) -> tuple[str, ...]:
    """The names of the tasks that it runs as no version has them; those that others need first."""
    tasks = {task.name: task for task in _inner_first(definition)}
    return tuple(name for name, task in tasks.items() if find(name, task.digest) is None)


def require_published(definition: TaskDefinition, unpublished: tuple[str, ...]) -> None:
    """Raises RegistryConflict if there are any, with what to type."""
    if not unpublished:
        return
    several = len(unpublished) > 1
    first, name = shlex.quote(unpublished[0]), shlex.quote(definition.name)
    raise RegistryConflict(
        f"{definition.name} runs {'tasks' if several else 'a task'} whose working"
        f" {'copies are' if several else 'copy is'} not published: {', '.join(unpublished)}."
        f' Publish {"them" if several else "it"} first (roadworthy publish {first} -m "why"), or'
        f' all at once: roadworthy publish {name} --with-steps -m "why"'
    )


def pins_of(definition: TaskDefinition) -> tuple[Pin, ...]:
    """Every version that this one runs, its steps' own steps included, by name; each once."""
    found = {Pin(task=task.name, version=task.version) for task in _inner_first(definition)}
    return tuple(sorted(found))


def embedding_order(definition: TaskDefinition) -> tuple[str, ...]:
    """The names of the tasks that it runs, each after those that it runs itself."""
    return tuple(dict.fromkeys(task.name for task in _inner_first(definition)))


def _inner_first(definition: TaskDefinition) -> Iterator[TaskDefinition]:
    for task in embedded_tasks(definition).values():
        yield from _inner_first(task)
        yield task
