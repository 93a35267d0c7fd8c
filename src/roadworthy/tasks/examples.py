"""`prompt/examples.jsonl`: lines that must satisfy the task's own schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

from roadworthy.core.documents import Fault, read_jsonl
from roadworthy.core.errors import RoadworthyError
from roadworthy.tasks.constraints import ConstraintSet
from roadworthy.tasks.definition import TaskDefinition, Template
from roadworthy.tasks.prompt import CompiledPrompt
from roadworthy.tasks.rules import load_functions, python_references
from roadworthy.tasks.ruleset import RuleSet
from roadworthy.tasks.schemas import validator_of

__all__ = ["Example", "breaches", "expand_examples"]

MAX_SHOWN = 200


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `examples.jsonl`: what a good answer looks like."""

    input: dict[str, Any]
    """Rendered by the task's own user.md."""
    output: Any
    """What the model should have answered; it must conform to the output schema."""


def expand_examples(
    definition: TaskDefinition, text: str, root: Path | None = None
) -> tuple[TaskDefinition, list[Fault]]:
    """The definition with its examples as messages before the one that asks, and their faults;
    ``root`` is the project's folder, for rules that compute with Python.

    An example's input goes through the user's own template; the result is literal text, for a
    comment that looks like a template must not run as one.
    """
    file = f"tasks/{definition.name}/prompt/examples.jsonl"
    document = read_jsonl(text, Example, file=file)
    faults = list(document.faults)
    asking = tuple(t for t in definition.templates if t.role == "user")
    prompt = CompiledPrompt(msgspec.structs.replace(definition, templates=asking))
    inputs = validator_of(definition.input_schema)
    outputs = validator_of(definition.output_schema or {"type": "string"})
    rules = _rules(definition, root) if definition.rules else None
    constraints = ConstraintSet(definition) if definition.constraints else None
    expanded: list[Template] = []
    for line, example in document.value or ():
        place = Fault(file, line, "")
        found = breaches(inputs, example.input, "input", place)
        found += breaches(outputs, example.output, "output", place)
        try:
            variables = rules.decide(example.input).variables if rules and not found else {}
            if constraints is not None and not found:
                broken = constraints.violations(example.input, example.output, variables)
                found += [place._replace(message=f"output{v.path}: {v.message}") for v in broken]
            asked = [] if found else prompt.render(example.input, variables)
        except RoadworthyError as error:
            found.append(place._replace(message=error.message))
            asked = []
        faults += found
        answer = {"role": "assistant", "content": _answer(definition, example.output)}
        expanded += [
            Template(role=message["role"], source=message["content"], file=file, literal=True)
            for message in [*asked, answer]
        ]
    before = tuple(t for t in definition.templates if t.role != "user")
    templates = (*before, *expanded, *asking)
    return msgspec.structs.replace(definition, templates=templates), faults


def _rules(definition: TaskDefinition, root: Path | None) -> RuleSet:
    references = python_references(definition.rules) if root is not None else ()
    if root is None or not references:
        return RuleSet(definition)
    return RuleSet(definition, load_functions(references, root.resolve()))


def _answer(definition: TaskDefinition, output: Any) -> str:
    if definition.output_schema is None and isinstance(output, str):
        return output
    return msgspec.json.encode(output).decode()


def breaches(
    validator: jsonschema_rs.Draft202012Validator, value: Any, what: str, place: Fault
) -> list[Fault]:
    """Where the value breaks the schema, as faults at this place."""
    faults = []
    for error in validator.iter_errors(value):
        where = ".".join(str(part) for part in (what, *error.instance_path))
        message = error.message
        if len(message) > MAX_SHOWN:
            message = f"{message[:MAX_SHOWN]}…"
        faults.append(place._replace(message=f"{where}: {message}"))
    return faults
