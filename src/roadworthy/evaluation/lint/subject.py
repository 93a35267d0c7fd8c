"""One task as it is read: its own texts, its examples, what is sent of its schema. Pure, but for
the places, which are looked up in files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.conformance import Plan, compile_schema, plan_request
from roadworthy.core.errors import RoadworthyError
from roadworthy.evaluation.lint.passages import Passage, passages_in
from roadworthy.evaluation.lint.places import Places
from roadworthy.models import Model, modes_from
from roadworthy.models.tokens import TokenCounter
from roadworthy.tasks import Suite, TaskDefinition, Template
from roadworthy.tasks.cases import case_input
from roadworthy.tasks.rules.functions import UnusableFunction, load_functions
from roadworthy.tasks.rules.variables import python_references
from roadworthy.tasks.ruleset import RuleSet, Ruling
from roadworthy.tasks.template_source import includes

__all__ = ["MOST_CASES", "Asked", "Description", "ShownExample", "Subject", "descriptions_of"]

MOST_CASES: Final = 200
"""That are rendered: enough for a mean, and quick."""


class Asked(NamedTuple):
    """What a prompt is rendered with."""

    input: Mapping[str, Any]
    variables: Mapping[str, Any]
    """What the task's rules set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExample:
    """A few-shot example, as the messages that it is sent as."""

    number: int
    """From 1."""
    asked: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A description in the output schema."""

    path: str
    """Of the field: ``lines[].price``; empty: of the whole answer."""
    text: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is looked at."""

    definition: TaskDefinition
    suite: Suite
    model: Model | None
    """None: it has none of its own, or it is not bound here."""
    counter: TokenCounter
    places: Places
    root: Path | None = None
    """The project's folder, for rules in Python; None: there is none."""

    @property
    def task(self) -> str:
        return self.definition.name

    @cached_property
    def asked(self) -> list[Asked]:
        """What the cases ask the model, at most `MOST_CASES` of them, spread over the file; those
        that a rule ends are left out."""
        cases = self.suite.cases
        rules = _rules(self.definition, self.root)
        found = []
        for case in cases[:: max(1, math.ceil(len(cases) / MOST_CASES))]:
            try:
                given = case_input(case, self.definition)
                ruling = Ruling() if rules is None else rules.decide(given)
            except RoadworthyError:
                continue  # no call of it would get as far as a prompt
            if ruling.answer is msgspec.UNSET and ruling.denied is None:
                found.append(Asked(given, ruling.variables))
        return found

    @cached_property
    def own(self) -> list[Template]:
        """The templates that somebody wrote, without expanded examples."""
        return [template for template in self.definition.templates if not template.literal]

    @cached_property
    def plan(self) -> Plan | None:
        """How the model is asked for the output; None: free text, or no model is asked."""
        if self.definition.output_schema is None or self.model is None:
            return None
        modes = modes_from(self.model.capabilities.modes, self.definition.mode)
        schema = compile_schema(self.definition.output_schema)
        return plan_request(schema, modes, name=self.task)

    @property
    def schema_sent(self) -> str:
        """What the model is told of the output schema; empty where nothing but a grammar, which it
        does not read, speaks of it."""
        if self.plan is None:
            return ""
        if self.plan.instruction is not None:
            return self.plan.instruction
        if self.plan.structured is None or self.plan.mode == "grammar":
            return ""
        return msgspec.json.encode(self.plan.structured.schema).decode()

    @cached_property
    def examples(self) -> list[ShownExample]:
        found: list[ShownExample] = []
        asked: list[str] = []
        for template in self.definition.templates:
            if template.literal and template.role == "assistant":
                number = len(found) + 1
                found.append(
                    ShownExample(number=number, asked="\n".join(asked), answer=template.source)
                )
                asked = []
            elif template.literal:
                asked.append(template.source)
        return found

    @cached_property
    def inclusions(self) -> list[tuple[str, str, int]]:
        """Every time that a block is put into a message: its name, the file, the line."""
        found: list[tuple[str, str, int]] = []

        def follow(file: str, source: str, trail: tuple[str, ...]) -> None:
            for include in includes(source):
                known = [name for name in include.names if name in self.definition.blocks]
                for name in known[:1]:  # several names mean the first that exists
                    if name not in trail:
                        found.append((name, file, include.line))
                        block = self.definition.blocks[name]
                        follow(f"blocks/{name}", block, (*trail, name))

        for template in self.own:
            follow(template.file, template.source, ())
        return found

    @cached_property
    def passages(self) -> list[Passage]:
        """What the author wrote, in messages and in blocks, each block once."""
        found: list[Passage] = []
        for template in self.own:
            where = f"the {template.role} message"
            found += passages_in(template.source, file=template.file, where=where)
        for name in dict.fromkeys(name for name, _, _ in self.inclusions):
            source = self.definition.blocks[name]
            found += passages_in(source, file=f"blocks/{name}", where=f"block {name}")
        return found

    @property
    def sources(self) -> list[tuple[str, str]]:
        """Every template and block, by its file."""
        blocks = self.definition.blocks.items()
        return [*((t.file, t.source) for t in self.own), *((f"blocks/{n}", s) for n, s in blocks)]


def _rules(definition: TaskDefinition, root: Path | None) -> RuleSet | None:
    """The task's rules; None: it has none, or what they compute with is not here."""
    references = python_references(definition.rules)
    if not definition.rules or (references and root is None):
        return None
    try:
        functions = load_functions(references, root.resolve()) if root and references else None
        return RuleSet(definition, functions)
    except (RoadworthyError, UnusableFunction):
        return None


def descriptions_of(schema: Any, path: str = "") -> Iterator[Description]:
    """The descriptions in a schema, in their order."""
    if not isinstance(schema, dict):
        return
    text = schema.get("description")
    if isinstance(text, str) and text.strip():
        yield Description(path=path, text=text)
    properties = schema.get("properties")
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        yield from descriptions_of(inner, f"{path}.{name}" if path else str(name))
    yield from descriptions_of(schema.get("items"), f"{path}[]")
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(keyword)
        for inner in branches if isinstance(branches, list) else ():
            yield from descriptions_of(inner, path)
