"""A task as the gateway serves it, and the snapshot that holds all of them.

Both are plain values: built by the keeper from files and the registry, written to the state
folder, read by gateways. They hold names of secrets, never secrets.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from roadworthy.core import Mode, RuleEffect, Settings
from roadworthy.models import Model

__all__ = [
    "BestOf",
    "ChainDefinition",
    "ConstraintDefinition",
    "OnError",
    "RepairLevel",
    "RuleDefinition",
    "Snapshot",
    "StepDefinition",
    "StreamMode",
    "TaskDefinition",
    "Template",
    "Ties",
    "VersionIndex",
    "Votes",
]

StreamMode: TypeAlias = Literal["fields", "buffered", "raw"]
RepairLevel: TypeAlias = Literal["none", "lossless", "schema"]
OnError: TypeAlias = Literal["fail", "skip", "default", "task"]
Ties: TypeAlias = Literal["first", "fail"]
"""What delivers a field on which no value has more votes than every other: the earliest vote for
one of the foremost values, or nothing, so that the call fails."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a prompt, as a MiniJinja template over the task's input."""

    role: Literal["system", "user", "assistant"]
    source: str
    file: str
    """For messages about faults, relative to the project."""
    literal: bool = False
    """The source is the message itself: an expanded example, whose text may look like a template
    and must stay text."""


class ConstraintDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition on the output that its schema cannot say."""

    name: str
    require: str
    """CEL over ``input`` and ``output``; it must come out true."""
    when: str | None = None
    """CEL; the constraint binds only where this comes out true. None: always."""
    message: str
    """What is wrong where it fails; the model is told so, and the caller."""
    paths: tuple[str, ...] = ()
    """JSON pointers into the output: what the failure is about, and what is asked for again."""


class RuleDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is decided of a call without a model. Rules take effect in order; the first that
    answers or denies ends it."""

    name: str
    effect: RuleEffect
    when: str | None = None
    """CEL over ``input`` and ``vars``; the rule fires only where it comes out true. None: it
    always does."""
    answer: Any = None
    """``answer``: the output. Anywhere in it stands ``{"cel": "…"}`` for a computed value."""
    deny: str = ""
    """``deny``: what the caller is told."""
    values: dict[str, Any] = {}
    """``set``: variables by name; ``fill``: top-level fields of the output, which no model is asked
    for. Each is ``{"cel": "…"}``, ``{"python": "rules.py:function"}`` or ``{"value": …}``."""
    model: str = ""
    """``model``: the logical model that is asked in place of the task's own."""


class Votes(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The answer is asked for several times, and each field takes the value of the most."""

    n: Annotated[int, msgspec.Meta(ge=2, le=25)]
    """How often it is asked for, at most: what a majority has settled is not asked further."""
    models: tuple[str, ...] = ()
    """Logical models that are asked in turn; none: the task's own, each time."""
    ties: Ties = "first"
    """Where no value of a field has more votes than every other: the one that was voted for
    first, or the call fails."""


class BestOf(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Several candidates, of which the judge's favourite is delivered."""

    n: Annotated[int, msgspec.Meta(ge=2, le=25)]
    """How many candidates are asked for."""
    judge: str
    """A task that scores a candidate; as in a ``judge`` check."""
    models: tuple[str, ...] = ()
    """Logical models that are asked in turn; none: the task's own, each time."""


class StepDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a chain."""

    name: str
    task: str
    """Which of the chain's `tasks` it runs."""
    needs: tuple[str, ...] = ()
    """Steps that must have ended before: those declared, and those that it reads."""
    wires: dict[str, str] = {}
    """By input field, the path that it takes its value from: ``input.sku``, ``copy.text``,
    ``item.name``. The field ``""``: the whole input."""
    constants: dict[str, Any] = {}
    """Input fields that are the same in every call."""
    when: str | None = None
    """CEL over ``input``, ``item`` and the steps before; where it does not come out true, the step
    is skipped. None: it always runs."""
    on_error: OnError = "fail"
    fallback: str = ""
    """``task``: which of the chain's `tasks` answers in its place, given the same input."""
    default: Any = msgspec.UNSET
    """What stands for the step's output where it fails under ``default``, or is skipped. UNSET: a
    skipped step has no output, and steps that need a value of it are skipped as well. With
    `for_each` it stands for one item's under ``default``, where a step that is skipped as a whole
    has no output; else for the whole list."""
    for_each: str | None = None
    """A path to a list: the step runs once for each ``item`` of it, and its output is the list of
    theirs, in order. Items skipped have no place in it."""
    concurrency: int = 4
    """How many items run at once."""


class ChainDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of a task that is made of steps."""

    steps: tuple[StepDefinition, ...]
    """As they were written; each runs once its `needs` have ended."""
    output: dict[str, str]
    """By output field, the path of its value; the field ``""``: the whole output."""
    tasks: dict[str, TaskDefinition]
    """The tasks that its steps run, by name, pinned: each says its own version."""


class TaskDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One state of one task: everything that serving a call of it needs."""

    name: str
    version: str = "working"
    digest: str = ""
    """SHA-256 over everything that may change an answer or a contract, hexadecimal."""
    description: str = ""
    model: str
    parameters: dict[str, Any] = {}
    input_schema: dict[str, Any] = {}
    output_schema: dict[str, Any] | None = None
    """None: the answer is free text."""
    templates: tuple[Template, ...] = ()
    """In the order in which the messages are sent; few-shot examples are expanded."""
    blocks: dict[str, str] = {}
    """Texts that templates may include, by name."""
    constraints: tuple[ConstraintDefinition, ...] = ()
    """All must hold of what is delivered; in the order of `rules.toml`."""
    rules: tuple[RuleDefinition, ...] = ()
    """In the order of `rules.toml`."""
    chain: ChainDefinition | None = None
    """Its steps; None: a prompt, or rules alone, answer."""
    votes: Votes | None = None
    best_of: BestOf | None = None
    judges: dict[str, TaskDefinition] = {}
    """The tasks that choose among candidates, by name, pinned as the steps of a chain are."""
    choose: tuple[str, ...] = ()
    """Closed top-level fields of the output whose value is chosen by its likelihood."""
    max_cost_usd: float | None = None
    """What one call may cost, all its attempts and steps together; None: no limit."""
    sources: dict[str, str] = {}
    """Texts of the Python files that serving it runs, by path relative to the project. They are
    compared with the files that are installed; what is stored is never run."""
    stream: StreamMode = "raw"
    mode: Mode | None = None
    """How to ask for the output's structure; None: the strongest way that the model has."""
    repair: RepairLevel = "schema"
    max_reasks: int = 2
    timeout_s: float | None = None


class VersionIndex(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which published versions a task has, and what its channels point to. Small: the versions
    themselves are read from their files when somebody asks for them."""

    digests: dict[str, str] = {}
    """By semantic version, the digest that names its file; the newest first."""
    channels: dict[str, str] = {}
    """By channel, the version that it points to."""
    released: tuple[str, ...] = ()
    """Versions that production has pointed to and was not rolled back from: what a range may
    reach."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a gateway serves from; swapped whole when `revision` changes."""

    format: int = 2
    revision: str
    """Digest of the content: equal content, equal revision."""
    settings: Settings
    serves: Literal["working", "production"] = "working"
    """What a call reaches that names no version: the working copy, or what channel ``production``
    points to."""
    tasks: dict[str, TaskDefinition] = {}
    """What such calls reach, by name."""
    versions: dict[str, VersionIndex] = {}
    """By task. Empty ones are of tasks that only have a working copy, which is not served."""
    unservable: dict[str, str] = {}
    """Why a task cannot be served although it should be, by its name."""
    models: dict[str, Model] = {}
    root: str = ""
    """The project's folder, in which the Python of versions is installed; empty: nothing is."""
    operator_token: str = ""
    """What the keeper shows to choose a version's model; empty: nobody may."""
