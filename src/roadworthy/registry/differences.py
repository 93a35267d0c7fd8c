"""Everything that differs between two versions, as values that encode to JSON. Pure.

The command line, the API and the pages show the same `Difference`: the changes with their
levels, and beside them what they are changes of: texts by word, cases and settings before and
after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.registry.body_changes import EXAMPLES_FILE, prompt_files
from roadworthy.registry.chain_changes import step_settings, version_words
from roadworthy.registry.levels import changes_between, level_of
from roadworthy.registry.rule_changes import rule_settings
from roadworthy.registry.suite_changes import case_name, paired_cases, thresholds
from roadworthy.registry.version import Change, Level, Version, VersionRow
from roadworthy.registry.words import Row, compare_texts, whole_text
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.cases import Case, Suite

__all__ = [
    "WORKING",
    "CaseDifference",
    "Difference",
    "TextDifference",
    "ValueDifference",
    "difference",
    "working_version",
]

Verb: TypeAlias = Literal["added", "removed", "changed"]
WORKING: Final = "working"
"""What a working copy is called where a version is asked for."""
_SETTINGS: Final = (
    *("model", "stream", "mode", "repair", "max_reasks", "timeout_s", "max_cost_usd"),
    *("choose", "votes", "best_of"),
)


class TextDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A template, a block, the examples, or a Python file that serving or testing runs."""

    place: str
    """``prompt/system.md``, ``blocks/brand-voice.md``, …"""
    verb: Verb
    rows: tuple[Row, ...]
    """All lines of both; `roadworthy.registry.words.in_context` leaves equal ones out."""


class ValueDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A setting before and after; None where it is not set."""

    place: str
    """``model``, ``parameters.temperature``, ``steps.copy.when``, ``rules.premium.model``,
    ``constraints.sure``, ``gate.pass_rate``, …"""
    verb: Verb
    old: Any = None
    new: Any = None


class CaseDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A case before and after; None where there is none."""

    name: str
    """Its id, else the beginning of what it asks."""
    verb: Verb
    old: Case | None = None
    new: Case | None = None
    fields: tuple[str, ...] = ()
    """What differs of a case that changed: ``expect``, ``tags``, …"""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of it; every tuple is empty where nothing differs."""

    task: str
    old: str
    """The version that the difference is seen from, or ``working``."""
    new: str
    level: Level | None
    """What a step from old to new would be; None: they are one state."""
    changes: tuple[Change, ...] = ()
    """Everything, in words, with its level."""
    input: tuple[Change, ...] = ()
    """Those of the input, by field."""
    output: tuple[Change, ...] = ()
    """Those of the output, by field."""
    texts: tuple[TextDifference, ...] = ()
    """Prompt, examples, blocks and Python files, by word."""
    settings: tuple[ValueDifference, ...] = ()
    """Model, parameters, steps, rules, constraints and whatever else makes the answers."""
    cases: tuple[CaseDifference, ...] = ()
    tests: tuple[ValueDifference, ...] = ()
    """Description, thresholds, checks and how often a case is asked."""

    @property
    def is_breaking(self) -> bool:
        """Whether a caller of the old version may break on the new one."""
        return any(change.breaking for change in self.changes)


def working_version(definition: TaskDefinition, suite: Suite) -> Version:
    """A working copy in the form of a version, to be compared; of its row only the name counts."""
    row = VersionRow(
        task=definition.name,
        version=WORKING,
        digest="",
        definition_digest=definition.digest,
        level="patch",
        message="",
        author="",
        commit=None,
        published_us=0,
    )
    return Version(row=row, definition=definition, suite=suite)


def difference(old: Version, new: Version) -> Difference:
    """What differs between two versions of a task; either may be a `working_version`."""
    states = (old.definition, old.suite), (new.definition, new.suite)
    changes = changes_between(*states)
    return Difference(
        task=new.row.task,
        old=old.row.version,
        new=new.row.version,
        level=level_of(changes),
        changes=changes,
        input=_of_side(changes, "input"),
        output=_of_side(changes, "output"),
        texts=tuple(_texts(*states)),
        settings=tuple(
            _values(
                _settings(old.definition, beside=new.definition),
                _settings(new.definition, beside=old.definition),
            )
        ),
        cases=tuple(_cases(old.suite, new.suite)),
        tests=tuple(_values(_tests(*states[0]), _tests(*states[1]))),
    )


def _of_side(changes: tuple[Change, ...], side: str) -> tuple[Change, ...]:
    return tuple(c for c in changes if c.place == side or c.place.startswith(f"{side}."))


def _texts(
    old: tuple[TaskDefinition, Suite], new: tuple[TaskDefinition, Suite]
) -> Iterator[TextDifference]:
    before, after = (_all_texts(*state) for state in (old, new))
    for place in dict.fromkeys([*after, *before]):
        mine, theirs = before.get(place), after.get(place)
        if mine == theirs:
            continue
        verb = _verb(place, before, after)
        if mine is None:
            rows = whole_text(theirs or "", "added")
        elif theirs is None:
            rows = whole_text(mine, "removed")
        else:
            rows = compare_texts(mine, theirs)
        yield TextDifference(place=place, verb=verb, rows=rows)


def _all_texts(definition: TaskDefinition, suite: Suite) -> dict[str, str]:
    examples = [t for t in definition.templates if t.literal]
    texts = prompt_files(definition)
    if examples:
        texts[EXAMPLES_FILE] = "\n\n".join(f"[{t.role}]\n{t.source}" for t in examples)
    texts |= {f"blocks/{name}": text for name, text in definition.blocks.items()}
    return texts | definition.sources | suite.sources


def _settings(definition: TaskDefinition, *, beside: TaskDefinition) -> dict[str, Any]:
    found = {name: getattr(definition, name) or None for name in _SETTINGS}
    found["max_reasks"] = definition.max_reasks
    found |= {f"parameters.{name}": value for name, value in definition.parameters.items()}
    found |= dict(_chain_settings(definition))
    found |= dict(_embedded(definition, beside))
    for rule in definition.rules:
        told = rule_settings(rule)
        found |= {f"rules.{rule.name}.{key}": value for key, value in told.items()}
    for constraint in definition.constraints:
        told = msgspec.to_builtins(constraint)
        found[f"constraints.{told.pop('name')}"] = told
    return {name: value for name, value in found.items() if value is not None}


def _chain_settings(definition: TaskDefinition) -> Iterator[tuple[str, Any]]:
    if definition.chain is None:
        return
    for step in definition.chain.steps:
        for key, value in step_settings(step).items():
            yield f"steps.{step.name}.{key}", value
    for name, at in definition.chain.output.items():
        yield f"result.{name}" if name else "result", at


def _embedded(definition: TaskDefinition, other: TaskDefinition) -> Iterator[tuple[str, str]]:
    """What it runs in another state than the other does. Versions that answer alike are none."""
    for folder, tasks, known in (
        ("tasks", _tasks(definition), _tasks(other)),
        ("judges", definition.judges, other.judges),
    ):
        for name, task in tasks.items():
            if name not in known or known[name].digest != task.digest:
                yield f"{folder}.{name}", version_words(task)


def _tasks(definition: TaskDefinition) -> Mapping[str, TaskDefinition]:
    return {} if definition.chain is None else definition.chain.tasks


def _tests(definition: TaskDefinition, suite: Suite) -> dict[str, Any]:
    found: dict[str, Any] = {"description": definition.description or None, "test.n": suite.n}
    found["test.checks"] = list(suite.checks) or None
    found |= {f"gate.{name}": value for name, value in thresholds(suite.gate).items()}
    return {name: value for name, value in found.items() if value is not None}


def _values(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ValueDifference]:
    for place in dict.fromkeys([*old, *new]):
        mine, theirs = old.get(place), new.get(place)
        if msgspec.json.encode(mine) != msgspec.json.encode(theirs):
            verb = _verb(place, old, new)
            yield ValueDifference(place=place, verb=verb, old=mine, new=theirs)


def _cases(old: Suite, new: Suite) -> Iterator[CaseDifference]:
    for before, after in paired_cases(old, new):
        if before is None and after is not None:
            yield CaseDifference(name=case_name(after), verb="added", new=after)
        elif after is None and before is not None:
            yield CaseDifference(name=case_name(before), verb="removed", old=before)
        elif before is not None and after is not None and before != after:
            fields = tuple(
                name
                for name in before.__struct_fields__
                if getattr(before, name) != getattr(after, name)
            )
            yield CaseDifference(
                name=case_name(after), verb="changed", old=before, new=after, fields=fields
            )


def _verb(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Verb:
    if place not in old:
        return "added"
    return "changed" if place in new else "removed"
