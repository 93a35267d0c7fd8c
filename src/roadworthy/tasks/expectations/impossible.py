"""Values that an expectation waits for and a schema never lets through. Pure.

Only what is certain is reported: a misspelt option or field makes a case fail for ever, and what
fails for ever is taken for the model's fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from roadworthy.core.documents import did_you_mean, nearest
from roadworthy.expressions import SchemaType
from roadworthy.tasks.expectations.comparing import shown
from roadworthy.tasks.places import below

__all__ = ["impossible"]

_WORDS = {
    "string": "text",
    "int": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "list": "a list",
    "map": "an object",
    "null": "null",
}


def impossible(wanted: Any, place: SchemaType, at: str = "") -> Iterator[str]:
    """What of the wanted value can never stand at a place of this type."""
    where = at or "the output"
    if not _is_possible(wanted, place):
        allowed = " or ".join(sorted(_WORDS[kind] for kind in place.kinds))
        yield f"{where} is {allowed}, never {shown(wanted)}"
    elif isinstance(wanted, dict):
        for name, value in wanted.items():
            inner = place.field(name)
            if inner is None:
                yield f'{where} has no field "{name}"{did_you_mean(name, place.fields)}'
            else:
                yield from impossible(value, inner, below(at, name))
    elif isinstance(wanted, list):
        for index, value in enumerate(wanted):
            yield from impossible(value, place.item(index), below(at, index))
    elif isinstance(wanted, str):
        options = place.options
        if options is not None and wanted not in options and place.kinds <= {"string", "null"}:
            listed = ", ".join(f'"{option}"' for option in sorted(options))
            near = nearest(wanted, options)
            hint = f'; did you mean "{near}"?' if near else ""
            yield f'{where} is never "{wanted}", but one of {listed}{hint}'


def _is_possible(wanted: Any, place: SchemaType) -> bool:
    kinds = place.kinds
    if isinstance(wanted, bool):
        return "bool" in kinds
    if isinstance(wanted, int | float):
        return "double" in kinds or ("int" in kinds and wanted == int(wanted))
    names = {str: "string", list: "list", dict: "map", type(None): "null"}
    return names[type(wanted)] in kinds
