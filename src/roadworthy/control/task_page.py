"""What the pages of tasks say: contract, what enforces it, settings, figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from markupsafe import Markup

from roadworthy.conformance import Loss, Target
from roadworthy.control.drawing.chain_graph import chain_graph
from roadworthy.control.drawing.chain_picture import chain_picture
from roadworthy.control.drawing.formats import clip, pretty_json, share, visible
from roadworthy.control.links import link, task_link
from roadworthy.control.outcomes import OUTCOMES
from roadworthy.control.source import Definition
from roadworthy.core import Mode, Purpose, RuleEffect
from roadworthy.pipeline.enforcement import (
    TARGETS,
    ComparedKeyword,
    Comparison,
    Enforcement,
    Hold,
    compare_targets,
    enforcement_of,
    hold_of,
)
from roadworthy.storage.views import Figures, Overview
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.schema_fields import FieldTable, field_table

__all__ = [
    "HOLDS",
    "MODES",
    "PURPOSES",
    "RULE_EFFECTS",
    "Cell",
    "HoldStyle",
    "KeywordRow",
    "OutcomeRow",
    "SchemaView",
    "TaskRow",
    "TaskView",
    "schema_view",
    "task_rows",
    "task_view",
]

MODES: Final[Mapping[Mode, str]] = {
    "grammar": "grammar",
    "strict": "strict schema",
    "tool": "one forced function",
    "json": "JSON mode",
    "prompt": "words in the prompt",
    "none": "nothing",
}
"""By what an attempt asks for structure, for people."""
PURPOSES: Final[Mapping[Purpose, str]] = {
    "answer": "answer",
    "reask": "asked again",
    "vote": "vote",
    "choose": "likelihood of a field's values",
    "calibrate": "likelihood without any content",
}
"""What an attempt was for, for people."""
RULE_EFFECTS: Final[Mapping[RuleEffect, str]] = {
    "answer": "answers",
    "deny": "denies",
    "set": "sets a variable",
    "fill": "fills a field",
    "model": "chooses a model",
}
"""What a rule does, for people."""
MAX_KEYWORDS: Final = 60
MAX_JSON_CHARS: Final = 60_000
MAX_OTHERS: Final = 100
"""Callers choose the names of what is not served."""
_PLAIN_REASON: Final = "does not enforce it"


class HoldStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How one way in which a keyword holds is named, told and drawn."""

    label: str
    sentence: str
    icon: str
    """An SVG path in a box of 12 by 12, drawn as a line."""


HOLDS: Final[Mapping[Hold, HoldStyle]] = {
    "enforced": HoldStyle(
        label="enforced",
        sentence="binds while the model writes",
        icon="M2 6.5 5 9.5 10.5 3",
    ),
    "told": HoldStyle(
        label="in words",
        sentence="the model is told of it, and we validate it",
        icon="M1.5 2.5h9v6h-5l-2.5 2v-2h-1.5Z",
    ),
    "validated": HoldStyle(
        label="validated",
        sentence="the model does not hear of it, and we validate it",
        icon="M6 1 10.5 2.8v3c0 2.5-2 4.4-4.5 5.2C3.5 10.2 1.5 8.3 1.5 5.8v-3Z",
    ),
    "narrowed": HoldStyle(
        label="narrower",
        sentence="some answers that the schema allows cannot be given",
        icon="M1 3l4 3-4 3M11 3 7 6l4 3",
    ),
}


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """How a keyword holds at one place."""

    hold: Hold
    reason: str = ""
    """Only where it says more than that it is not enforced."""


class KeywordRow(msgspec.Struct, frozen=True, kw_only=True):
    """One keyword: as the task is served now, then at each target; None: nothing binds there."""

    path: str
    keyword: str
    here: Cell
    there: tuple[Cell | None, ...]


class OutcomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that ended in one way."""

    name: str
    calls: int
    share: str
    href: str


class SchemaView(msgspec.Struct, frozen=True, kw_only=True):
    """One schema, readable and raw."""

    fields: FieldTable
    json: str
    hidden: int
    """How many characters of the JSON are left out."""


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task, ready to be shown."""

    name: str
    definition: Definition | None
    """None: it is not served now, or is the implicit task of a model."""
    input: SchemaView | None = None
    output: SchemaView | None = None
    enforcement: Enforcement | None = None
    comparison: Comparison | None = None
    keywords: tuple[KeywordRow, ...] = ()
    more_keywords: int = 0
    parameters: str = ""
    picture: Markup | None = None
    """Of the steps of a chain."""
    prompt: tuple[tuple[str, str, str], ...] = ()
    """Role, file and source of each template; few-shot examples are only counted."""
    examples: int = 0
    figures: Figures
    outcomes: tuple[OutcomeRow, ...] = ()
    span: str

    @property
    def targets(self) -> Mapping[Target, str]:
        return TARGETS


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of tasks."""

    name: str
    definition: Definition | None
    enforcement: Enforcement | None
    figures: Figures | None


def task_view(
    name: str, definition: Definition | None, overview: Overview, *, span: str
) -> TaskView:
    """``overview`` holds this task's figures and no others."""
    figures = overview.total
    outcomes = tuple(_outcomes(name, figures, span))
    if definition is None:
        return TaskView(name=name, definition=None, figures=figures, outcomes=outcomes, span=span)
    task = definition.task
    asks = bool(task.model)
    enforcement = enforcement_of(task, definition.model) if asks else None
    checked = task.output_schema if asks else None
    comparison = None if checked is None else compare_targets(checked)
    rows = () if enforcement is None or comparison is None else _rows(enforcement, comparison)
    return TaskView(
        name=name,
        definition=definition,
        input=schema_view(task.input_schema),
        output=None if task.output_schema is None else schema_view(task.output_schema),
        enforcement=enforcement,
        comparison=comparison,
        keywords=rows[:MAX_KEYWORDS],
        more_keywords=max(0, len(rows) - MAX_KEYWORDS),
        parameters=visible(pretty_json(task.parameters)) if task.parameters else "",
        picture=_picture(task),
        prompt=tuple(
            (template.role, template.file, visible(template.source))
            for template in task.templates
            if not template.literal
        ),
        examples=sum(template.literal for template in task.templates),
        figures=figures,
        outcomes=outcomes,
        span=span,
    )


def task_rows(
    names: Iterable[str], definitions: Mapping[str, Definition], overview: Overview
) -> list[TaskRow]:
    """The list of tasks: those that are served, then the busiest `MAX_OTHERS` of the rest.
    ``overview`` holds all tasks' figures."""
    figures = {found.task: found.figures for found in overview.tasks}
    served: list[TaskRow] = []
    others: list[TaskRow] = []
    for name in names:
        found = definitions.get(name)
        row = TaskRow(
            name=name,
            definition=found,
            enforcement=_enforced(found),
            figures=figures.get(name),
        )
        (others if found is None else served).append(row)
    others.sort(key=lambda row: (-row.figures.calls if row.figures else 0, row.name))
    return [*sorted(served, key=lambda row: row.name), *others[:MAX_OTHERS]]


def _enforced(found: Definition | None) -> Enforcement | None:
    if found is None or not found.task.model:
        return None
    return enforcement_of(found.task, found.model)


def _picture(task: TaskDefinition) -> Markup | None:
    if task.chain is None:
        return None
    tasks = {step.name: step.task for step in task.chain.steps}
    return chain_picture(
        chain_graph(task.chain),
        links=lambda name: task_link(tasks[name]) if name in tasks else None,
    )


def schema_view(schema: dict[str, Any]) -> SchemaView:
    """The schema as a table of fields, and as JSON of a bounded size."""
    text, hidden = clip(pretty_json(schema), limit=MAX_JSON_CHARS)
    return SchemaView(fields=field_table(schema), json=visible(text), hidden=hidden)


def _rows(enforcement: Enforcement, comparison: Comparison) -> tuple[KeywordRow, ...]:
    """Every keyword that is not enforced here or somewhere else."""
    here = {(loss.path, loss.keyword): loss for loss in enforcement.losses}
    there = {(row.path, row.keyword): row for row in comparison.keywords}
    return tuple(
        KeywordRow(
            path=path,
            keyword=keyword,
            here=_cell_here(enforcement, here.get((path, keyword))),
            there=_cells(comparison, there.get((path, keyword))),
        )
        for path, keyword in sorted({*here, *there})
    )


def _cell_here(enforcement: Enforcement, loss: Loss | None) -> Cell:
    if loss is not None:
        return Cell(hold=hold_of(loss), reason=_told(loss.reason))
    if enforcement.binds:
        return Cell(hold="enforced")
    return Cell(hold="validated" if enforcement.mode == "none" else "told")


def _cells(comparison: Comparison, row: ComparedKeyword | None) -> tuple[Cell | None, ...]:
    def cell(target: Target) -> Cell | None:
        if target in comparison.unusable:
            return None
        if row is None:
            return Cell(hold="enforced")
        return Cell(hold=row.holds[target], reason=_told(row.reasons.get(target, "")))

    return tuple(cell(target) for target in TARGETS)


def _told(reason: str) -> str:
    return "" if reason.endswith(_PLAIN_REASON) else reason


def _outcomes(name: str, figures: Figures, span: str) -> Iterable[OutcomeRow]:
    for outcome in OUTCOMES:
        calls = figures.outcomes.get(outcome, 0)
        if calls:
            yield OutcomeRow(
                name=outcome,
                calls=calls,
                share=share(calls, figures.calls),
                href=link("/calls", task=name, outcome=outcome, since=span),
            )
