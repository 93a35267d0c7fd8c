"""What is wrong with a draft that came over the network: all that can be told from its values.

A draft usually comes from `roadworthy publish`, which has loaded the files and found them good.
It may come from anywhere: what is published is immutable and gets served, so everything that the
loader of files holds is held here again, and digests are made anew, never believed. What only
files can tell is not asked: whether the model is bound here, say, which serving finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from roadworthy.control.registry_api.chain_check import (
    chain_problems,
    embedding_problems,
    rules_body_problems,
)
from roadworthy.control.registry_api.rules_check import rule_problems, voting_problems
from roadworthy.core.documents import Document
from roadworthy.core.errors import InvalidInput, InvalidRequest, ProjectError
from roadworthy.registry import Draft, Version
from roadworthy.tasks import (
    Case,
    CompiledPrompt,
    ConstraintSet,
    Suite,
    TaskDefinition,
    conversation_field,
    definition_digest,
    is_task_name,
)
from roadworthy.tasks.asked_models import embedded_tasks
from roadworthy.tasks.cases import case_input
from roadworthy.tasks.expectations import About, expected_fields, read_check
from roadworthy.tasks.parameters import check_parameters
from roadworthy.tasks.rules import variable_names
from roadworthy.tasks.schemas import schema_problems, validator_of
from roadworthy.tasks.template_check import check_templates, included_blocks

__all__ = ["check_versions", "checked_draft"]

MAX_COMMIT: Final = 200
MAX_SHOWN: Final = 20
MAX_RUNS: Final = 1_000
MAX_REASKS: Final = 10
MAX_TIMEOUT_S: Final = 3_600
_NOWHERE: Final[Document[Any]] = Document(file="parameters", value=None, faults=[])


def checked_draft(draft: Draft, *, task: str) -> Draft:
    """The draft with digests of our own, for the task that the address names.

    Raises:
        InvalidRequest: it is another task's, or has faults; all of them are told.
    """
    definition = draft.definition
    if definition.name != task:
        raise InvalidRequest(
            f"The body is a draft of {definition.name[:80]!r}; the address names {task[:80]!r}.",
            param="definition.name",
        )
    faults = [*_of_words(draft), *_of_content(definition, draft.suite)]
    if faults:
        raise InvalidRequest(f"The draft cannot be published: {_told(faults)}.")
    bare = msgspec.structs.replace(definition, version="working", digest="")
    ours = msgspec.structs.replace(bare, digest=definition_digest(bare))
    return msgspec.structs.replace(draft, definition=ours)


def check_versions(bundle: dict[str, Any]) -> None:
    """Hold the versions of an export to the same.

    Raises:
        InvalidRequest: one of them has faults.
    """
    try:
        versions = msgspec.convert(bundle["versions"], tuple[Version, ...])
    except KeyError as error:
        raise InvalidRequest("This is no export of a registry: it has no versions.") from error
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"This is no export of a registry: {error}.") from error
    for version in versions:
        row, definition = version.row, version.definition
        faults = [] if is_task_name(row.task) else ["no task can be called so"]
        faults += _of_content(definition, version.suite)
        if faults:
            raise InvalidRequest(
                f"{row.task[:80]!r} {row.version[:40]} cannot be taken: {_told(faults)}."
            )


def _told(faults: list[str]) -> str:
    more = len(faults) - MAX_SHOWN
    return "; ".join(faults[:MAX_SHOWN] + ([f"and {more} more"] if more > 0 else []))


def _of_content(definition: TaskDefinition, suite: Suite) -> list[str]:
    faults = list(_of_definition(definition))
    # Cases can only be held against schemas that compile.
    return faults or list(_of_suite(suite, definition))


def _of_words(draft: Draft) -> Iterator[str]:
    if not is_task_name(draft.definition.name):
        yield f"{draft.definition.name[:80]!r} cannot be a task's name"
    if draft.commit is not None and len(draft.commit) > MAX_COMMIT:
        yield "commit is no id of a commit"


def _of_definition(definition: TaskDefinition) -> Iterator[str]:
    if not 0 <= definition.max_reasks <= MAX_REASKS:
        yield f"max_reasks is not between 0 and {MAX_REASKS}"
    if definition.timeout_s is not None and not 0 < definition.timeout_s <= MAX_TIMEOUT_S:
        yield f"timeout_s is not between 0 and {MAX_TIMEOUT_S}"
    if definition.max_cost_usd is not None and not definition.max_cost_usd > 0:
        yield "max_cost_usd is not above 0"
    yield from _of_sources(definition.sources)
    yield from (fault.message for fault in check_parameters(definition.parameters, _NOWHERE))
    schemas = schema_problems("input", definition.input_schema)
    if definition.output_schema is not None:
        schemas += schema_problems("output", definition.output_schema)
    yield from schemas
    shape = list(embedding_problems(definition))
    shape += [] if schemas else rule_problems(definition)
    yield from shape
    # What follows reads schemas, rules and steps, and has no words for those that are broken.
    if not schemas and not shape:
        yield from _of_body(definition)
        yield from voting_problems(definition)
        yield from _of_constraints(definition)
        yield from _of_embedded(definition)


def _of_body(definition: TaskDefinition) -> Iterator[str]:
    if definition.chain is not None:
        yield from chain_problems(definition)
    elif not definition.model:
        yield from rules_body_problems(definition)
    else:
        yield from _of_prompt(definition)


def _of_embedded(definition: TaskDefinition) -> Iterator[str]:
    for name, task in embedded_tasks(definition).items():
        if is_task_name(name):
            yield from (f"{name}: {what}" for what in _of_definition(task))
        else:
            yield f"{name[:80]!r} cannot be a task's name"


def _of_prompt(definition: TaskDefinition) -> Iterator[str]:
    if not definition.templates and conversation_field(definition.input_schema) is None:
        yield "it has no message to send"
    reached, faults = included_blocks(definition.templates, definition.blocks)
    faults += check_templates(
        definition.templates,
        blocks=definition.blocks,
        input_schema=definition.input_schema,
        schema_file="the input schema",
        variables=variable_names(definition.rules),
    )
    yield from map(str, faults)
    unused = sorted(definition.blocks.keys() - reached.keys())
    if unused:
        yield f"no template includes the block {unused[0][:80]!r}"
    if not faults:
        yield from _of_compiling(definition)


def _of_compiling(definition: TaskDefinition) -> Iterator[str]:
    try:
        CompiledPrompt(definition)
    except ProjectError as error:
        yield from error.faults


def _of_constraints(definition: TaskDefinition) -> Iterator[str]:
    try:
        ConstraintSet(definition)
    except ProjectError as error:
        yield from error.faults


def _of_suite(suite: Suite, definition: TaskDefinition) -> Iterator[str]:
    if not 1 <= suite.n <= MAX_RUNS:
        yield f"[test] n is not between 1 and {MAX_RUNS:,}"
    yield from _of_sources(suite.sources)
    about = About.of(definition, suite.sources)
    for data in suite.checks:
        yield from _of_check(data, about, place="a check of every case")
    validator, ids = validator_of(definition.input_schema), set[str]()
    for number, case in enumerate(suite.cases, 1):
        place = f"case {number}"
        try:
            if not validator.is_valid(case_input(case, definition)):
                yield f"{place}: the input does not satisfy the input schema"
        except InvalidInput:
            yield f"{place}: the task takes no such conversation, and there is no input"
        if case.id and case.id in ids:
            yield f"{place}: another case has its id"
        ids.add(case.id)
        for data in case.checks:
            yield from _of_check(data, about, place=place)
        for expected in [] if case.expect is None else expected_fields(case.expect):
            yield from (f"{place}: expect: {what}" for what in expected.faults(about))
        yield from _of_steps(case, definition, suite, place)


def _of_steps(case: Case, definition: TaskDefinition, suite: Suite, place: str) -> Iterator[str]:
    """What is wrong with what a case expects of single steps."""
    chain = definition.chain
    steps = {} if chain is None else {step.name: chain.tasks[step.task] for step in chain.steps}
    for name, expected in case.steps.items():
        if name not in steps:
            yield f"{place}: there is no step {name[:80]!r}"
            continue
        about = About.of(steps[name], suite.sources)
        for data in expected.checks:
            yield from _of_check(data, about, place=f"{place}, step {name}")
        for field in [] if expected.expect is None else expected_fields(expected.expect):
            yield from (f"{place}, step {name}: expect: {what}" for what in field.faults(about))


def _of_sources(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with names of Python files: installed files are looked up by them."""
    for name in names:
        path = PurePosixPath(name)
        inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
        if not inside or not name.endswith(".py") or not name.isprintable():
            yield f"{name[:80]!r} is no Python file within the project"


def _of_check(data: dict[str, Any], about: About, *, place: str) -> Iterator[str]:
    check, messages = read_check(data)
    messages += [] if check is None else check.kind.faults(about)
    yield from (f"{place}: {message}" for message in messages)
