"""A version as text that people read from top to bottom. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from roadworthy.cli.body_report import (
    judges_text,
    models_text,
    result_text,
    rules_text,
    steps_text,
)
from roadworthy.cli.columns import columns, moment, rows_of
from roadworthy.cli.publish_lines import change_lines
from roadworthy.core.visible import visible
from roadworthy.registry import Pointer, Version
from roadworthy.registry.outline import Outline, outline_of
from roadworthy.registry.schema_words import in_line
from roadworthy.tasks import ConstraintDefinition, Gate, Suite, TaskDefinition
from roadworthy.tasks.cases import case_id
from roadworthy.tasks.schema_fields import field_table

__all__ = ["gate_rows", "tag_counts", "version_report"]


SHOWN_CASES = 20


def version_report(version: Version, pointers: Sequence[Pointer]) -> str:
    """Sections, each with a heading; those with nothing in them are left out."""
    definition = version.definition
    outline = outline_of(definition)
    sections = [
        _head(version, pointers, outline),
        _section("Changes", change_lines(version.changes)),
        _section("Input", _fields(definition.input_schema)),
        _section("Output", _output(definition)),
        _section("Steps", steps_text(outline)),
        _section("Result", result_text(outline)),
        _section("Rules", rules_text(outline)),
        _section("Prompt", _prompt(definition)),
        _section("Blocks", _blocks(definition.blocks)),
        _section("Judges", judges_text(outline)),
        _section("Constraints", _constraints(definition.constraints)),
        _section("Cases", _cases(version.suite)),
        _section("Gate", columns(gate_rows(version.suite.gate), indent=2)),
    ]
    return visible("\n\n".join(section for section in sections if section))


def _head(version: Version, pointers: Sequence[Pointer], outline: Outline) -> str:
    row, definition = version.row, version.definition
    here = sorted(p.channel for p in pointers if p.version == row.version)
    rows: dict[str, str | None] = {
        "task": row.task,
        "version": f"{row.version} ({row.level})",
        "channels": ", ".join(here),
        "published": f"{moment(row.published_us)} UTC by {row.author}",
        "commit": row.commit,
        "digest": row.digest,
        "definition": row.definition_digest,
        "message": row.message,
        "description": definition.description,
        "body": None if definition.model else outline.body,
        "model": models_text(outline),
        **dict(outline.settings),
        "python": ", ".join(sorted(definition.sources)),
        "parameters": in_line(definition.parameters) if definition.parameters else None,
        "mode": definition.mode,
        "stream": definition.stream,
        "repair": definition.repair if definition.model else None,
        "re-asks": f"at most {definition.max_reasks}" if definition.model else None,
        "timeout": None if definition.timeout_s is None else f"{definition.timeout_s:g} s",
    }
    return rows_of(rows)


def _section(title: str, body: str) -> str:
    return f"{title}\n{body}" if body else ""


def _fields(schema: dict[str, Any]) -> str:
    table = field_table(schema)
    rows = [
        (
            row.name or "the value",
            row.type,
            "" if row.required else "optional",
            "; ".join(row.rules),
            row.description,
        )
        for row in table.rows
    ]
    more = [] if table.whole else ["  … and further fields: --json shows the whole schema"]
    return "\n".join([*filter(None, [columns(rows, indent=2)]), *more])


def _output(definition: TaskDefinition) -> str:
    return "  free text" if definition.output_schema is None else _fields(definition.output_schema)


def _prompt(definition: TaskDefinition) -> str:
    lines = []
    for template in definition.templates:
        what = "an example, as it is sent" if template.literal else template.file
        lines += [f"  [{template.role}] {what}", *_indented(template.source)]
    return "\n".join(lines)


def _blocks(blocks: dict[str, str]) -> str:
    lines = []
    for name, text in sorted(blocks.items()):
        lines += [f"  {name}", *_indented(text)]
    return "\n".join(lines)


def _constraints(constraints: Iterable[ConstraintDefinition]) -> str:
    lines = []
    for constraint in constraints:
        when = f", when {constraint.when}" if constraint.when else ""
        lines += [f"  {constraint.name}: {constraint.require}{when}", f"    {constraint.message}"]
    return "\n".join(lines)


def _cases(suite: Suite) -> str:
    """How many of each tag, and each with what it expects."""
    if not suite.cases:
        return ""
    tags = ", ".join(f"{tag} {count}" for tag, count in tag_counts(suite))
    often = "" if suite.n == 1 else f", each asked {suite.n} times"
    lines = [f"  {len(suite.cases)} cases{often}" + (f"; by tag: {tags}" if tags else "")]
    lines += [f"  every case: {in_line(check)}" for check in suite.checks]
    for case in suite.cases[:SHOWN_CASES]:
        asked = case.conversation if case.input is None else case.input
        lines.append(f"  {case_id(case)}: {in_line(asked)}")
        if case.expect is not None:
            lines.append(f"     expects {in_line(case.expect)}")
        lines += [f"     checks {in_line(check)}" for check in case.checks]
    more = len(suite.cases) - SHOWN_CASES
    if more > 0:
        lines.append(f"  … and {more} more: --json shows all")
    return "\n".join(lines)


def tag_counts(suite: Suite) -> list[tuple[str, int]]:
    """Tags with how many cases bear them, by name."""
    return sorted(Counter(tag for case in suite.cases for tag in case.tags).items())


def gate_rows(gate: Gate) -> list[tuple[str, str]]:
    """Each threshold that binds, in words."""
    rows = []
    if gate.pass_rate is not None:
        rows.append(("pass rate", f"at least {gate.pass_rate:g}"))
    rows += [(f"pass rate of {tag}", f"at least {least:g}") for tag, least in gate.tags.items()]
    if gate.conformance is not None:
        rows.append(("conformance", f"at least {gate.conformance:g}"))
    if gate.stability is not None:
        rows.append(("stability", f"at least {gate.stability:g}"))
    if gate.p95_ms is not None:
        rows.append(("p95", f"at most {gate.p95_ms:g} ms"))
    if gate.cost_usd is not None:
        rows.append(("cost of a run", f"at most ${gate.cost_usd:g}"))
    if gate.confidence is not None:
        rows.append(("confidence", f"{gate.confidence:g}, one-sided"))
    return rows


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.splitlines()]
