"""What the page of a version says of what answers: steps, rules, judges, models. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from markupsafe import Markup

from roadworthy.control.drawing.chain_graph import chain_graph
from roadworthy.control.drawing.chain_picture import chain_picture
from roadworthy.control.drawing.formats import short
from roadworthy.control.links import version_link
from roadworthy.control.registry_api.chain_check import chain_problems
from roadworthy.registry.outline import Outline, RuleLine, StepLine, outline_of
from roadworthy.registry.pinning import pins_of
from roadworthy.tasks import TaskDefinition

__all__ = ["BodyView", "body_view"]

MAX_DRAWN: Final = 60
"""Steps: a larger picture shows nothing that the table does not."""
MAX_CHARS: Final = 600


class BodyView(msgspec.Struct, frozen=True, kw_only=True):
    """What answers, ready to be shown."""

    outline: Outline
    """Its values cut to a size."""
    picture: Markup | None
    """Of a chain's steps; None: there are none, or too many."""
    links: Mapping[str, str]
    """By task that it runs, the page of the version that is pinned; those that are not published
    are left out."""
    has_prompt: bool
    python: tuple[str, ...]
    """Python files that serving it runs."""


def body_view(definition: TaskDefinition) -> BodyView:
    """What answers in this version."""
    outline = outline_of(definition)
    pins = {pin.task: pin.version for pin in pins_of(definition) if pin.version != "working"}
    links = {task: version_link(task, version) for task, version in pins.items()}
    return BodyView(
        outline=msgspec.structs.replace(
            outline,
            steps=tuple(map(_step, outline.steps)),
            rules=tuple(map(_rule, outline.rules)),
        ),
        picture=_picture(definition, links),
        links=links,
        has_prompt=bool(definition.model),
        python=tuple(sorted(definition.sources)),
    )


def _picture(definition: TaskDefinition, links: Mapping[str, str]) -> Markup | None:
    chain = definition.chain
    if chain is None or len(chain.steps) > MAX_DRAWN:
        return None
    if any(chain_problems(definition)):  # an import may hold what nothing has checked
        return None
    tasks = {step.name: step.task for step in chain.steps}
    return chain_picture(chain_graph(chain), links=lambda step: links.get(tasks.get(step, "")))


def _step(step: StepLine) -> StepLine:
    return msgspec.structs.replace(
        step,
        takes=tuple((name, short(at, MAX_CHARS)) for name, at in step.takes),
        when=short(step.when, MAX_CHARS),
        default=short(step.default, MAX_CHARS),
    )


def _rule(rule: RuleLine) -> RuleLine:
    return msgspec.structs.replace(
        rule,
        what=tuple((name, short(told, MAX_CHARS)) for name, told in rule.what),
        when=short(rule.when, MAX_CHARS),
    )
