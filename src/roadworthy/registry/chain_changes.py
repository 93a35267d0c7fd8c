"""What differs between the chains of two definitions, in words. Pure; called by
`roadworthy.registry.body_changes` and `roadworthy.registry.levels`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from roadworthy.registry.rule_changes import value_words
from roadworthy.registry.version import Change
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import ChainDefinition, StepDefinition

__all__ = [
    "body_of",
    "chain_changes",
    "embedded_changes",
    "step_settings",
    "step_words",
    "version_words",
]


def body_of(definition: TaskDefinition) -> str:
    """What answers: ``a chain of 3 steps``, ``rules``, ``a prompt``."""
    if definition.chain is not None:
        count = len(definition.chain.steps)
        return f"a chain of {count} step{'s' if count != 1 else ''}"
    return "a prompt" if definition.model else "rules"


def chain_changes(old: TaskDefinition, new: TaskDefinition) -> list[Change]:
    """Another kind of body; steps and wires; what the steps' tasks became is told apart."""
    kinds = [(d.chain is not None, bool(d.model)) for d in (old, new)]
    changes = []
    if kinds[0] != kinds[1]:
        changes.append(_minor("body", f"{body_of(old)} became {body_of(new)}"))
    before, after = ([] if d.chain is None else list(d.chain.steps) for d in (old, new))
    changes += _steps(before, after)
    wires = [{} if d.chain is None else d.chain.output for d in (old, new)]
    return [*changes, *_results(*wires)]


def embedded_changes(
    old: TaskDefinition,
    new: TaskDefinition,
    between: Callable[[TaskDefinition, TaskDefinition], Sequence[Change]],
) -> list[Change]:
    """What became of each task that both run: a patch where that task's change is one, else minor.

    ``between`` gives the changes between two states of such a task.
    """
    found = []
    for folder, before, after in (
        ("tasks", _tasks(old.chain), _tasks(new.chain)),
        ("judges", old.judges, new.judges),
    ):
        for name in before.keys() | after.keys():
            place = f"{folder}.{name}"
            if name not in after or name not in before:
                if folder == "judges":  # of a step's task, the step says so
                    found.append(_minor(place, "added" if name in after else "removed"))
                continue
            mine, theirs = before[name], after[name]
            if mine.digest != theirs.digest:
                found.append(_embedded(place, mine, theirs, between(mine, theirs)))
    return sorted(found, key=lambda change: change.place)


def step_words(step: StepDefinition) -> str:
    """What the step does: "runs copy for each extract.items, when …"."""
    each = f" for each {step.for_each}" if step.for_each else ""
    when = f", when {step.when}" if step.when else ""
    return f"runs {step.task}{each}{when}"


def step_settings(step: StepDefinition) -> dict[str, Any]:
    """What the step says, by what it is called in `task.toml`; what is usual is left out."""
    found: dict[str, Any] = {"task": step.task}
    if step.needs:
        found["needs"] = list(step.needs)
    found |= {f"input.{name}" if name else "input": path for name, path in step.wires.items()}
    found |= {f"input.{name}": {"value": value} for name, value in step.constants.items()}
    if step.when is not None:
        found["when"] = step.when
    if step.on_error != "fail":
        found["on_error"] = f"task:{step.fallback}" if step.on_error == "task" else step.on_error
    if step.default is not msgspec.UNSET:
        found["default"] = step.default
    if step.for_each is not None:
        found |= {"for_each": step.for_each, "concurrency": step.concurrency}
    return found


def _tasks(chain: ChainDefinition | None) -> Mapping[str, TaskDefinition]:
    return {} if chain is None else chain.tasks


def _embedded(
    place: str, old: TaskDefinition, new: TaskDefinition, changes: Sequence[Change]
) -> Change:
    level = "patch" if {change.level for change in changes} <= {"patch"} else "minor"
    told = [f"{change.place}: {change.what}" for change in changes if change.level != "patch"]
    told = told or [f"{change.place}: {change.what}" for change in changes]
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    what = f"{version_words(old)} became {version_words(new)}" + (
        f" ({told[0]}{more})" if told else ""
    )
    return Change(level="patch" if level == "patch" else "minor", place=place, what=what)


def version_words(task: TaskDefinition) -> str:
    """Which state of the task it is: a version, or the working copy."""
    return "the working copy" if task.version == "working" else task.version


def _minor(place: str, what: str) -> Change:
    return Change(level="minor", place=place, what=what)


def _steps(old: Sequence[StepDefinition], new: Sequence[StepDefinition]) -> Iterator[Change]:
    before, after = ({step.name: step for step in steps} for steps in (old, new))
    for name in dict.fromkeys([*before, *after]):
        place = f"steps.{name}"
        mine, theirs = before.get(name), after.get(name)
        if theirs is None:
            yield _minor(place, "removed")
        elif mine is None:
            yield _minor(place, f"added: {step_words(theirs)}")
        elif mine != theirs:
            yield _minor(place, "; ".join(_edits(mine, theirs)) or "written differently")
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield _minor("steps", "stand in another order")


def _edits(old: StepDefinition, new: StepDefinition) -> Iterator[str]:
    before, after = step_settings(old), step_settings(new)
    for key in dict.fromkeys([*before, *after]):
        mine, theirs = (settings.get(key) for settings in (before, after))
        if key not in after:
            yield f"{key} removed: {value_words(mine)}"
        elif key not in before:
            yield f"{key} added: {value_words(theirs)}"
        elif mine != theirs:
            yield f"{key}: {value_words(mine)} became {value_words(theirs)}"


def _results(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """The wires of the chain's output."""
    if not old or not new:  # it became a chain, or is none any more
        return
    if ("" in old) != ("" in new):
        yield _minor("result", f"{_wires(old)} became {_wires(new)}")
        return
    for name in dict.fromkeys([*old, *new]):
        place = f"result.{name}" if name else "result"
        mine, theirs = old.get(name), new.get(name)
        if mine is None or theirs is None:
            yield _minor(place, f"removed: {mine}" if theirs is None else f"added: {theirs}")
        elif mine != theirs:
            yield _minor(place, f"{mine} became {theirs}")


def _wires(wires: Mapping[str, str]) -> str:
    return wires[""] if "" in wires else ", ".join(f"{name} = {at}" for name, at in wires.items())
