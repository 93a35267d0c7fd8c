"""`rules.toml`, checked as it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from roadworthy.core.documents import Document, Fault, SourceFolder, read_toml
from roadworthy.expressions import SchemaType, schema_type
from roadworthy.tasks.definition import ConstraintDefinition, RuleDefinition
from roadworthy.tasks.fields import input_fields
from roadworthy.tasks.rules.checking import ConstraintChecking
from roadworthy.tasks.rules.conditions import Conditions
from roadworthy.tasks.rules.rule_checking import RuleChecking, RulesAbout, scope_of
from roadworthy.tasks.rules.shadows import idle_rules
from roadworthy.tasks.rules.tables import RULES_FILE, RulesFile
from roadworthy.tasks.rules.values import Functions

__all__ = ["LoadedRules", "always_ends", "load_rules"]


@dataclass(kw_only=True)
class LoadedRules:
    """What the file says."""

    rules: tuple[RuleDefinition, ...] = ()
    constraints: tuple[ConstraintDefinition, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    """Texts of the Python files that the rules run, by path in the project."""
    variables: dict[str, SchemaType] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def load_rules(task: str, text: str, about: RulesAbout, project: SourceFolder) -> LoadedRules:
    """The rules and constraints of a task, and everything that is wrong with them."""
    document = read_toml(text, RulesFile, file=f"tasks/{task}/{RULES_FILE}")
    loaded = LoadedRules(faults=list(document.faults))
    functions = Functions(task, project)
    _check_rules(document, text, about, functions, loaded)
    _check_constraints(document, text, about, loaded)
    if document.value is not None and not loaded.faults:
        made = [table.definition() for table in document.value.rule]
        rules = [rule for rule in made if rule is not None]
        for idle in idle_rules(rules, about.input_schema or {}, about.body):
            key = "name" if rules[idle.number].when is None else "when"
            message = f"{key}: {idle.message}"
            loaded.faults.append(document.fault(message, "rule", idle.number, key))
        _check_bindings(document, about, loaded)
        loaded.rules = tuple(_placed(rule, functions) for rule in rules)
        loaded.constraints = tuple(table.definition() for table in document.value.constraint)
        loaded.sources = functions.sources
    return loaded


def always_ends(rules: tuple[RuleDefinition, ...]) -> bool:
    """Whether no input gets past these rules."""
    return any(rule.when is None and rule.effect in ("answer", "deny") for rule in rules)


def _check_rules(
    document: Document[RulesFile],
    text: str,
    about: RulesAbout,
    functions: Functions,
    loaded: LoadedRules,
) -> None:
    names: set[str] = set()
    # As they were written: what is said of one table is no less true if another is incomplete.
    for index, table in _tables(document, "rule"):
        checking = RuleChecking(document, text, index, table)
        checking.unique(names)
        checking.effects(about)
        scope = scope_of(about, loaded.variables)
        if scope is not None:
            checking.condition("when", scope)
            checking.answer(about, scope)
            found = checking.variables(scope, functions, loaded.variables)
            loaded.variables = loaded.variables | found
            if about.output_schema is not None and about.body == "prompt":
                checking.fills(scope, functions, about.output_schema)
        loaded.faults += checking.faults
    if loaded.variables and "vars" in input_fields(about.input_schema or {}):
        message = 'rule: the input has a field "vars", which hides the variables; rename it'
        loaded.faults.append(document.fault(message, "rule"))


def _check_constraints(
    document: Document[RulesFile], text: str, about: RulesAbout, loaded: LoadedRules
) -> None:
    names: set[str] = set()
    tables = _tables(document, "constraint")
    if tables and about.free_text:
        message = (
            "constraints hold of an answer that has a schema; add [output] to task.toml,"
            ' such as type = "string"'
        )
        loaded.faults.append(document.fault(message, "constraint"))
        return
    for index, table in tables:
        checking = ConstraintChecking(document, text, index, table)
        checking.unique(names)
        checking.words("message", "what is wrong, the model is told so")
        if about.output_schema is not None:
            checking.places(schema_type(about.output_schema))
            scope = scope_of(about, loaded.variables)
            if scope is not None:
                checking.conditions({**scope, "output": about.output_schema})
        loaded.faults += checking.faults


def _check_bindings(document: Document[RulesFile], about: RulesAbout, loaded: LoadedRules) -> None:
    """Constraints that can never bind are as good as none."""
    schemas = {"input": about.input_schema or {}, "output": about.output_schema or {}}
    conditions = Conditions(schemas)
    for index, table in enumerate([] if document.value is None else document.value.constraint):
        if not conditions.can_be(conditions.formula(table.when, "true")):
            message = "when: can never come out true, so that the constraint never binds"
            loaded.faults.append(document.fault(message, "constraint", index, "when"))


def _tables(document: Document[RulesFile], kind: str) -> list[tuple[int, dict[str, Any]]]:
    tables = document.data.get(kind)
    written = enumerate(tables if isinstance(tables, list) else [])
    return [(index, table) for index, table in written if isinstance(table, dict)]


def _placed(rule: RuleDefinition, functions: Functions) -> RuleDefinition:
    """The rule with its Python files named by their places in the project."""
    values = {
        name: {"python": functions.references[value["python"]]} if "python" in value else value
        for name, value in rule.values.items()
    }
    return rule if values == rule.values else msgspec.structs.replace(rule, values=values)
