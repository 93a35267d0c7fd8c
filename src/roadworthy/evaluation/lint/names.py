"""What a task declares and nothing reads: input fields, variables, blocks. Pure."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.tasks import TaskDefinition, conversation_field, input_fields
from roadworthy.tasks.prompt import closed_environment, undeclared_names
from roadworthy.tasks.template_source import tags

__all__ = ["unused_blocks", "unused_inputs", "unused_variables"]

EVERYTHING: Final = "*"
_INPUT: Final = re.compile(r"\binput\b(?:\s*\.\s*([A-Za-z_]\w*)|\s*\[\s*[\"']([^\"']+)[\"']\s*\])?")
_VARS: Final = re.compile(r"\bvars\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*[\"']([^\"']+)[\"']\s*\])")
_STRINGS: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_SET: Final = re.compile(r"set\s+([A-Za-z_]\w*)")


def unused_inputs(subject: Subject) -> Iterator[Finding]:
    """Input fields that callers send for nothing."""
    fields = input_fields(subject.definition.input_schema)
    read = _read_fields(subject)
    if EVERYTHING in read:
        return
    for name in fields:
        if name not in read:
            file, line = subject.places.field("input", name)
            yield Finding(
                code="unused-input",
                level="warning",
                task=subject.task,
                file=file,
                line=line,
                message=f'input field "{name}" is read by no template, rule or constraint',
                remedy=f"use it, such as {{{{ {name} }}}} in the prompt, or take it out of the"
                " input",
            )


def unused_variables(subject: Subject) -> Iterator[Finding]:
    """Variables that a template or a rule sets and nothing reads."""
    used = Counter(
        word
        for _, source in subject.sources
        for tag in tags(source)
        for word in re.findall(r"[A-Za-z_]\w*", _STRINGS.sub("''", tag.body))
    )
    for file, source in subject.sources:
        for tag in tags(source):
            found = _SET.match(tag.body) if tag.statement else None
            if found and used[found[1]] == 1:
                yield Finding(
                    code="unused-variable",
                    level="warning",
                    task=subject.task,
                    file=file,
                    line=tag.line,
                    message=f'variable "{found[1]}" is set and never read',
                    remedy="read it, or take the line out",
                )
    yield from _unused_rule_variables(subject)


def unused_blocks(blocks: Mapping[str, str], tasks: Iterable[TaskDefinition]) -> Iterator[Finding]:
    """Blocks of a project that no task includes."""
    included = {name for task in tasks for name in task.blocks}
    for name in sorted(blocks.keys() - included):
        yield Finding(
            code="unused-block",
            level="warning",
            file=f"blocks/{name}",
            line=1,
            message=f'block "{name}" is included by no task',
            remedy=f'include it, as {{% include "{name}" %}}, or delete the file',
        )


def _unused_rule_variables(subject: Subject) -> Iterator[Finding]:
    definition = subject.definition
    texts = [*_expressions(definition), *(source for _, source in subject.sources)]
    read = {a or b for text in texts for a, b in _VARS.findall(text)}
    read |= _python_names(definition)
    for rule in definition.rules:
        for name in rule.values if rule.effect == "set" else ():
            if name not in read:
                file, line = subject.places.rule(rule.name)
                yield Finding(
                    code="unused-variable",
                    level="warning",
                    task=subject.task,
                    file=file,
                    line=line,
                    message=f'rule "{rule.name}" sets vars.{name}, which nothing reads',
                    remedy="read it, or take the rule out",
                )


def _read_fields(subject: Subject) -> set[str]:
    """Names of input fields that something reads; `EVERYTHING`: it cannot be told apart."""
    definition = subject.definition
    environment = closed_environment(())
    read = {name for _, source in subject.sources for name in undeclared_names(environment, source)}
    field = conversation_field(definition.input_schema)
    if field is not None:
        read.add(field)
    for text in _expressions(definition):
        for a, b in _INPUT.findall(text):
            read.add(a or b or EVERYTHING)
    return read | _python_names(definition)


def _expressions(definition: TaskDefinition) -> Iterator[str]:
    """Every expression and path of the task's rules, constraints and steps."""
    for constraint in definition.constraints:
        yield constraint.require
        yield constraint.when or ""
    for rule in definition.rules:
        yield rule.when or ""
        yield from _computed([rule.answer, rule.values])
    chain = definition.chain
    if chain is not None:
        yield from chain.output.values()
        for step in chain.steps:
            yield from (step.when or "", step.for_each or "", *step.wires.values())


def _computed(value: Any) -> Iterator[str]:
    """The expressions in the values of a rule."""
    if isinstance(value, dict):
        found = value.get("cel")
        if isinstance(found, str) and len(value) == 1:
            yield found
        for inner in value.values():
            yield from _computed(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _computed(inner)


def _python_names(definition: TaskDefinition) -> set[str]:
    """What the task's Python rules take, by the names of their parameters."""
    if not any("python" in str(rule.values) for rule in definition.rules):
        return set()
    names: set[str] = set()
    for source in definition.sources.values():
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return {EVERYTHING}
        for node in ast.walk(tree):
            if isinstance(node, ast.arguments):
                names.update(a.arg for a in (*node.posonlyargs, *node.args, *node.kwonlyargs))
                if node.kwarg is not None:
                    names.add(EVERYTHING)
    return names or {EVERYTHING}
