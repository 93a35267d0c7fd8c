"""`votes`, `best_of` and `choose` of `task.toml`: what they mean for one task, and what is wrong
with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from roadworthy.core.documents import Document, Fault, did_you_mean
from roadworthy.tasks.definition import TaskDefinition, Votes
from roadworthy.tasks.fields import input_fields, resolve_local

__all__ = ["chosen_fields", "closed_fields", "votes_of", "voting_faults"]


def votes_of(given: int | Votes | None) -> Votes | None:
    """``votes = 3``, or the table, as one."""
    return Votes(n=given) if isinstance(given, int) else given


def chosen_fields(
    given: Literal["likelihood"] | Mapping[str, Literal["likelihood"]] | None,
    output_schema: dict[str, Any] | None,
) -> tuple[str, ...]:
    """The fields that ``choose`` names; where it names none, all that are closed."""
    if given is None:
        return ()
    return closed_fields(output_schema or {}) if isinstance(given, str) else tuple(given)


def closed_fields(output_schema: dict[str, Any]) -> tuple[str, ...]:
    """The top-level fields that have few values, all of them known: an enum, a union of constants,
    a boolean; in the schema's order."""
    fields = input_fields(output_schema)
    return tuple(name for name, field in fields.items() if _is_closed(field, output_schema))


def _is_closed(field: dict[str, Any], root: dict[str, Any]) -> bool:
    if isinstance(field.get("enum"), list) or "const" in field or field.get("type") == "boolean":
        return True
    for keyword in ("anyOf", "oneOf"):
        options = field.get(keyword)
        if isinstance(options, list) and options:
            return all(_is_closed(resolve_local(option, root), root) for option in options)
    return False


def voting_faults(
    definition: TaskDefinition,
    document: Document[Any],
    *,
    has_model: Callable[[str], bool],
) -> list[Fault]:
    """What is wrong with the keys of a task that is sound otherwise."""
    faults = []
    closed = closed_fields(definition.output_schema or {})
    for name in definition.choose:
        if name not in closed:
            hint = did_you_mean(name, closed)
            message = f'choose: "{name}" is no closed field of the output{hint}'
            faults.append(document.fault(message, "choose", name))
    for key, asked in (("votes", definition.votes), ("best_of", definition.best_of)):
        for index, model in enumerate(asked.models if asked else ()):
            if not has_model(model):
                message = f'{key}.models: unknown model "{model}". Declare it in models.toml'
                faults.append(document.fault(message, key, "models", index))
    return faults
