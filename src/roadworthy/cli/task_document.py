"""A task's documentation as Markdown, from what the registry holds. Pure: equal input, equal
text, without the time at which it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from roadworthy.cli.columns import moment
from roadworthy.cli.markdown import cell, code, fenced, table
from roadworthy.cli.registry_lines import (
    percent,
    several_environments,
    short_commit,
    short_evidence,
)
from roadworthy.cli.version_report import gate_rows
from roadworthy.registry import Figures, Move, Pointer, Share, Version, VersionRow
from roadworthy.registry.outline import Outline, StepLine, outline_of
from roadworthy.registry.schema_words import in_line
from roadworthy.tasks import Case, Suite, TaskDefinition
from roadworthy.tasks.cases import case_id
from roadworthy.tasks.schema_fields import field_table

__all__ = ["SHOWN_ROWS", "Known", "task_document"]

SHOWN_ROWS = 100
"""Of versions and of moves; a page is no archive."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a task."""

    version: Version
    """The one that is described."""
    channels: Sequence[Pointer]
    versions: Sequence[VersionRow]
    """Newest first; those beyond `SHOWN_ROWS` are left out."""
    moves: Sequence[Move]
    """Newest first; those beyond `SHOWN_ROWS` are left out."""
    figures: Sequence[tuple[str, Figures]] = ()
    """What this version's tests measured, by the model that was asked."""


def task_document(known: Known) -> str:
    """The page, ending in a line end."""
    version = known.version
    definition = version.definition
    outline = outline_of(definition)
    sections = [
        _head(version),
        _section("Where it stands", _channels(known.channels)),
        _section("Input", _fields(definition.input_schema)),
        _section("Output", _output(definition)),
        _section("Model" if definition.model else "Body", _model(definition, outline)),
        _section("Steps", _steps(outline)),
        _section("Rules", _rules(outline)),
        _section("Prompt", _prompt(definition)),
        _section("Blocks", _blocks(definition.blocks)),
        _section("Constraints", _constraints(definition)),
        _section("Cases", _cases(version.suite)),
        _section("Gate", table(("figure", "threshold"), gate_rows(version.suite.gate))),
        _section("Figures", _figures(known.figures)),
        _section("Versions", _versions(known.versions)),
        _section("History", _history(known.moves)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _head(version: Version) -> str:
    row = version.row
    commit = f", commit {code(short_commit(row.commit))}" if row.commit else ""
    parts = [
        f"# {row.task}",
        cell(version.definition.description),
        f"Version **{row.version}**, published {moment(row.published_us)} UTC by"
        f" {cell(row.author)}{commit}: {cell(row.message)}",
    ]
    return "\n\n".join(part for part in parts if part)


def _channels(pointers: Sequence[Pointer]) -> str:
    if not pointers:
        return "No channel points to any of its versions."
    rows = [
        (cell(p.channel), p.version, moment(p.since_us), "yes" if p.protected else "no")
        for p in sorted(pointers, key=lambda pointer: pointer.channel)
    ]
    return table(("channel", "version", "since (UTC)", "protected"), rows)


def _fields(schema: dict[str, Any]) -> str:
    found = field_table(schema)
    rows = [
        (
            code(row.name) if row.name else "the value",
            cell(row.type),
            "yes" if row.required else "no",
            cell("; ".join(row.rules)),
            cell(row.description),
        )
        for row in found.rows
    ]
    parts = [table(("field", "type", "required", "rules", "meaning"), rows) or "No fields."]
    if not found.whole:
        parts.append("Further fields stand in the schema itself.")
    return "\n\n".join(parts)


def _output(definition: TaskDefinition) -> str:
    if definition.output_schema is None:
        return "Free text."
    return _fields(definition.output_schema)


def _model(definition: TaskDefinition, outline: Outline) -> str:
    rows = [] if definition.model else [("body", outline.body)]
    asked = ", ".join(map(code, outline.models))
    rows.append(("models" if len(outline.models) > 1 else "model", asked or "none"))
    rows += [(cell(key), code(in_line(value))) for key, value in definition.parameters.items()]
    rows += [(name, cell(told)) for name, told in outline.settings]
    rows += [("judge", f"{cell(judge.task)} {judge.version}") for judge in outline.judges]
    if definition.sources:
        rows.append(("Python", ", ".join(map(code, sorted(definition.sources)))))
    if definition.model:
        rows.append(("repair", definition.repair))
        rows.append(("asked again", f"at most {definition.max_reasks} times"))
    if definition.mode is not None:
        rows.append(("mode", definition.mode))
    if definition.timeout_s is not None:
        rows.append(("deadline", f"{definition.timeout_s:g} s"))
    return table(("", ""), rows)


def _steps(outline: Outline) -> str:
    """The steps in their order, and where the chain's output comes from."""
    if not outline.steps:
        return ""
    rows = [
        (
            cell(step.name),
            f"{cell(step.task)} {step.version}"
            + (f" for each {code(step.each)}" if step.each else ""),
            _wires(step.takes),
            cell(", ".join(step.after)),
            _when(step),
            cell(step.fails)
            + (f"; default {code(step.default)}" if step.default and not step.when else ""),
        )
        for step in outline.steps
    ]
    head = ("step", "runs", "takes", "after", "when", "if it fails")
    return f"{table(head, rows)}\n\nIt gives {_wires(outline.result, ', ')}."


def _when(step: StepLine) -> str:
    """Its default is what a step gives that does not run, whatever follows where it fails."""
    if not step.when:
        return "always"
    return code(step.when) + (f", default {code(step.default)}" if step.default else "")


def _wires(wires: Sequence[tuple[str, str]], between: str = "<br>") -> str:
    return between.join(f"{cell(name)} = {code(at)}" for name, at in wires)


def _rules(outline: Outline) -> str:
    rows = [
        (
            cell(rule.name),
            code(rule.when) if rule.when else "always",
            rule.does,
            "<br>".join(
                f"{cell(name)} = {code(told)}" if name else code(told) for name, told in rule.what
            ),
        )
        for rule in outline.rules
    ]
    return table(("rule", "when", "does", "with"), rows)


def _prompt(definition: TaskDefinition) -> str:
    parts = []
    for template in definition.templates:
        what = ", an example" if template.literal else ""
        parts.append(f"### {template.role}{what}\n\n{fenced(template.source, 'jinja')}")
    return "\n\n".join(parts)


def _blocks(blocks: dict[str, str]) -> str:
    return "\n\n".join(
        f"### {name}\n\n{fenced(text, 'jinja')}" for name, text in sorted(blocks.items())
    )


def _constraints(definition: TaskDefinition) -> str:
    rows = [
        (
            cell(constraint.name),
            code(constraint.require),
            code(constraint.when) if constraint.when else "always",
            cell(constraint.message),
        )
        for constraint in definition.constraints
    ]
    return table(("name", "requires", "when", "otherwise"), rows)


def _cases(suite: Suite) -> str:
    """The cases under each tag; one that bears several stands under each."""
    if not suite.cases:
        return ""
    often = "once" if suite.n == 1 else f"{suite.n} times"
    parts = [f"{len(suite.cases)} in all, each asked {often} unless it says otherwise."]
    if suite.checks:
        checks = "\n".join(f"- {code(in_line(check))}" for check in suite.checks)
        parts.append(f"Of every answer:\n\n{checks}")
    tags = sorted({tag for case in suite.cases for tag in case.tags})
    for tag in tags:
        under = [case for case in suite.cases if tag in case.tags]
        parts.append(f"### {cell(tag)} ({len(under)})\n\n{_case_table(under)}")
    rest = [case for case in suite.cases if not case.tags]
    if rest:
        title = f"### without a tag ({len(rest)})\n\n" if tags else ""
        parts.append(title + _case_table(rest))
    return "\n\n".join(parts)


def _case_table(cases: Sequence[Case]) -> str:
    rows = []
    for case in cases:
        asked = case.conversation if case.input is None else case.input
        expected = [] if case.expect is None else [code(in_line(case.expect))]
        expected += [code(in_line(check)) for check in case.checks]
        rows.append(
            (
                cell(case_id(case)),
                code(in_line(asked)),
                "<br>".join(expected),
                cell(case.note),
            )
        )
    return table(("case", "input", "expected", "note"), rows)


def _figures(figures: Sequence[tuple[str, Figures]]) -> str:
    return "\n\n".join(f"On {code(model)}:\n\n{_figure_table(found)}" for model, found in figures)


def _figure_table(figures: Figures) -> str:
    rows: list[tuple[str, str, str]] = []
    shares = [("pass rate", figures.pass_rate)]
    shares += [(f"pass rate of {cell(tag)}", share) for tag, share in sorted(figures.tags.items())]
    shares.append(("conformance", figures.conformance))
    rows += [(name, *_share(share)) for name, share in shares if share is not None]
    if figures.stability is not None:
        rows.append(("stability", percent(figures.stability), ""))
    if figures.p95_ms is not None:
        rows.append(("p95", f"{figures.p95_ms:,.0f} ms", ""))
    if figures.cost_usd is not None:
        rows.append(("cost of a run", f"${figures.cost_usd:.6f}", ""))
    rows.append(("runs", f"{figures.runs:,} of {figures.cases:,} cases", ""))
    if figures.unscored:
        rows.append(("without a verdict", f"{figures.unscored:,} cases", ""))
    if figures.flaky:
        rows.append(("flaky", cell(", ".join(figures.flaky)), ""))
    return table(("figure", "measured", "95 % interval"), rows)


def _share(share: Share) -> tuple[str, str]:
    return f"{percent(share.value)} of {share.n}", f"{percent(share.low)} to {percent(share.high)}"


def _versions(rows: Sequence[VersionRow]) -> str:
    shown = table(
        ("version", "level", "published (UTC)", "author", "why"),
        [
            (r.version, r.level, moment(r.published_us), cell(r.author), cell(r.message))
            for r in rows[:SHOWN_ROWS]
        ],
    )
    return shown + _older(rows, "roadworthy log")


def _older(rows: Sequence[object], command: str) -> str:
    return f"\n\nOlder ones: `{command}`." if len(rows) > SHOWN_ROWS else ""


def _history(moves: Sequence[Move]) -> str:
    several = several_environments(moves)
    rows = [
        (
            moment(move.at_us),
            *[cell(move.environment)] * several,
            cell(move.channel),
            f"{move.kind}, forced" if move.forced else move.kind,
            move.from_version or "",
            move.to_version,
            cell(move.by.name),
            short_evidence(move.evidence),
            cell(move.why),
        )
        for move in moves[:SHOWN_ROWS]
    ]
    where = ["environment"] * several
    head = ("at (UTC)", *where, "channel", "move", "from", "to", "by", "evidence", "why")
    return table(head, rows) + _older(moves, "roadworthy history")
