"""Which steps may come to have no output, told before a call. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from roadworthy.expressions import Scope
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.chain.paths import parse_path, variable_of
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.tasks.fields import required_names

__all__ = ["absent_steps", "default_stands", "why_skipped"]


def absent_steps(chain: ChainDefinition) -> dict[str, str]:
    """Steps of a sound chain that may come to have no output, and why; in their order."""
    found: dict[str, str] = {}
    for step in topological(chain):
        required = required_names(chain.tasks[step.task].input_schema)
        why = why_skipped(step, required=required, absent=found, asks_item=_asks_item(step, chain))
        if why and not default_stands(step):
            found[step.name] = why
    return found


def default_stands(step: StepDefinition) -> bool:
    """Whether a default stands for the whole step where that is skipped."""
    of_items = step.for_each is not None and step.on_error == "default"
    return step.default is not msgspec.UNSET and not of_items


def why_skipped(
    step: StepDefinition,
    *,
    required: Collection[str],
    absent: Mapping[str, str],
    asks_item: bool,
) -> str:
    """Why the step as a whole may be skipped; empty: it always runs. ``required`` are fields that
    its task requires, ``absent`` the steps before that may have no output, and ``asks_item`` says
    whether its `when` is asked for each item."""
    if step.when is not None and not (step.for_each is not None and asks_item):
        return "its `when` may not hold"
    if step.on_error == "skip" and step.for_each is None:
        return "it is skipped if it fails"
    for name, path in step.wires.items():
        source = parse_path(path).source
        if (not name or name in required) and source in absent:
            return f'it needs "{source}", which may be skipped'
    if step.for_each is not None and (source := parse_path(step.for_each).source) in absent:
        return f'it walks what "{source}" gives, which may be skipped'
    return ""


def _asks_item(step: StepDefinition, chain: ChainDefinition) -> bool:
    if step.when is None or step.for_each is None:
        return False
    names = ("input", "item", *(variable_of(other.name) for other in chain.steps))
    reads = Scope({name: {} for name in names}).compile(step.when).reads
    return any(place[0] == "item" for place in reads)
