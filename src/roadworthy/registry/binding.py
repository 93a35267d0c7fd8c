"""What logical models stand for in an installation, as far as it can change an answer. Pure."""

from __future__ import annotations

from collections.abc import Callable

from roadworthy.models import Model
from roadworthy.tasks import TaskDefinition, content_digest
from roadworthy.tasks.asked_models import asked_models

__all__ = [
    "binding_of",
    "binding_of_task",
    "describe_binding",
    "describe_task_binding",
    "task_bindings",
]

_WAYS_TO_ASK = ("modes", "stream", "tools", "images")
"""The capabilities that a binding covers. Whether a model gives log-probabilities is none of them:
without, a task that needs them does not answer otherwise, but not at all."""


def binding_of(model: Model) -> str:
    """Digest of what answers: the provider, its model, and how it can be asked.

    Where it is reached, by which key and at what price is no part of it: what staging measured
    holds in production where the same model is bound.
    """
    return content_digest(
        {
            "provider": model.provider,
            "upstream": model.upstream,
            "capabilities": {name: getattr(model.capabilities, name) for name in _WAYS_TO_ASK},
        }
    )


def binding_of_task(definition: TaskDefinition, bind: Callable[[str], Model]) -> str:
    """Digest of everything that answers: of all models that the task may ask, its steps' and
    judges' included.

    Of a task that asks one model it is that model's `binding_of`. ``bind`` gives what a logical
    model stands for, and raises where it is nothing.
    """
    bindings = [(name, binding_of(bind(name))) for name in sorted(asked_models(definition))]
    return bindings[0][1] if len(bindings) == 1 else content_digest(bindings)


def task_bindings(definition: TaskDefinition, bind: Callable[[str], Model]) -> dict[str, str]:
    """By logical model that the task may ask, ``provider/model``; its own first."""
    return {name: describe_binding(bind(name)) for name in asked_models(definition)}


def describe_binding(model: Model) -> str:
    """``provider/model``, as people read it."""
    return f"{model.provider}/{model.upstream}"


def describe_task_binding(definition: TaskDefinition, bind: Callable[[str], Model]) -> str:
    """What answers, as people read it: each ``provider/model`` once, or ``no model``."""
    named = dict.fromkeys(task_bindings(definition, bind).values())
    return ", ".join(named) or "no model"
