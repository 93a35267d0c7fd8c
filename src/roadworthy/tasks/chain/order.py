"""What comes after what: steps of a chain, tasks of a project. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = ["Ordered", "in_order", "topological"]


class Ordered(NamedTuple):
    """Names, each behind all that it needs."""

    names: tuple[str, ...]
    """Of what can be ordered; in the order given, as far as needs let them."""
    cycle: tuple[str, ...] = ()
    """Some that need each other in turn, the first again at the end; empty: none do."""


def in_order(needs: Mapping[str, Collection[str]]) -> Ordered:
    """The names, each behind those that it needs; needs that are no names are passed over."""
    placed: dict[str, None] = {}
    waiting = list(needs)
    while waiting:
        ready = next(
            (name for name in waiting if all(n in placed or n not in needs for n in needs[name])),
            None,
        )
        if ready is None:
            return Ordered(tuple(placed), _cycle(needs, waiting))
        placed[ready] = None
        waiting.remove(ready)
    return Ordered(tuple(placed))


def topological(chain: ChainDefinition) -> tuple[StepDefinition, ...]:
    """The steps, each behind those that it needs; as they were written, as far as that goes."""
    by_name = {step.name: step for step in chain.steps}
    ordered = in_order({step.name: step.needs for step in chain.steps})
    return tuple(by_name[name] for name in ordered.names)


def _cycle(needs: Mapping[str, Collection[str]], waiting: list[str]) -> tuple[str, ...]:
    """The first cycle that is met on the way from the first of these."""
    trail = [waiting[0]]
    while True:
        following = next(name for name in needs[trail[-1]] if name in waiting)
        if following in trail:
            return (*trail[trail.index(following) :], following)
        trail.append(following)
