"""What is wrong with what a rule computes: answers, variables, fields that it fills."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from roadworthy.core.documents import SourceFolder, did_you_mean
from roadworthy.expressions import (
    ExpressionFault,
    Schemas,
    SchemaType,
    check_value,
    schema_type,
)
from roadworthy.tasks.fields import input_fields, required_names
from roadworthy.tasks.python_files import find_python
from roadworthy.tasks.rules.functions import (
    WHOLE,
    RuleFunction,
    UnusableFunction,
    functions_in,
)

__all__ = ["ComputedPart", "Functions", "computed_parts", "shown_kinds", "value_faults"]

Steps: TypeAlias = tuple[str | int, ...]

_SHOWN: Final = {
    "bool": "a boolean",
    "int": "an integer",
    "double": "a number",
    "string": "a text",
    "null": "null",
    "list": "a list",
    "map": "an object",
}


@dataclass(frozen=True)
class ComputedPart:
    """A ``{ cel = "…" }`` within an answer."""

    path: Steps
    source: str


def computed_parts(answer: Any, path: Steps = ()) -> Iterator[ComputedPart]:
    """What is computed in an answer, in order."""
    if isinstance(answer, dict):
        source = answer.get("cel")
        if answer.keys() == {"cel"} and isinstance(source, str):
            yield ComputedPart(path, source)
            return
        for name, item in answer.items():
            yield from computed_parts(item, (*path, name))
    elif isinstance(answer, list):
        for index, item in enumerate(answer):
            yield from computed_parts(item, (*path, index))


@dataclass(eq=False)
class Functions:
    """The Python functions that a task's rules name, each made once."""

    task: str
    project: SourceFolder
    sources: dict[str, str] = field(default_factory=dict)
    """The texts of the files that were run, and of those that they import, by path in the
    project."""
    loaded: dict[str, RuleFunction] = field(default_factory=dict)
    """By reference as it is written."""
    references: dict[str, str] = field(default_factory=dict)
    """By reference as it is written, the one with the file's path in the project."""

    def function(self, reference: str) -> RuleFunction:
        """The function.

        Raises:
            UnusableFunction: the message says why.
        """
        file, _, name = reference.rpartition(":")
        if reference not in self.loaded:
            found = find_python(file, self.task, self.project)
            if found is None:
                where = "in the task's folder or the project's"
                raise UnusableFunction(f'there is no file "{file}" {where}')
            place, text = found
            made, sources = functions_in(place, text, [name], self.project.root.resolve())
            self.loaded[reference] = made[name]
            self.references[reference] = f"{place}:{name}"
            self.sources |= sources
        return self.loaded[reference]


def value_faults(
    value: Any, scope: Schemas, functions: Functions
) -> tuple[SchemaType | None, list[ExpressionFault | str]]:
    """The type of a value of ``set`` or ``fill``, and what is wrong with it."""
    if isinstance(value, str):
        value = {"cel": value}
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= _FORMS:
        message = 'write CEL as a text, { python = "rules.py:function" } or { value = … }'
        return None, [message]
    [(form, given)] = value.items()
    if form == "value":
        return None, []
    if not isinstance(given, str):
        return None, [f"{form} takes a text"]
    if form == "cel":
        found, faults = check_value(given, scope)
        return (None if found is None else found.schema_type), list(faults)
    file, _, name = given.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        return None, [f'"{given}" is no function; write "rules.py:total"']
    try:
        function = functions.function(given)
    except UnusableFunction as error:
        where = f" ({file}, line {error.line})" if error.line > 1 else ""
        return None, [f"{error.message}{where}"]
    return function.type, list(_of_parameters(function, scope))


_FORMS: Final = {"cel", "python", "value"}


def _of_parameters(function: RuleFunction, scope: Schemas) -> Iterator[str]:
    """What does not fit between its parameters and the names that there are."""
    given = scope["input"]
    assert isinstance(given, dict)
    fields, variables = schema_type(given).fields, scope["vars"]
    assert isinstance(variables, SchemaType)
    declared, required = input_fields(given), required_names(given)
    for name, type_ in function.parameters.items():
        offered = fields.get(name) or variables.fields.get(name)
        if offered is None:
            if name not in WHOLE:
                known = [*fields, *variables.fields, *WHOLE]
                hint = did_you_mean(name, known)
                yield f'{function.name} takes "{name}", which is no field of the input{hint}'
            continue
        missing = offered.kinds - _taken_by(type_)
        if missing:
            yield (
                f"{function.name}: {name} may be {shown_kinds(missing)} by its schema, and its"
                " annotation does not take that"
            )
        optional = name in declared and name not in required
        if optional and name in function.required:
            yield f"{function.name}: {name} may be left out of the input; give it a default"


def _taken_by(annotation: Any) -> frozenset[str]:
    schema = msgspec.json.schema(annotation)
    taken = SchemaType((schema,), schema).kinds
    return taken | {"int"} if "double" in taken else taken


def shown_kinds(kinds: frozenset[str]) -> str:
    """Kinds in words: ``a text or null``."""
    return " or ".join(_SHOWN[kind] for kind in sorted(kinds) if kind in _SHOWN)
