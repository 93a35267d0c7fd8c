"""What is wrong with a draft that came over the network: all that can be told from its values.

A draft usually comes from `roadworthy publish`, which has loaded the files and found them good.
It may come from anywhere: what is published is immutable and gets served, so everything that the
loader of files holds is held here again, and digests are made anew, never believed. What only
files can tell is not asked: whether the model is bound here, say, which serving finds out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from roadworthy.core.documents import Document
from roadworthy.core.errors import InvalidRequest, ProjectError
from roadworthy.registry import Draft
from roadworthy.tasks import (
    CompiledPrompt,
    ConstraintSet,
    Suite,
    TaskDefinition,
    conversation_field,
    definition_digest,
    is_task_name,
)
from roadworthy.tasks.parameters import check_parameters
from roadworthy.tasks.schemas import schema_problems, validator_of
from roadworthy.tasks.template_check import check_templates, included_blocks

__all__ = ["MAX_MESSAGE", "checked_draft"]

MAX_MESSAGE: Final = 10_000
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
    faults = [*_of_words(draft), *_of_definition(definition)]
    faults += _of_suite(draft.suite, definition) if not faults else []
    if faults:
        more = len(faults) - MAX_SHOWN
        told = faults[:MAX_SHOWN] + ([f"and {more} more"] if more > 0 else [])
        raise InvalidRequest("The draft cannot be published: " + "; ".join(told) + ".")
    bare = msgspec.structs.replace(definition, version="working", digest="")
    ours = msgspec.structs.replace(bare, digest=definition_digest(bare))
    return msgspec.structs.replace(draft, definition=ours)


def _of_words(draft: Draft) -> Iterator[str]:
    if not is_task_name(draft.definition.name):
        yield f"{draft.definition.name[:80]!r} cannot be a task's name"
    if len(draft.message) > MAX_MESSAGE:
        yield f"the message is longer than {MAX_MESSAGE:,} characters"
    if draft.commit is not None and len(draft.commit) > MAX_COMMIT:
        yield "commit is no id of a commit"


def _of_definition(definition: TaskDefinition) -> Iterator[str]:
    if not definition.model:
        yield "it names no model"
    if not 0 <= definition.max_reasks <= MAX_REASKS:
        yield f"max_reasks is not between 0 and {MAX_REASKS}"
    if definition.timeout_s is not None and not 0 < definition.timeout_s <= MAX_TIMEOUT_S:
        yield f"timeout_s is not between 0 and {MAX_TIMEOUT_S}"
    yield from (fault.message for fault in check_parameters(definition.parameters, _NOWHERE))
    schemas = schema_problems("input", definition.input_schema)
    if definition.output_schema is not None:
        schemas += schema_problems("output", definition.output_schema)
    yield from schemas
    if not schemas:
        yield from _of_prompt(definition)
        yield from _of_constraints(definition)


def _of_prompt(definition: TaskDefinition) -> Iterator[str]:
    if not definition.templates and conversation_field(definition.input_schema) is None:
        yield "it has no message to send"
    reached, faults = included_blocks(definition.templates, definition.blocks)
    faults += check_templates(
        definition.templates,
        blocks=definition.blocks,
        input_schema=definition.input_schema,
        schema_file="the input schema",
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
    validator = validator_of(definition.input_schema)
    for number, case in enumerate(suite.cases, 1):
        if case.input is None and not case.conversation:
            yield f"case {number} has neither input nor conversation"
        elif case.input is not None and not validator.is_valid(case.input):
            yield f"the input of case {number} does not satisfy the input schema"
    for name in suite.sources:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or not name.endswith(".py"):
            yield f"{name[:80]!r} is no Python file within the task's folder"
