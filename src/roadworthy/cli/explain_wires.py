"""Wires whose types fit and whose values still may not: bounds, patterns, lengths. Pure.

`check` refuses what cannot fit. What depends on values fails the step that meets it; so that
nobody is surprised by that, it is told here, as far as it cannot be shown to hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from roadworthy.registry.schema_changes import input_changes
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.chain.checking import output_shape
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.chain.paths import parse_path
from roadworthy.tasks.chain.shapes import Shape, shape_of
from roadworthy.tasks.chain.wired import follow
from roadworthy.tasks.definition import StepDefinition

__all__ = ["unproved_wires"]


def unproved_wires(definition: TaskDefinition) -> Iterator[tuple[str, str]]:
    """The wires of a sound chain, ``copy.text → seo.copy``, and what is demanded there that
    nothing before shows to hold."""
    chain = definition.chain
    if chain is None:
        return
    sources = {"input": shape_of(definition.input_schema)}
    for step in chain.steps:
        each = step.for_each is not None
        sources[step.name] = output_shape(chain.tasks[step.task], each=each)
    for step in topological(chain):
        yield from _of_step(step, chain.tasks[step.task], sources)


def _of_step(
    step: StepDefinition, task: TaskDefinition, sources: dict[str, Shape]
) -> Iterator[tuple[str, str]]:
    if step.for_each is not None:
        listed = follow(parse_path(step.for_each), sources)
        sources = sources | {"item": listed.shape.item()}
    taken = shape_of(task.input_schema)
    for name, path in step.wires.items():
        given = follow(parse_path(path), sources)
        target = taken.field(name) if name else None
        want = taken if not name else None if target is None else target.shape
        if given.fault or want is None or given.shape.says_nothing:
            continue
        demands = [
            _where(change.place) + change.what.removesuffix(" added")
            for change in input_changes(given.shape.standalone(), want.standalone())
            if change.breaking
        ]
        if demands:
            end = f"{step.name}.{name}" if name else step.name
            yield f"{path} → {end}", "; ".join(demands)


def _where(place: str) -> str:
    """``input./*/name`` as ``[*].name: ``; the value itself is not named."""
    parts = place.removeprefix("input").removeprefix(".").split("/")[1:]
    named = "".join("[*]" if part == "*" else f".{part}" for part in parts)
    return f"{named.removeprefix('.')}: " if named else ""
