"""`votes`, `best_of` and `choose` of `task.toml`: what they mean for one task, and what is wrong
with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from roadworthy.core.documents import Document, Fault, did_you_mean
from roadworthy.models import Model
from roadworthy.tasks.definition import TaskDefinition, Votes
from roadworthy.tasks.fields import input_fields, resolve_local

__all__ = ["chosen_fields", "closed_fields", "closed_values", "votes_of", "voting_faults"]

_Found: TypeAlias = tuple[tuple[str | int, ...], str]
"""The key that a fault is about, and what is wrong."""
_CLOSED_KINDS: Final[dict[Any, tuple[Any, ...]]] = {"boolean": (True, False), "null": (None,)}


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
    return tuple(
        name for name, field in fields.items() if closed_values(field, output_schema) is not None
    )


def closed_values(field: dict[str, Any], root: dict[str, Any]) -> list[Any] | None:
    """The values that a field can have, in the schema's order; None: it is not closed, and can
    have any number of them. ``root`` is the schema that the field is a part of."""
    if "const" in field:
        return [field["const"]]
    if isinstance(field.get("enum"), list):
        return list(field["enum"])
    kinds = field.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if all(kind in _CLOSED_KINDS for kind in kinds):
        return [value for kind in kinds for value in _CLOSED_KINDS[kind]]
    for keyword in ("anyOf", "oneOf"):
        options = field.get(keyword)
        if isinstance(options, list) and options:
            parts = [closed_values(resolve_local(option, root), root) for option in options]
            known = [part for part in parts if part is not None]
            return [v for part in known for v in part] if len(known) == len(parts) else None
    return None


def voting_faults(
    definition: TaskDefinition,
    document: Document[Any],
    *,
    has_model: Callable[[str], bool],
    models: Mapping[str, Model] = MappingProxyType({}),
) -> list[Fault]:
    """What is wrong with the keys of a task that is sound otherwise.

    ``models`` are those whose capabilities are known.
    """
    found = [*_choice_faults(definition, models), *_rival_faults(definition, has_model)]
    if "choose" in document.data and not definition.choose:
        found.append((("choose",), "choose: no field of the output is closed; name its values"))
    return [document.fault(message, *path) for path, message in found]


def _choice_faults(definition: TaskDefinition, models: Mapping[str, Model]) -> Iterator[_Found]:
    closed = closed_fields(definition.output_schema or {})
    for name in definition.choose:
        if name not in closed:
            hint = did_you_mean(name, closed)
            yield ("choose", name), f'choose: "{name}" is no closed field of the output{hint}'
    if not definition.choose:
        return
    fields = input_fields(definition.output_schema or {})
    if definition.votes is not None and set(fields) <= set(definition.choose):
        yield ("votes",), "votes: every field of the output is chosen; nothing is left to vote on"
    rules = (rule.model for rule in definition.rules if rule.model)
    for name in dict.fromkeys((definition.model, *rules)):
        model = models.get(name)
        if model is not None and not model.capabilities.log_probabilities:
            yield (
                ("choose",),
                f'choose: model "{name}" does not say how likely its words are. Ask another, or'
                f" set log_probabilities = true under [models.{name}] in models.toml if it does",
            )


def _rival_faults(definition: TaskDefinition, has_model: Callable[[str], bool]) -> Iterator[_Found]:
    rivals = {"votes": definition.votes, "best_of": definition.best_of}
    given = {key: asked for key, asked in rivals.items() if asked is not None}
    if len(given) > 1:
        yield ("best_of",), "best_of: the answer is made by votes already; leave one of them out"
    if definition.votes is not None and definition.output_schema is None:
        yield (
            ("votes",),
            "votes: they are counted by field, and the answer is free text. Add [output], or let a"
            " judge choose with [best_of]",
        )
    for key, asked in given.items():
        for index, model in enumerate(asked.models):
            if not has_model(model):
                yield (
                    (key, "models", index),
                    f'{key}.models: unknown model "{model}". Declare it in models.toml',
                )
        if definition.parameters.get("temperature") == 0 and len(set(asked.models)) < 2:
            yield (
                (key,),
                f"{key}: at temperature 0 one model gives the same answer each time. Raise"
                " parameters.temperature, or name several models",
            )
