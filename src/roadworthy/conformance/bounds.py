"""How large and how entangled a schema may be before anything else looks at it.

Schemas come from callers. One whose references lead too deep overflows the stack of a compiler
written in Rust (llguidance, at some 1,300 levels in 8 MB), which ends the whole process; one whose
alternatives multiply keeps the validator busy for hours on the word ``true``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from roadworthy.conformance.locate import resolve
from roadworthy.core.errors import InvalidSchema

__all__ = ["MAX_SCHEMA_DEPTH", "require_bounded", "too_deep"]

MAX_SCHEMA_DEPTH: Final = 64
MAX_REACH: Final = 400
"""Levels, references followed; what leads back to itself is counted once."""
MAX_EXPANSIONS: Final = 100_000
"""Sub-schemas that one value may have to be held against at once."""

_APPLIED: Final = ("$ref", "$dynamicRef", "$recursiveRef", "not", "if", "then", "else")
_APPLIED_LISTS: Final = ("allOf", "anyOf", "oneOf")
_APPLIED_MAPS: Final = ("dependentSchemas", "dependencies")


def require_bounded(source: dict[str, Any]) -> None:
    """Return if the schema is within bounds.

    Raises:
        InvalidSchema: it is not.
    """
    nodes = _nodes(source)
    reach = _weigh_all(nodes, source, _below, max)
    if reach > MAX_REACH:
        raise InvalidSchema(
            f"The schema's references lead {reach:,} levels deep; at most {MAX_REACH} are "
            "accepted. Shorten the chain of $ref."
        )
    if _weigh_all(nodes, source, _applied, sum) > MAX_EXPANSIONS:
        raise InvalidSchema(
            "The schema's alternatives multiply: one value would be held against more than "
            f"{MAX_EXPANSIONS:,} of its parts. Nest anyOf, oneOf and allOf less, or tell "
            "alternatives apart by a property with a const."
        )


def too_deep() -> InvalidSchema:
    """The error for a schema with too many levels."""
    return InvalidSchema(
        f"The schema is nested deeper than {MAX_SCHEMA_DEPTH} levels. "
        "Flatten it, or move inner parts to $defs."
    )


def _nodes(source: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object in the schema, itself first."""
    found: list[dict[str, Any]] = []
    level: list[Any] = [source]
    for _ in range(MAX_SCHEMA_DEPTH):
        found += [node for node in level if isinstance(node, dict)]
        containers = [node.values() if isinstance(node, dict) else node for node in level]
        level = [child for node in containers for child in node if isinstance(child, dict | list)]
        if not level:
            return found
    raise too_deep()


def _weigh_all(
    nodes: list[dict[str, Any]],
    root: dict[str, Any],
    children: Callable[[dict[str, Any], dict[str, Any]], Iterable[dict[str, Any]]],
    gather: Callable[[Iterable[int]], int],
) -> int:
    """The greatest weight of a node: 1, and what `gather` makes of the weights below it.

    A node that leads back to one above weighs nothing there.
    """
    weights: dict[int, int] = {}
    for start in nodes:
        waiting = [(start, False)]
        while waiting:
            node, done = waiting.pop()
            if done:
                below = [weights[id(child)] for child in children(node, root)]
                weights[id(node)] = 1 + gather([*below, 0])
            elif id(node) not in weights:
                weights[id(node)] = 0
                waiting.append((node, True))
                waiting += [(child, False) for child in children(node, root)]
    return max(weights.values())


def _below(node: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object inside this one, and what it refers to."""
    target = resolve(node.get("$ref"), root)
    if isinstance(target, dict):
        yield target
    for value in node.values():
        values = value if isinstance(value, list) else [value]
        yield from (child for child in values if isinstance(child, dict))


def _applied(node: dict[str, Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for keyword in _APPLIED:
        below = node.get(keyword)
        below = resolve(below, root) if isinstance(below, str) else below
        if isinstance(below, dict):
            yield below
    for keyword in _APPLIED_LISTS:
        branches = node.get(keyword)
        if isinstance(branches, list):
            yield from (branch for branch in branches if isinstance(branch, dict))
    for keyword in _APPLIED_MAPS:
        branches = node.get(keyword)
        if isinstance(branches, dict):
            yield from (branch for branch in branches.values() if isinstance(branch, dict))
