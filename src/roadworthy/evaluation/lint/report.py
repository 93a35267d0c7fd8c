"""What a prompt weighs, as values: what ``--json`` writes and the control API answers."""

from __future__ import annotations

from collections import Counter
from typing import Literal, TypeAlias

import msgspec

from roadworthy.evaluation.lint.findings import Finding, Level

__all__ = ["LintReport", "PartKind", "TaskLint", "Weight"]

PartKind: TypeAlias = Literal[
    "message", "block", "example", "schema", "description", "context", "input"
]


class Weight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many tokens of each call one part of the prompt is."""

    kind: PartKind
    """``message``: the text of one template of its own, without blocks and values. ``schema``: what
    is sent of the output schema, of which the ``description`` rows are parts. ``context`` and
    ``input``: the values of an input field, in the mean of the cases."""
    name: str
    file: str
    line: int = 0
    tokens: float
    times: int = 1
    """How often the part stands in the prompt; the tokens are of all."""
    most: int | None = None
    """Values: of the longest among the cases."""
    cases: int | None = None
    """Values: how many cases give one."""
    sent: bool = True
    """False: the model never reads it, as a schema that a grammar enforces."""
    part: bool = False
    """Whether its tokens are counted in another row already."""


class TaskLint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One task's prompt."""

    task: str
    model: str = ""
    estimated: bool = False
    """Whether tokens are estimates, as those of hosted models are."""
    weights: tuple[Weight, ...] = ()
    """In the order in which the model reads them; what it does not read comes last."""
    fixed: int = 0
    """Tokens that are the same in every call, the schema included where it is sent."""
    mean: float | None = None
    """Tokens of a whole prompt in the mean of the cases; None: no case can be rendered."""
    most: int | None = None
    cases: int = 0
    """How many cases were rendered."""
    prefix: int = 0
    """Tokens before the first one that may vary: what a provider may read from its cache."""
    schema_by: str = ""
    """The mode that enforces or tells of the output schema; empty: free text."""
    body: Literal["prompt", "chain", "rules"] = "prompt"
    """What has no prompt has no weights."""
    findings: tuple[Finding, ...] = ()


class LintReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A project's prompts."""

    format: int = 1
    tasks: tuple[TaskLint, ...] = ()
    findings: tuple[Finding, ...] = ()
    """Those that belong to no one task that can be loaded."""
    seconds: float = 0.0

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Of the project, then of the tasks."""
        return (*self.findings, *(found for task in self.tasks for found in task.findings))

    @property
    def levels(self) -> Counter[Level]:
        return Counter(finding.level for finding in self.all_findings)
