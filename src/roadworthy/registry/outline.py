"""What answers in a version, in words: its steps, rules, candidates and models. Pure.

The command line, documents and pages show the same words.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from roadworthy.registry.body_changes import candidates_words
from roadworthy.registry.chain_changes import body_of, step_settings
from roadworthy.registry.rule_changes import rule_settings, value_words
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.asked_models import asked_models
from roadworthy.tasks.chain.paths import PathError, parse_path
from roadworthy.tasks.definition import RuleDefinition, StepDefinition

__all__ = ["JudgeLine", "Outline", "RuleLine", "StepLine", "outline_of"]

_ON_ERROR = {
    "fail": "the chain fails",
    "skip": "it is left out",
    "default": "its default stands for it",
}
_DOES = {
    "answer": "answers",
    "deny": "denies",
    "set": "sets",
    "fill": "fills in",
    "model": "asks another model",
}


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chain."""

    name: str
    task: str
    version: str
    takes: tuple[tuple[str, str], ...]
    """Input fields with where their values come from; ``input``: the whole of it."""
    after: tuple[str, ...]
    """Steps that it waits for beside those that it takes from."""
    when: str
    """CEL; empty: always."""
    each: str
    """The list that it runs over, item by item; empty: it runs once."""
    fails: str
    """What follows if it fails: "the chain fails", "marketing-copy answers in its place", …"""
    default: str = ""


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    name: str
    does: str
    """``answers``, ``denies``, ``sets``, …"""
    what: tuple[tuple[str, str], ...]
    """With what: names, where there are any, and values."""
    when: str
    """CEL; empty: always."""


class JudgeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A task that chooses among candidates."""

    task: str
    version: str


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it; what there is none of is empty."""

    body: str
    """``a prompt``, ``a chain of 3 steps``, ``rules``."""
    models: tuple[str, ...]
    """All that it may ask, its own first."""
    steps: tuple[StepLine, ...] = ()
    result: tuple[tuple[str, str], ...] = ()
    """Fields of a chain's output with where their values come from; ``output``: the whole."""
    rules: tuple[RuleLine, ...] = ()
    judges: tuple[JudgeLine, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """Votes, choices, and what a call may cost."""


def outline_of(definition: TaskDefinition) -> Outline:
    """What answers."""
    chain = definition.chain
    return Outline(
        body=body_of(definition),
        models=asked_models(definition),
        steps=() if chain is None else tuple(_step(step, chain.tasks) for step in chain.steps),
        result=()
        if chain is None
        else tuple((n or "output", at) for n, at in chain.output.items()),
        rules=tuple(_rule(rule) for rule in definition.rules),
        judges=tuple(
            JudgeLine(task=name, version=judge.version) for name, judge in definition.judges.items()
        ),
        settings=tuple(_settings(definition).items()),
    )


def _step(step: StepDefinition, tasks: Mapping[str, TaskDefinition]) -> StepLine:
    told = step_settings(step)
    takes = {name: at for name, at in told.items() if name.partition(".")[0] == "input"}
    in_place = f"{step.fallback} answers in its place"
    return StepLine(
        name=step.name,
        task=step.task,
        version=tasks[step.task].version if step.task in tasks else "",
        takes=tuple(
            (n.removeprefix("input."), value_words(at, whole=True)) for n, at in takes.items()
        ),
        after=tuple(name for name in step.needs if name not in _read(step)),
        when=step.when or "",
        each=step.for_each or "",
        fails=in_place if step.on_error == "task" else _ON_ERROR[step.on_error],
        default=value_words(told["default"], whole=True) if "default" in told else "",
    )


def _read(step: StepDefinition) -> set[str]:
    """The steps that its paths begin with."""
    paths = [*step.wires.values(), *([] if step.for_each is None else [step.for_each])]
    return {_source(path) for path in paths}


def _source(path: str) -> str:
    try:
        return parse_path(path).source
    except PathError:  # of a version that nothing has checked; its words are shown all the same
        return ""


def _rule(rule: RuleDefinition) -> RuleLine:
    told = {name: value for name, value in rule_settings(rule).items() if name != "when"}
    return RuleLine(
        name=rule.name,
        does=_DOES[rule.effect],
        what=tuple(
            (name.partition(".")[2], value_words(value, whole=True)) for name, value in told.items()
        ),
        when=rule.when or "",
    )


def _settings(definition: TaskDefinition) -> dict[str, str]:
    found = {
        name: candidates_words(given)
        for name, given in (("votes", definition.votes), ("best of", definition.best_of))
        if given is not None
    }
    if definition.choose:
        found["by likelihood"] = ", ".join(definition.choose)
    if definition.max_cost_usd is not None:
        found["may cost"] = f"at most ${definition.max_cost_usd:g} a call"
    return found
