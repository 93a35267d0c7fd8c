"""What `roadworthy lint` prints. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from roadworthy.cli.columns import columns
from roadworthy.core.visible import visible
from roadworthy.evaluation.lint import Finding, LintReport, TaskLint, Weight

__all__ = ["lint_text"]

_MOST_EXAMPLES: Final = 12
_KINDS: Final = {
    "message": "{} message",
    "block": "block {}",
    "example": "{}",
    "schema": "{}",
    "description": "description of {}",
    "context": "context {}",
    "input": "input {}",
}


def lint_text(report: LintReport) -> str:
    """Task by task, the parts with their tokens, then what is found, as compilers write it."""
    sections = ["\n".join(_task(task)) for task in report.tasks]
    found = [line for finding in report.all_findings for line in _finding(finding)]
    sections += ["\n".join(found)] if found else []
    sections.append(_summary(report))
    return "\n\n".join(sections)


def _task(task: TaskLint) -> Iterator[str]:
    if task.body != "prompt":
        steps = "the prompts are its steps'" if task.body == "chain" else "rules answer"
        yield f"{visible(task.task)}: it has no prompt; {steps}."
        return
    about = " (tokens are estimates)" if task.estimated else ""
    yield f"{visible(task.task)}, on {visible(task.model)}{about}: {_length(task)}."
    examples = [weight for weight in task.weights if weight.kind == "example"]
    shown = [w for w in task.weights if w.kind != "example" or len(examples) <= _MOST_EXAMPLES]
    if len(shown) < len(task.weights):
        at = next(i for i, w in enumerate(task.weights) if w.kind == "example")
        shown.insert(at, _together(examples))
    rows = [("tokens", "part", "where", ""), *map(_row, shown)]
    width = max(len(row[0]) for row in rows)
    yield columns([(row[0].rjust(width), *row[1:]) for row in rows], indent=2)


def _length(task: TaskLint) -> str:
    said = f"{task.fixed:,} tokens in every call"
    if task.mean is not None and task.most is not None:
        cases = f"{task.cases} case{'s' * (task.cases != 1)}"
        said += f", {task.mean:,.0f} in the mean of {cases}, {task.most:,} at most"
    return f"{said}; a cached beginning has {task.prefix:,}"


def _row(weight: Weight) -> tuple[str, str, str, str]:
    name = _KINDS[weight.kind].format(weight.name)
    place = f"{weight.file}:{weight.line}" if weight.line else weight.file
    return (_tokens(weight), ("  " if weight.part else "") + name, place, _note(weight))


def _tokens(weight: Weight) -> str:
    value = f"{weight.tokens:,.0f}" if weight.kind not in ("input", "context") else ""
    if not value:
        value = f"{weight.tokens:,.1f}"
    return f"({value})" if not weight.sent or weight.part else value


def _note(weight: Weight) -> str:
    if not weight.sent:
        return "not sent: a grammar enforces it" if weight.kind == "schema" else ""
    if weight.kind in ("input", "context"):
        return "no case gives it" if not weight.cases else f"at most {weight.most:,}"
    return f"{weight.times} times" if weight.times > 1 else ""


def _together(examples: list[Weight]) -> Weight:
    return Weight(
        kind="example",
        name=f"{len(examples)} examples",
        file=examples[0].file,
        tokens=sum(example.tokens for example in examples),
    )


def _finding(finding: Finding) -> Iterator[str]:
    saved = f" ({finding.tokens:,} tokens a call)" if finding.tokens else ""
    yield visible(f"{finding.place}: {finding.level}: {finding.message} [{finding.code}]")
    if finding.remedy:
        yield visible(f"    {finding.remedy}{saved}")


def _summary(report: LintReport) -> str:
    levels = report.levels
    counted = [
        f"{levels[level]} {level}{'s' * (levels[level] != 1)}"
        for level in ("fault", "warning", "note")
        if levels[level]
    ]
    return f"{', '.join(counted)}." if counted else "Nothing found."
