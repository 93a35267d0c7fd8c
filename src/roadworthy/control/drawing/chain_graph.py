"""A chain as nodes and what flows between them, whatever draws it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.chain.paths import Path, parse_path
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = ["INPUT", "OUTPUT", "ChainGraph", "GraphNode", "chain_graph"]

INPUT: Final = "input"
OUTPUT: Final = "output"


@dataclass(frozen=True, kw_only=True)
class GraphNode:
    """The chain's input, its output, or a step."""

    name: str
    notes: tuple[str, ...] = ()
    """What is said beneath the name, in a few words each."""
    after: Mapping[str, tuple[str, ...]]
    """By node before it, what flows from there, as paths; nothing: it is only waited for."""


@dataclass(frozen=True)
class ChainGraph:
    """The nodes, each behind all that it comes after: the input first, the output last."""

    nodes: tuple[GraphNode, ...]

    @property
    def edges(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """From, to, and what flows."""
        for node in self.nodes:
            for before, paths in node.after.items():
                yield before, node.name, paths


def chain_graph(chain: ChainDefinition) -> ChainGraph:
    """What a chain consists of. Steps are of names that neither ``input`` nor ``output`` is."""
    nodes = [GraphNode(name=INPUT, after={})]
    for step in topological(chain):
        paths = [parse_path(text) for text in (*step.wires.values(), *_over(step))]
        after = _flows([path for path in paths if path.source != "item"])
        after |= {name: () for name in step.needs if name not in after}
        # A step that reads nothing begins with the chain.
        nodes.append(
            GraphNode(name=step.name, notes=tuple(_notes(step)), after=after or {INPUT: ()})
        )
    wired = _flows([parse_path(text) for text in chain.output.values()])
    read = {before for node in nodes for before in node.after}
    loose = {step.name: () for step in chain.steps if step.name not in read | wired.keys()}
    nodes.append(GraphNode(name=OUTPUT, after=wired | loose))
    return ChainGraph(tuple(nodes))


def _over(step: StepDefinition) -> Iterator[str]:
    if step.for_each is not None:
        yield step.for_each


def _flows(paths: list[Path]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        flows = found.get(path.source, ())
        found[path.source] = flows if str(path) in flows else (*flows, str(path))
    return found


def _notes(step: StepDefinition) -> Iterator[str]:
    if step.task != step.name:
        yield step.task
    if step.for_each is not None:
        yield "for each item"
    if step.when is not None:
        yield "under a condition"
    if step.on_error == "task":
        yield f"else {step.fallback}"
    elif step.on_error != "fail":
        yield f"on error: {step.on_error}"
