"""What answers in a version, as sections of text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from roadworthy.cli.columns import columns
from roadworthy.registry.outline import Outline, RuleLine, StepLine

__all__ = ["judges_text", "models_text", "result_text", "rules_text", "steps_text"]


def models_text(outline: Outline) -> str:
    """The models that it may ask, or that it asks none."""
    return ", ".join(outline.models) or "none: rules answer"


def steps_text(outline: Outline) -> str:
    """Each step with what it takes and what holds of it."""
    return "\n".join(line for step in outline.steps for line in _step(step))


def result_text(outline: Outline) -> str:
    """Where the chain's output comes from."""
    return columns(outline.result, indent=2)


def rules_text(outline: Outline) -> str:
    """Each rule with what it does, in their order."""
    return "\n".join(line for rule in outline.rules for line in _rule(rule))


def judges_text(outline: Outline) -> str:
    """The tasks that choose among candidates."""
    return columns([(judge.task, judge.version) for judge in outline.judges], indent=2)


def _step(step: StepLine) -> Iterator[str]:
    each = f", for each item of {step.each}" if step.each else ""
    yield f"  {step.name}: runs {step.task} {step.version}{each}"
    rows = [*step.takes]
    if step.after:
        rows.append(("after", ", ".join(step.after)))
    if step.when:
        rows.append(("when", step.when))
    if step.fails != "the chain fails":
        rows.append(("if it fails", step.fails))
    if step.default:
        rows.append(("default", step.default))
    yield from _rows(rows)


def _rule(rule: RuleLine) -> Iterator[str]:
    when = f" when {rule.when}" if rule.when else ""
    yield f"  {rule.name}: {rule.does}{when}"
    yield from _rows(rule.what)


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    named = [(name, value) if name else (value,) for name, value in rows]
    if named:
        yield columns(named, indent=4)
