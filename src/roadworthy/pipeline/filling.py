"""Fields of the output that rules fill: left out of what a model is asked for, put into the answer.

`check` has seen to it that the schema says what it says of these fields among its properties, so
that an answer conforms if the rest does and each of them does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from roadworthy.conformance import OutputSchema, compile_schema
from roadworthy.core import Violation
from roadworthy.pipeline.checked import Checked
from roadworthy.pipeline.request import Finished
from roadworthy.tasks.fields import resolve_local

__all__ = ["asked_schema", "filled_violations", "with_filled"]


def asked_schema(schema: OutputSchema, filled: Collection[str]) -> OutputSchema:
    """What a model is asked for where these fields are filled."""
    return _without(schema, frozenset(filled))


def filled_violations(checked: Checked, filled: Mapping[str, Any]) -> tuple[Violation, ...]:
    """In which of the filled fields the schema does not allow what is in them."""
    task = checked.task
    if task is None or task.output is None:
        return ()
    alone = _only(task.output, frozenset(filled))
    value = dict(filled)
    return () if alone.is_valid(value) else alone.violations(value)


def with_filled(
    finished: Finished, schema: OutputSchema | None, filled: Mapping[str, Any]
) -> Finished:
    """The call with these fields in its answer, at their places in the schema."""
    value = finished.call.value
    if not filled or schema is None or finished.error is not None or not isinstance(value, dict):
        return finished
    whole = {**value, **filled}
    order = [name for name in _root(schema)["properties"] if name in whole]
    finished.call.value = {name: whole[name] for name in dict.fromkeys((*order, *whole))}
    finished.text = msgspec.json.encode(finished.call.value).decode()
    return finished


@lru_cache(maxsize=256)
def _without(schema: OutputSchema, filled: frozenset[str]) -> OutputSchema:
    return _with_properties(schema, frozenset(_root(schema)["properties"]) - filled)


@lru_cache(maxsize=256)
def _only(schema: OutputSchema, filled: frozenset[str]) -> OutputSchema:
    return _with_properties(schema, filled)


def _with_properties(schema: OutputSchema, kept: frozenset[str]) -> OutputSchema:
    root = _root(schema)
    properties = {name: kind for name, kind in root["properties"].items() if name in kept}
    required = [name for name in root.get("required", ()) if name in kept]
    return compile_schema({**root, "properties": properties, "required": required})


def _root(schema: OutputSchema) -> dict[str, Any]:
    """The schema of the whole, a reference followed, with the definitions that it refers to."""
    source = schema.source
    definitions: dict[str, Any] = {k: source[k] for k in ("$defs", "definitions") if k in source}
    return {**definitions, **resolve_local(source, source)}
