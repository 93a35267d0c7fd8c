"""The level of a new version: computed from what changed, field by field. Pure.

Major: a caller may break. Minor: answers may change, or the contract grows compatibly. Patch:
neither. An author may raise the level that comes out, never lower it.

=============================  ======  ==========================================================
what changed                   level   because
=============================  ======  ==========================================================
input refuses more             major   a call that was answered is refused
input accepts more             minor   the contract grows
default or role of a field     minor   templates and guards see it
description of an input field  patch   no model reads it
output may hold more           major   a value may come that no caller has a branch for
output field gone or renamed   major   whoever reads it finds nothing
output holds less              minor   answers change, within what callers know
output field added             minor   readers pass over what they do not know
output's words, aliases, order minor   the model reads the schema, and writes in its order
text for typed, or back        major   another thing altogether
``stream``, to less assurance  major   parts of an answer may be seen that fails in the end
``stream``, to more            minor   the same text, later
prompt, examples, blocks       minor   answers change, by one blank even
model, parameters              minor   answers change
constraints, Python they run   minor   they decide what is asked again and what fails
rules, the variables they set  minor   they answer, deny and choose in place of a model
votes, choices, best of        minor   the same question, answered in another way
steps and wires of a chain     minor   answers change; its own schemas say whether a caller breaks
the task of a step, a judge    minor   answers change; patch where that task's own change is one,
                                       whatever it is to callers of that task alone
``mode``, ``repair``,          minor   they decide which answers pass, and when a call fails;
``max_reasks``, ``timeout_s``,         what passes keeps to the contract all the same
``max_cost_usd``
description, cases, checks,    patch   no caller sees them
thresholds, either way
=============================  ======  ==========================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from roadworthy.registry.body_changes import body_changes
from roadworthy.registry.chain_changes import embedded_changes
from roadworthy.registry.pinning import replace_embedded
from roadworthy.registry.schema_changes import input_changes, output_changes
from roadworthy.registry.suite_changes import suite_changes
from roadworthy.registry.version import Change, Level
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.cases import Suite
from roadworthy.tasks.digest import content_digest, definition_digest

__all__ = ["State", "changes_between", "level_of"]

State: TypeAlias = tuple[TaskDefinition, Suite]
_RANK: Final[dict[Level, int]] = {"patch": 0, "minor": 1, "major": 2}


def changes_between(old: State, new: State) -> tuple[Change, ...]:
    """Every difference between two states of a task, with what it means to callers.

    The contract comes first, then what answers, then what tests it. Empty only if both are one
    state: what they answer, how they are described and what they are tested by are equal.
    """
    (before, suite_before), (after, suite_after) = old, new
    changes = input_changes(before.input_schema, after.input_schema)
    changes += output_changes(before.output_schema, after.output_schema)
    changes += body_changes(before, after)
    changes += embedded_changes(before, after, _of_tasks)
    if before.description != after.description:
        changes.append(Change(level="patch", place="description", what="changed"))
    changes += suite_changes(suite_before, suite_after)
    if level_of(changes) in (None, "patch") and _answering(before) != _answering(after):
        changes.append(Change(level="minor", place="task.toml", what="what answers differs"))
    if not changes and _content(*old) != _content(*new):
        what = "written differently, with the same meaning"
        changes.append(Change(level="patch", place="task.toml", what=what))
    return tuple(changes)


def level_of(changes: Sequence[Change]) -> Level | None:
    """The highest level among the changes; None if there are none."""
    return max((change.level for change in changes), key=_RANK.__getitem__, default=None)


def _of_tasks(old: TaskDefinition, new: TaskDefinition) -> tuple[Change, ...]:
    """What differs between two states of a task that another one runs: how they are tested and
    described is no part of what it runs."""
    return changes_between(
        (msgspec.structs.replace(old, description=""), Suite()),
        (msgspec.structs.replace(new, description=""), Suite()),
    )


def _answering(definition: TaskDefinition) -> str:
    """The digest of all that may change an answer. Of an input's schema, whose wording no model
    reads, the comparison of schemas says whether it is another."""

    def of_embedded(task: TaskDefinition) -> TaskDefinition:
        return msgspec.structs.replace(task, digest=_answering(task))

    bare = msgspec.structs.replace(definition, input_schema={})
    return definition_digest(replace_embedded(bare, of_embedded))


def _content(definition: TaskDefinition, suite: Suite) -> str:
    return definition_digest(definition) + content_digest(suite)
