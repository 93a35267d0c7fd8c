"""What is wrong with a task's templates, found without a call: syntax, blocks, names.

Pure; called while a project is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import minijinja

from roadworthy.core.documents import Fault, did_you_mean
from roadworthy.tasks.definition import Template
from roadworthy.tasks.fields import input_fields, resolve_local
from roadworthy.tasks.prompt import closed_environment, undeclared_names
from roadworthy.tasks.template_source import assigned_names, includes, line_of_name, operations

__all__ = ["check_templates", "included_blocks"]

# For suggestions only: what exists is asked of the engine.
# fmt: off
FILTERS = (
    "abs", "batch", "bool", "capitalize", "count", "default", "dictsort", "first", "float",
    "format", "groupby", "indent", "int", "items", "join", "last", "length", "lines", "list",
    "lower", "map", "max", "min", "pprint", "reject", "rejectattr", "replace", "reverse",
    "round", "select", "selectattr", "slice", "sort", "split", "string", "sum", "title",
    "tojson", "trim", "truncate", "unique", "upper", "urlencode", "wordwrap", "zip",
)
TESTS = (
    "boolean", "defined", "divisibleby", "endingwith", "eq", "even", "false", "float", "ge",
    "gt", "in", "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number",
    "odd", "sequence", "startingwith", "string", "true", "undefined", "upper",
)
# fmt: on


def included_blocks(
    templates: Sequence[Template], blocks: Mapping[str, str]
) -> tuple[dict[str, str], list[Fault]]:
    """The blocks that these templates reach, sorted by name, and what is wrong with the
    references to them."""
    reached: dict[str, str] = {}
    faults: list[Fault] = []

    def follow(file: str, source: str, trail: tuple[str, ...]) -> None:
        for include in includes(source):
            known = [name for name in include.names if name in blocks]
            message = None
            if not include.names:
                message = "an included block's name must be written out, in quotes"
            elif not known and not include.optional:
                name = include.names[0]
                message = f'no block "{name}"{did_you_mean(name, blocks)}'
            elif looping := [name for name in known if name in trail]:
                message = f'block "{looping[0]}" includes itself'
            if message is not None:
                faults.append(Fault(file, include.line, message))
            for name in known:
                if name not in trail:
                    reached[name] = blocks[name]
                    follow(f"blocks/{name}", blocks[name], (*trail, name))

    for template in templates:
        if not template.literal:
            follow(template.file, template.source, ())
    return dict(sorted(reached.items())), faults


def check_templates(
    templates: Sequence[Template],
    *,
    blocks: Mapping[str, str],
    input_schema: dict[str, Any],
    schema_file: str,
    variables: Iterable[str] = (),
) -> list[Fault]:
    """Every fault of these templates and of the blocks that they include. ``variables`` are those
    that rules set."""
    environment = closed_environment(())
    rules: dict[str, dict[str, Any]] = {name: {} for name in variables}
    own = [template for template in templates if not template.literal]
    faults = []
    set_by_templates = {name for template in own for name in assigned_names(template.source)}
    set_by_blocks = {name for source in blocks.values() for name in assigned_names(source)}
    for template in own:
        # Names that a block sets reach its includer too (a macro, imported).
        names = _Names(input_schema, set_by_blocks, schema_file, rules)
        faults += names.check(environment, template.file, template.source)
    for name, source in blocks.items():
        names = _Names(input_schema, set_by_templates | set_by_blocks, schema_file, rules)
        faults += names.check(environment, f"blocks/{name}", source)
    return faults


def _unknown_operations(environment: minijinja.Environment, file: str, source: str) -> list[Fault]:
    """Filters and tests that do not exist; the engine itself would only say so in a call."""
    faults = []
    for operation in operations(source):
        mark, known = ("|", FILTERS) if operation.kind == "filter" else ("is", TESTS)
        try:
            environment.render_str("{{ 0 " + f"{mark} {operation.name}" + " }}")
        except minijinja.TemplateError as error:
            if error.kind in ("UnknownFilter", "UnknownTest"):
                message = f'unknown {operation.kind} "{operation.name}"'
                message += did_you_mean(operation.name, known)
                faults.append(Fault(file, operation.line, message))
    return faults


def _closed(properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


class _Names:
    """The names that one template may use."""

    def __init__(
        self,
        schema: dict[str, Any],
        assigned: set[str],
        schema_file: str,
        variables: dict[str, dict[str, Any]],
    ) -> None:
        self.schema = schema
        self.fields = input_fields(schema)
        if variables:
            self.fields = self.fields | {"vars": _closed(variables)}
        self.assigned = assigned
        self.schema_file = schema_file
        self.open = any(
            resolve_local(schema, schema).get(keyword) not in (None, False)
            for keyword in ("additionalProperties", "patternProperties")
        )

    def check(self, environment: minijinja.Environment, file: str, source: str) -> list[Fault]:
        try:
            environment.undeclared_variables_in_str(source)
        except minijinja.TemplateError as error:
            return [Fault(file, error.line or 1, str(error.detail or error.kind))]
        faults = []
        if not self.open:
            for name in sorted(undeclared_names(environment, source)):
                if name not in self.fields and name not in self.assigned:
                    message = f'unknown variable "{name}"{self._remedy(name)}'
                    faults.append(Fault(file, line_of_name(source, name), message))
        for path in sorted(environment.undeclared_variables_in_str(source, nested=True)):
            unknown = self._unknown_part(path)
            if unknown:
                faults.append(Fault(file, line_of_name(source, path), unknown))
        return faults + _unknown_operations(environment, file, source)

    def _remedy(self, name: str) -> str:
        if not self.fields:
            return f"; the task declares no input: add [input.fields.{name}] to {self.schema_file}"
        return did_you_mean(name, self.fields)

    def _unknown_part(self, path: str) -> str | None:
        """What is wrong with a path such as ``order.lines``, as far as closed objects tell."""
        first, *rest = path.split(".")
        schema = self.fields.get(first, {})
        for part in rest:
            properties = schema.get("properties")
            if not isinstance(properties, dict) or schema.get("additionalProperties") is not False:
                return None
            if part not in properties:
                if part == "items":  # the one method that objects have
                    return None
                return f'unknown field "{path}"{did_you_mean(part, properties)}'
            schema = resolve_local(properties[part], self.schema)
        return None
