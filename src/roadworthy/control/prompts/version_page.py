"""What the pages of versions say: the list of them, and one of them whole. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from roadworthy.control.call_page import Text
from roadworthy.control.drawing.formats import clip, pretty_json, share, short, visible
from roadworthy.control.links import prompt_link, version_link
from roadworthy.control.prompts.prompt_figures import FigureRow, figure_rows
from roadworthy.control.prompts.tallies import Tally
from roadworthy.control.task_page import SchemaView, schema_view
from roadworthy.evaluation.kept_blame import KeptBlame, kept_blame
from roadworthy.registry import CaseResult, Change, Figures, Level, Pointer, Version, VersionRow
from roadworthy.registry.gate import decide
from roadworthy.tasks import ConstraintDefinition, TaskDefinition
from roadworthy.tasks.cases import Case, Suite, case_id

__all__ = [
    "LEVELS",
    "PAGE_ROWS",
    "BlamedStep",
    "CaseLine",
    "FailedRun",
    "LevelStyle",
    "PromptPart",
    "VersionLine",
    "VersionView",
    "json_line",
    "json_text",
    "version_lines",
    "version_view",
]

PAGE_ROWS: Final = 50
MAX_CASES: Final = 200
MAX_FAILED: Final = 50
MAX_CELL_CHARS: Final = 600
MAX_TEMPLATE_CHARS: Final = 40_000


class LevelStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How a level is told."""

    name: str
    sentence: str
    icon: str
    """An SVG path in a box of 12 by 12, drawn as a line."""


LEVELS: Final[Mapping[Level, LevelStyle]] = {
    "major": LevelStyle(
        name="major", sentence="a caller may break", icon="M6 1.2 11 10.5H1ZM6 4.8v2.6M6 9v.2"
    ),
    "minor": LevelStyle(
        name="minor",
        sentence="answers may change, or the contract grows",
        icon="M6 2v8M2.5 5.5 6 2l3.5 3.5",
    ),
    "patch": LevelStyle(
        name="patch", sentence="neither answers nor contract change", icon="M2.5 6h7"
    ),
}


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of versions."""

    row: VersionRow
    href: str
    diff: str
    """The address of its difference from the version before; empty for the first."""
    channels: tuple[str, ...]
    tally: Tally | None
    """None: nothing was measured."""


class PromptPart(msgspec.Struct, frozen=True, kw_only=True):
    """A template or a block."""

    role: str
    file: str
    text: Text


class CaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a version."""

    number: int
    name: str
    tags: tuple[str, ...]
    weight: str
    """Empty where it is 1."""
    n: int
    asked: str
    """The input, or the conversation."""
    expects: tuple[str, ...]
    note: str
    play: str
    """The address that opens it in the playground."""


class FailedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A case that failed, with one run that shows it."""

    case: str
    failed: int
    runs: int
    reasons: tuple[str, ...]
    answer: str
    call: str | None
    """Id of the recorded call."""
    blamed: str = ""
    """Of a chain: the step that failed first; empty: nothing speaks against any."""


class BlamedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chain, by what failing runs say of it."""

    step: str
    task: str
    href: str
    """Of the version that the chain pins; empty: it is not published."""
    first: int
    share: str
    """Of the failing runs; empty: none failed."""
    failing: int


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version, ready to be shown."""

    version: Version
    channels: tuple[str, ...]
    before: str | None
    """The version before; None: this is the first."""
    after: str | None
    changes: tuple[Change, ...]
    prompt: tuple[PromptPart, ...]
    examples: int
    blocks: tuple[PromptPart, ...]
    input: SchemaView
    output: SchemaView | None
    parameters: str
    constraints: tuple[ConstraintDefinition, ...]
    gate: tuple[FigureRow, ...]
    cases: tuple[CaseLine, ...]
    more_cases: int
    figures: Figures | None
    """None: nothing was measured."""
    rows: tuple[FigureRow, ...]
    failed: tuple[FailedRun, ...]
    more_failed: int
    steps: tuple[BlamedStep, ...] = ()
    """Of a chain with failing runs, where they failed first."""
    unexplained: int = 0
    """Failing runs of a chain in which nothing speaks against any step."""

    @property
    def row(self) -> VersionRow:
        return self.version.row


def version_lines(
    rows: Sequence[VersionRow], pointers: Iterable[Pointer], tallies: Mapping[str, Tally]
) -> list[VersionLine]:
    """The list, in the order of the rows, which are newest first. ``tallies`` are by digest of
    the definition."""
    at: dict[str, list[str]] = {}
    for pointer in pointers:
        at.setdefault(pointer.version, []).append(pointer.channel)
    before = [*(row.version for row in rows[1:]), None][: len(rows)]
    return [
        VersionLine(
            row=row,
            href=version_link(row.task, row.version),
            diff=prompt_link(row.task, "diff", **{"from": previous, "to": row.version})
            if previous
            else "",
            channels=tuple(at.get(row.version, ())),
            tally=tallies.get(row.definition_digest),
        )
        for row, previous in zip(rows, before, strict=True)
    ]


def version_view(
    version: Version,
    *,
    neighbours: tuple[str | None, str | None],
    channels: Iterable[str] = (),
    figures: Figures | None = None,
    results: Sequence[CaseResult] = (),
) -> VersionView:
    """One version. ``neighbours`` are the versions before and after it."""
    definition, suite = version.definition, version.suite
    cases = tuple(
        _case(version.row, number, case, suite)
        for number, case in enumerate(suite.cases[:MAX_CASES], start=1)
    )
    found = None
    if definition.chain is not None:
        found = kept_blame(definition.chain, suite, results)
    failed = _failed(results, {} if found is None else found.by_question)
    return VersionView(
        version=version,
        channels=tuple(channels),
        before=neighbours[0],
        after=neighbours[1],
        changes=tuple(sorted(version.changes, key=lambda c: (-_RANK[c.level], c.place))),
        prompt=tuple(
            _part(template.role, template.file, template.source)
            for template in definition.templates
            if not template.literal
        ),
        examples=sum(template.literal for template in definition.templates),
        blocks=tuple(_part("block", name, text) for name, text in definition.blocks.items()),
        input=schema_view(definition.input_schema),
        output=None if definition.output_schema is None else schema_view(definition.output_schema),
        parameters=json_text(definition.parameters).shown if definition.parameters else "",
        constraints=definition.constraints,
        gate=tuple(row for row in figure_rows(Figures(), suite.gate) if row.wanted),
        cases=cases,
        more_cases=len(suite.cases) - len(cases),
        figures=figures if figures is not None and figures.runs else None,
        rows=()
        if figures is None
        else figure_rows(figures, suite.gate, decide(suite.gate, figures)),
        failed=failed[:MAX_FAILED],
        more_failed=max(0, len(failed) - MAX_FAILED),
        steps=() if found is None or not found.failing else _steps(definition, found),
        unexplained=0 if found is None else found.unexplained,
    )


def _steps(definition: TaskDefinition, found: KeptBlame) -> tuple[BlamedStep, ...]:
    tasks = {} if definition.chain is None else definition.chain.tasks
    versions = {name: task.version for name, task in tasks.items()}
    return tuple(
        BlamedStep(
            step=step.step,
            task=step.task,
            href=""
            if versions.get(step.task, "working") == "working"
            else version_link(step.task, versions[step.task]),
            first=step.first,
            share=share(step.first, found.failing),
            failing=step.failing,
        )
        for step in found.steps
    )


_RANK: Final[Mapping[Level, int]] = {"patch": 0, "minor": 1, "major": 2}


def json_text(value: Any, *, limit: int = MAX_TEMPLATE_CHARS) -> Text:
    """The value as indented JSON that is safe to look at, cut to a size."""
    shown, hidden = clip(pretty_json(value), limit=limit)
    return Text(shown=visible(shown), hidden=hidden)


def _part(role: str, file: str, source: str) -> PromptPart:
    shown, hidden = clip(source, limit=MAX_TEMPLATE_CHARS)
    return PromptPart(role=role, file=file, text=Text(shown=visible(shown), hidden=hidden))


def _case(row: VersionRow, number: int, case: Case, suite: Suite) -> CaseLine:
    asked = case.input if case.input is not None else case.conversation
    checks = [*case.checks, *suite.checks]
    steps = [{"steps": {name: step}} for name, step in case.steps.items()]
    expects = [] if case.expect is None else [_line({"expect": case.expect})]
    return CaseLine(
        number=number,
        name=case_id(case),
        tags=tuple(case.tags),
        weight="" if case.weight == 1 else f"{case.weight:g}",
        n=case.n or suite.n,
        asked=_line(asked),
        expects=(*expects, *map(_line, checks), *map(_line, steps)),
        note=short(case.note, 200),
        play=prompt_link(row.task, "playground", case=f"{row.version}/{number}"),
    )


def json_line(value: Any) -> str:
    """The value as JSON in one line, with blanks where people read them."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=msgspec.to_builtins)
        text.encode()
    except (UnicodeEncodeError, ValueError, RecursionError):
        text = pretty_json(value)
    return text


def _line(value: Any) -> str:
    return short(json_line(value), MAX_CELL_CHARS)


def _failed(results: Sequence[CaseResult], blamed: Mapping[str, str]) -> tuple[FailedRun, ...]:
    """Cases with a failed run, those that failed most often first."""
    by_case: dict[str, list[CaseResult]] = {}
    for result in results:
        by_case.setdefault(result.key.question, []).append(result)
    found = []
    for runs in by_case.values():
        bad = [run for run in runs if run.passed is False]
        if bad:
            first = blamed.get(bad[0].key.question, "")
            found.append(_failed_case(runs[0].case_id, bad, len(runs), blamed=first))
    return tuple(sorted(found, key=lambda run: (-run.failed / run.runs, run.case)))


def _failed_case(case: str, bad: Sequence[CaseResult], runs: int, *, blamed: str) -> FailedRun:
    shown = next((run for run in bad if run.call_id), bad[0])
    reasons = [
        f"{score.label}: {score.reason}" if score.reason else score.label
        for score in shown.scores
        if score.passed is False
    ]
    if shown.error:
        reasons.insert(0, shown.error)
    return FailedRun(
        case=case,
        failed=len(bad),
        runs=runs,
        reasons=tuple(short(reason, 400) for reason in reasons),
        answer="" if shown.value is None else _line(shown.value),
        call=shown.call_id,
        blamed=blamed,
    )
