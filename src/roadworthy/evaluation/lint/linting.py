"""From a project's files, or from one definition, to what there is to say of its prompts.

No model is asked, and nothing is recorded. Called by `roadworthy lint` and by the control plane.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from roadworthy.core.documents import did_you_mean
from roadworthy.core.errors import ProjectError, UnknownTask
from roadworthy.evaluation.lint.contexts import doubtful_contexts
from roadworthy.evaluation.lint.contradictions import contradictions
from roadworthy.evaluation.lint.examples import alike_examples, cases_in_prompt
from roadworthy.evaluation.lint.findings import Finding, allowed_in, kept
from roadworthy.evaluation.lint.names import unused_blocks, unused_inputs, unused_variables
from roadworthy.evaluation.lint.places import Places
from roadworthy.evaluation.lint.prefix import prefix_of, uncached_prefix
from roadworthy.evaluation.lint.repeats import repeated_blocks, repeated_text
from roadworthy.evaluation.lint.report import LintReport, TaskLint, Weight
from roadworthy.evaluation.lint.schema_conflicts import schema_conflicts
from roadworthy.evaluation.lint.subject import Subject
from roadworthy.evaluation.lint.weights import lengths_of, weights_of
from roadworthy.models import Model, implicit_model
from roadworthy.models.tokens import counter_of
from roadworthy.tasks import Project, Suite, TaskDefinition, survey_project

__all__ = ["bound_to", "lint_project", "lint_task"]

_FAULT: Final = re.compile(r"(?P<file>[^:\n]+?)(?::(?P<line>\d+))?: (?P<message>.*)", re.DOTALL)
_READ: Final[tuple[Callable[[Subject], Iterator[Finding]], ...]] = (
    repeated_text,
    repeated_blocks,
    alike_examples,
    cases_in_prompt,
    contradictions,
    schema_conflicts,
    unused_variables,
    doubtful_contexts,
    uncached_prefix,
)


def lint_project(
    root: Path,
    *,
    tasks: Collection[str] = (),
    environment: str | None = None,
    ignored: Collection[str] = (),
) -> LintReport:
    """What there is to say of these tasks, or of all. Faults that keep a task from being loaded are
    findings like others; the tasks without one are read all the same.

    Raises:
        UnknownTask: there is no task of that name.
    """
    began_s = time.perf_counter()
    try:
        project = survey_project(root, environment=environment)
    except ProjectError as error:
        faults = [_fault(text) for text in error.faults]
        return LintReport(findings=tuple(faults), seconds=time.perf_counter() - began_s)
    names = _chosen(project, tasks)
    found = [_fault(text) for text in project.faults if _concerns(text, tasks)]
    if not tasks and not project.faults:
        found += unused_blocks(project.blocks, project.tasks.values())
    linted = [
        lint_task(
            project.tasks[name],
            project.suites.get(name, Suite()),
            model=bound_to(project, project.tasks[name]),
            root=root,
            ignored=ignored,
        )
        for name in names
    ]
    return LintReport(
        tasks=tuple(linted),
        findings=tuple(kept(found, {}, ignored)),
        seconds=round(time.perf_counter() - began_s, 3),
    )


def lint_task(
    definition: TaskDefinition,
    suite: Suite,
    *,
    model: Model | None,
    root: Path | None = None,
    ignored: Collection[str] = (),
) -> TaskLint:
    """What there is to say of one task. ``root`` is the project's folder, for lines of files other
    than templates; ``model`` None: it has none, or it is not known here."""
    counter = counter_of(model)
    subject = Subject(
        definition=definition,
        suite=suite,
        model=model,
        counter=counter,
        places=Places(root, definition.name),
        root=root,
    )
    findings: list[Finding] = list(unused_inputs(subject))
    if not definition.templates:
        return TaskLint(
            task=definition.name,
            body="rules" if definition.chain is None else "chain",
            findings=tuple(kept(findings, {}, ignored)),
        )
    for read in _READ:
        findings += read(subject)
    weights = tuple(weights_of(subject))
    lengths = lengths_of(subject)
    return TaskLint(
        task=definition.name,
        model=definition.model,
        estimated=counter.estimated,
        weights=weights,
        fixed=round(sum(weight.tokens for weight in weights if _is_fixed(weight))),
        mean=None if lengths.mean is None else round(lengths.mean, 1),
        most=lengths.most,
        cases=lengths.cases,
        prefix=prefix_of(subject).tokens,
        schema_by="" if subject.plan is None else subject.plan.mode,
        findings=tuple(kept(findings, allowed_in(subject.sources), ignored)),
    )


def bound_to(project: Project, definition: TaskDefinition) -> Model | None:
    """What the task's model stands for here; None: it has none, or it is not bound."""
    if not definition.model:
        return None
    return project.models.get(definition.model) or implicit_model(definition.model, os.environ)


def _is_fixed(weight: Weight) -> bool:
    return weight.sent and not weight.part and weight.kind not in ("input", "context")


def _chosen(project: Project, tasks: Collection[str]) -> Sequence[str]:
    if not tasks:
        return list(project.tasks)
    for name in tasks:
        if name not in project.tasks and not any(
            _concerns(text, [name]) for text in project.faults
        ):
            near = did_you_mean(name, project.tasks)
            raise UnknownTask(f"the project {project.root} has no task {name!r}{near}")
    return [name for name in dict.fromkeys(tasks) if name in project.tasks]


def _concerns(fault: str, tasks: Iterable[str]) -> bool:
    """Whether the fault is one of these tasks'; of none in particular: always."""
    named = list(tasks)
    return not named or any(fault.startswith(f"tasks/{name}/") for name in named)


def _fault(text: str) -> Finding:
    found = _FAULT.fullmatch(text)
    if found is None:
        return Finding(code="fault", level="fault", file="roadworthy.toml", line=0, message=text)
    file = found["file"]
    return Finding(
        code="fault",
        level="fault",
        task=file.split("/")[1] if file.startswith("tasks/") else "",
        file=file,
        line=int(found["line"] or 0),
        message=found["message"],
    )
