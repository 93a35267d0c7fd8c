"""Variables of a task's rules and their types: ``vars`` of later rules, constraints, templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from roadworthy.expressions import ObjectType, Schemas, SchemaType, check_value, schema_type
from roadworthy.tasks.definition import RuleDefinition, TaskDefinition
from roadworthy.tasks.rules.functions import RuleFunction

__all__ = ["python_references", "type_of_value", "types_of_variables", "variable_names"]


def variable_names(rules: Iterable[RuleDefinition]) -> tuple[str, ...]:
    """The variables that these rules set, in the order in which they first do."""
    names = (name for rule in rules if rule.effect == "set" for name in rule.values)
    return tuple(dict.fromkeys(names))


def python_references(rules: Iterable[RuleDefinition]) -> tuple[str, ...]:
    """The functions that these rules compute with, as they are written there."""
    return tuple(dict.fromkeys(_references(rules)))


def types_of_variables(
    task: TaskDefinition, functions: Mapping[str, RuleFunction] | None = None
) -> ObjectType:
    """The type of ``vars`` once all rules of the task have been applied. ``functions`` are those
    of Python, by reference; of one that is not among them, any value may come."""
    known: dict[str, SchemaType] = {}
    for rule in task.rules:
        if rule.effect == "set":
            scope: Schemas = {"input": task.input_schema, "vars": ObjectType(declared=known)}
            found = {n: type_of_value(v, scope, functions) for n, v in rule.values.items()}
            known = known | {name: _either(known.get(name), one) for name, one in found.items()}
    return ObjectType(declared=known)


def type_of_value(
    value: Mapping[str, Any],
    scope: Schemas,
    functions: Mapping[str, RuleFunction] | None = None,
) -> SchemaType:
    """The type of ``{"cel": …}``, ``{"python": …}`` or ``{"value": …}``."""
    if "cel" in value:
        found, _ = check_value(value["cel"], scope)
        return SchemaType((), {}) if found is None else found.schema_type
    if "python" in value:
        function = (functions or {}).get(value["python"])
        return SchemaType((), {}) if function is None else function.type
    return schema_type(_schema_of(value["value"]))


def _references(rules: Iterable[RuleDefinition]) -> Iterator[str]:
    for rule in rules:
        for value in rule.values.values():
            if isinstance(value, dict) and "python" in value:
                yield value["python"]


def _either(one: SchemaType | None, other: SchemaType) -> SchemaType:
    if one is None:
        return other
    if one.root is other.root:
        return SchemaType((*one.schemas, *other.schemas), one.root)
    kinds = one.kinds | other.kinds
    return SchemaType((), {}) if len(kinds) > 1 else one


def _schema_of(value: Any) -> dict[str, Any]:
    """What is known of a value that is always the same."""
    if isinstance(value, str):
        return {"const": value}
    if isinstance(value, list):
        items = [_schema_of(item) for item in value]
        return {"type": "array", "items": {"anyOf": items}} if items else {"type": "array"}
    if isinstance(value, dict):
        properties = {name: _schema_of(item) for name, item in value.items()}
        return {"type": "object", "properties": properties}
    names = {bool: "boolean", int: "integer", float: "number"}
    return {"type": names.get(type(value), "null")}
