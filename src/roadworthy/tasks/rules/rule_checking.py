"""What is wrong with one ``[[rule]]``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from roadworthy.core.documents import did_you_mean
from roadworthy.expressions import (
    ExpressionFault,
    ObjectType,
    Schemas,
    SchemaType,
    check_value,
    schema_type,
)
from roadworthy.tasks.fields import resolve_local
from roadworthy.tasks.rules.checking import TableChecking
from roadworthy.tasks.rules.tables import EFFECTS
from roadworthy.tasks.rules.values import Functions, computed_parts, shown_kinds, value_faults
from roadworthy.tasks.schemas import validator_of

__all__ = ["Body", "RuleChecking", "RulesAbout", "scope_of"]

Body: TypeAlias = Literal["prompt", "chain", "rules"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TIED: Final = (
    *("$ref", "allOf", "anyOf", "oneOf", "not", "if", "dependentSchemas", "dependentRequired"),
    *("patternProperties", "propertyNames", "minProperties", "maxProperties"),
)
"""What may say something of a field elsewhere than among the properties."""
_MAX_SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True)
class RulesAbout:
    """What the rules of a task are held against."""

    input_schema: dict[str, Any] | None
    """None: it could not be read, and what it would say is not checked."""
    output_schema: dict[str, Any] | None
    """As the input's; ``{}`` where the answer is free text."""
    free_text: bool
    body: Body
    has_model: Callable[[str], bool]
    models: tuple[str, ...] = ()
    """Names to suggest."""


class RuleChecking(TableChecking):
    """One ``[[rule]]``."""

    kind = "rule"

    def effects(self, about: RulesAbout) -> None:
        """It has one effect, which the body of the task has room for."""
        named = [effect for effect in EFFECTS if effect in self.table]
        if len(named) != 1:
            found = f"has {' and '.join(named)}" if named else "does nothing"
            self.add("name", f"the rule {found}; give it one of {', '.join(EFFECTS)}")
            return
        effect = named[0]
        if effect in ("fill", "model") and about.body != "prompt":
            what = "a chain's steps" if about.body == "chain" else "rules alone"
            self.add(effect, f"no model is asked where {what} answer; set or answer instead")
        elif effect == "deny":
            self.words("deny", "why, the caller is told so")
        elif effect == "model":
            self.model(about)
        elif effect in ("set", "fill") and self.table[effect] == {}:
            self.add(effect, f"is empty; write {effect}.NAME = …")

    def model(self, about: RulesAbout) -> None:
        """The model that it chooses exists."""
        name = self.given("model")
        if name is not None and not about.has_model(name):
            hint = did_you_mean(name, {"local", *about.models}).rstrip(".")
            self.add("model", f'unknown model "{name}"{hint}; declare it in models.toml')

    def variables(
        self, scope: Schemas, functions: Functions, known: Mapping[str, SchemaType]
    ) -> dict[str, SchemaType]:
        """The variables that it sets; what is wrong with one is noted, and it may be anything."""
        given = self.table.get("set")
        found: dict[str, SchemaType] = {}
        for name, value in given.items() if isinstance(given, dict) else ():
            if not _NAME.fullmatch(name):
                self.add("set", "a variable's name is letters, digits and _", name)
            kind, faults = value_faults(value, scope, functions)
            self.of_value(faults, value, "set", name)
            found[name] = kind or SchemaType((), {})
            before = known.get(name)
            if kind is not None and before is not None and before.kinds != kind.kinds:
                message = (
                    f"is {shown_kinds(kind.kinds)} here and {shown_kinds(before.kinds)} in a rule"
                    " before; a variable has one type"
                )
                self.add("set", message, name)
        return found

    def fills(self, scope: Schemas, functions: Functions, output: dict[str, Any]) -> None:
        """It fills fields that there are, with what may stand there."""
        given = self.table.get("fill")
        root = resolve_local(output, output)
        if given and any(keyword in root for keyword in _TIED):
            keyword = next(keyword for keyword in _TIED if keyword in root)
            message = f"the output's schema says more of its fields in {keyword}; fill none of it"
            self.add("fill", message)
            return
        fields = schema_type(output).fields
        for name, value in given.items() if isinstance(given, dict) else ():
            if name not in fields:
                hint = did_you_mean(name, fields)
                self.add("fill", f"is no field of the output{hint}", name)
                continue
            kind, faults = value_faults(value, scope, functions)
            self.of_value(faults, value, "fill", name)
            if kind is not None and not _fit(kind.kinds, fields[name].kinds):
                message = (
                    f"is {shown_kinds(kind.kinds)}, and the output has"
                    f" {shown_kinds(fields[name].kinds)} there"
                )
                self.add("fill", message, name)
            elif isinstance(value, dict) and value.keys() == {"value"}:
                self.literal(value["value"], _at(output, name), "fill", name)

    def of_value(self, faults: list[ExpressionFault | str], value: Any, *path: str) -> None:
        """Note what `value_faults` has found."""
        key, name = path
        source = value.get("cel", "") if isinstance(value, dict) else value
        for fault in faults:
            if isinstance(fault, str):
                self.add(key, fault, name)
            else:
                self.of_expression([fault], str(source), key, name)

    def answer(self, about: RulesAbout, scope: Schemas) -> None:
        """The answer conforms, as far as it is not computed, and that can be computed."""
        if "answer" not in self.table or about.output_schema is None:
            return
        answer = self.table["answer"]
        schema = {"type": "string"} if about.free_text else about.output_schema
        computed: list[tuple[str | int, ...]] = []
        for part in computed_parts(answer):
            computed.append(part.path)
            found, faults = check_value(part.source, scope)
            self.of_expression(faults, part.source, "answer", *part.path)
            wanted = _type_at(schema_type(schema), part.path)
            if found is not None and wanted is not None and not _fit(found.kinds, wanted.kinds):
                message = (
                    f"comes out as {shown_kinds(found.kinds)}, and the output has"
                    f" {shown_kinds(wanted.kinds)} there"
                )
                self.add("answer", message, *part.path)
        self.literal(answer, schema, "answer", ignored=computed)

    def literal(
        self,
        value: Any,
        schema: dict[str, Any],
        key: str,
        *path: str,
        ignored: list[tuple[str | int, ...]] | None = None,
    ) -> None:
        """Note where a value breaks the schema, but not at the places that are `ignored`."""
        for error in validator_of(schema).iter_errors(value):
            place = tuple(error.instance_path)
            if any(_touch(place, other) for other in ignored or ()):
                continue
            where = ".".join(str(part) for part in place)
            message = error.message[:_MAX_SHOWN]
            self.add(key, f"{where}: {message}" if where else message, *path)


def _touch(place: tuple[str | int, ...], other: tuple[str | int, ...]) -> bool:
    """Whether one stands within the other."""
    return place == other[: len(place)] or other == place[: len(other)]


def _fit(kinds: frozenset[str], wanted: frozenset[str]) -> bool:
    """Whether a value of these kinds may be one of those; 3.0 is an integer in JSON."""
    numbers = {"int", "double"}
    return bool(kinds & wanted) or bool(kinds & numbers and wanted & numbers)


def _type_at(schema: SchemaType, path: tuple[str | int, ...]) -> SchemaType | None:
    here: SchemaType | None = schema
    for part in path:
        if here is None:
            return None
        here = here.item(part) if isinstance(part, int) else here.field(part)
    return here


def _at(output: dict[str, Any], name: str) -> dict[str, Any]:
    """The schema of one field, with the definitions that it may refer to."""
    root = resolve_local(output, output)
    definitions: dict[str, Any] = {
        key: output[key] for key in ("$defs", "definitions") if key in output
    }
    return {**definitions, **resolve_local(root["properties"][name], output)}


def scope_of(about: RulesAbout, known: Mapping[str, SchemaType]) -> Schemas | None:
    """The variables of a rule's expressions; None: the input could not be read."""
    if about.input_schema is None:
        return None
    return {"input": about.input_schema, "vars": ObjectType(declared=known)}
