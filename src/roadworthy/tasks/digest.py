"""Digests of content: equal content, equal digest, on every machine. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.keywords import without_remarks

__all__ = ["content_digest", "definition_digest"]


def content_digest(content: Any) -> str:
    """SHA-256 of the content as JSON with sorted keys, hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def definition_digest(definition: TaskDefinition) -> str:
    """The digest over everything that may change an answer or a contract.

    Not part of it: the task's name, version and description, what its input schema says to people
    alone, and where its files stand.
    """
    return content_digest(
        {
            **_optional(definition),
            "model": definition.model,
            "parameters": definition.parameters,
            "input_schema": without_remarks(definition.input_schema),
            # Models write fields in the order of the schema, and what they wrote before guides
            # what comes next: a verdict before its reason is another answer.
            "output_schema": _ordered(definition.output_schema),
            "templates": [(t.role, t.source, t.literal) for t in definition.templates],
            "blocks": definition.blocks,
            "stream": definition.stream,
            "repair": definition.repair,
            "max_reasks": definition.max_reasks,
            "timeout_s": definition.timeout_s,
        }
    )


def _optional(definition: TaskDefinition) -> dict[str, Any]:
    """What is left out where there is none, so that a task without it keeps its digest."""
    chain = definition.chain
    parts = {
        "constraints": definition.constraints,
        "mode": definition.mode,
        "sources": definition.sources,
        "rules": definition.rules,
        "votes": definition.votes,
        "best_of": definition.best_of,
        "judges": _digests(definition.judges),
        "choose": definition.choose,
        "max_cost_usd": definition.max_cost_usd,
        "chain": chain and (chain.steps, chain.output, _digests(chain.tasks)),
    }
    return {name: part for name, part in parts.items() if part not in (None, (), {})}


def _digests(tasks: dict[str, TaskDefinition]) -> dict[str, str]:
    """What other tasks answer by; which versions they are called is no part of it."""
    return {name: task.digest for name, task in tasks.items()}


def _ordered(schema: Any) -> Any:
    """The schema with its properties as a list, so that sorting keys leaves their order."""
    if isinstance(schema, list):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: [[name, _ordered(item)] for name, item in value.items()]
        if key == "properties" and isinstance(value, dict)
        else _ordered(value)
        for key, value in schema.items()
    }
