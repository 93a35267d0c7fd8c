"""Which logical models a task may ask, with everything that it runs. Pure.

Read wherever models are bound: by whoever serves a task, tests it, or weighs it.
"""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.tasks.definition import TaskDefinition

__all__ = ["asked_models", "embedded_tasks"]


def asked_models(definition: TaskDefinition) -> tuple[str, ...]:
    """The names of the models, each once, the task's own first; empty: it asks none.

    Those of its steps, of the judges of its candidates and of rules that choose a model are among
    them, whether or not one call comes to ask them.
    """
    own = dict.fromkeys(_own(definition))
    for task in embedded_tasks(definition).values():
        own |= dict.fromkeys(asked_models(task))
    return tuple(own)


def embedded_tasks(definition: TaskDefinition) -> dict[str, TaskDefinition]:
    """The tasks that it runs itself, by name: those of its steps, then its judges."""
    steps = {} if definition.chain is None else definition.chain.tasks
    return steps | definition.judges


def _own(definition: TaskDefinition) -> Iterator[str]:
    if definition.model:
        yield definition.model
    yield from (rule.model for rule in definition.rules if rule.model)
    for candidates in (definition.votes, definition.best_of):
        if candidates is not None:
            yield from candidates.models
