"""What is wrong with the body of a draft that came over the network, where that is a chain, or
rules alone. Pure.

The types of wires are not looked at again: what does not fit fails the step that meets it, and
`roadworthy check` has told its author.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from roadworthy.core.errors import ProjectError
from roadworthy.pipeline.chain.plan import compile_chain
from roadworthy.tasks import TaskDefinition, definition_digest
from roadworthy.tasks.asked_models import embedded_tasks
from roadworthy.tasks.chain.paths import PathError, is_step_name, parse_path
from roadworthy.tasks.definition import ChainDefinition
from roadworthy.tasks.rules import always_ends

__all__ = ["chain_problems", "embedding_problems", "rules_body_problems"]

MAX_STEPS = 200
MAX_DEPTH = 20


def chain_problems(definition: TaskDefinition) -> Iterator[str]:
    """What is wrong with the steps and wires of a task that has a chain."""
    chain = definition.chain
    assert chain is not None
    if definition.model or definition.templates or definition.parameters:
        yield "a chain has no model, no prompt and no parameters of its own"
    if not 1 <= len(chain.steps) <= MAX_STEPS:
        yield f"a chain has 1 to {MAX_STEPS} steps"
    problems = [*_of_steps(chain), *_of_wires(chain)]
    yield from problems
    if not problems:
        try:
            compile_chain(definition)
        except ProjectError as error:
            yield from error.faults


def rules_body_problems(definition: TaskDefinition) -> Iterator[str]:
    """What is wrong with a task of which rules alone answer."""
    if not definition.rules:
        yield "it names no model"
    elif not always_ends(definition.rules):
        yield "it names no model, and no rule of it always answers"
    if definition.templates:
        yield "it has a prompt, and no model to send it to"


def embedding_problems(definition: TaskDefinition) -> Iterator[str]:
    """What is wrong with the tasks that a definition brings along: they are pinned by name and
    digest."""
    if _depth(definition, MAX_DEPTH) > MAX_DEPTH:
        yield f"its steps are nested more than {MAX_DEPTH} deep"
        return
    for name, task in embedded_tasks(definition).items():
        if task.name != name:
            yield f"{name[:80]!r} stands for a task of another name"
        if task.digest != definition_digest(task):
            yield f"the step's task {name[:80]!r} is not what its digest says"


def _depth(definition: TaskDefinition, left: int) -> int:
    if left < 0:
        return 1
    inner = (_depth(task, left - 1) for task in embedded_tasks(definition).values())
    return 1 + max(inner, default=-1)


def _of_steps(chain: ChainDefinition) -> Iterator[str]:
    names = Counter(step.name for step in chain.steps)
    for name, count in names.items():
        if not is_step_name(name):
            yield f"{name[:80]!r} cannot be a step's name"
        if count > 1:
            yield f"{count} steps are called {name[:80]!r}"
    for step in chain.steps:
        for task in (step.task, *([step.fallback] if step.on_error == "task" else [])):
            if task not in chain.tasks:
                yield f"step {step.name[:80]!r} runs {task[:80]!r}, which the draft does not hold"
        if not set(step.needs) <= names.keys():
            yield f"step {step.name[:80]!r} needs what is no step"
        if not 1 <= step.concurrency <= MAX_STEPS:
            yield f"the concurrency of step {step.name[:80]!r} is not between 1 and {MAX_STEPS}"


def _of_wires(chain: ChainDefinition) -> Iterator[str]:
    for step in chain.steps:
        paths = [*step.wires.values(), *([] if step.for_each is None else [step.for_each])]
        known = {"input", *step.needs} | ({"item"} if step.for_each is not None else set())
        for text in paths:
            yield from _of_path(text, known, f"step {step.name[:80]!r}")
    names = {"input", *(step.name for step in chain.steps)}
    for text in chain.output.values():
        yield from _of_path(text, names, "the output")
    if not chain.output:
        yield "nothing is wired to the output"


def _of_path(text: str, known: set[str], place: str) -> Iterator[str]:
    try:
        source = parse_path(text).source
    except PathError as error:
        yield f"{place}: {error}"
        return
    if source not in known:
        yield f"{place} reads {source[:80]!r}, which does not stand before it"
