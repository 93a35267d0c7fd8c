"""The record of one call: the only thing that travels the whole path.

Every stage writes its outcome and its duration into it. A gateway appends it to its journal
before the response is sent; the keeper loads it into the database. Field names are what the
API, the CLI and the pages show, so a rename is a breaking change of the journal's format.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from roadworthy.core.money import Usage

__all__ = [
    "ANSWERED",
    "UNCOUNTED",
    "Attempt",
    "Call",
    "CallError",
    "Confidence",
    "Fired",
    "Message",
    "Mode",
    "Outcome",
    "Purpose",
    "Reason",
    "ReasonKind",
    "Repair",
    "RuleEffect",
    "Stage",
    "StopReason",
    "Surface",
    "Violation",
]

Message: TypeAlias = dict[str, Any]
"""A chat message as the caller sent it, unknown fields included."""

Outcome: TypeAlias = Literal[
    "first_pass",  # conformed as it came
    "repaired",  # conformed after a lossless or schema-guided repair
    "reasked",  # conformed after failing fields were asked again
    "unchecked",  # answered, and no schema was given to check it by
    "rule",  # a rule answered; no model was asked
    "chain",  # its steps answered, each of them a call of its own
    "refused",  # the model refused, or a rule denied it
    "truncated",  # the token limit cut the answer off
    "failed",  # it did not conform, and was not delivered
    "errored",  # the provider or the gateway failed
    "rejected",  # the request was at fault; no model was asked
    "cancelled",  # the caller went away
]
ANSWERED: frozenset[str] = frozenset(
    {"first_pass", "repaired", "reasked", "unchecked", "rule", "chain"}
)
"""Outcomes that delivered an answer."""

Surface: TypeAlias = Literal["chat", "task", "python", "test"]
"""By which way a call came. ``test``: it was made to try a version out, by tests or by people, and
counts in no figure of what is served."""
UNCOUNTED: frozenset[str] = frozenset({"test"})
"""Surfaces whose calls are recorded, and stand in no rollup and no ledger."""
StopReason: TypeAlias = Literal[
    "stop", "length", "tool_calls", "content_filter", "refusal", "unknown"
]
Mode: TypeAlias = Literal["grammar", "strict", "tool", "json", "prompt", "none"]
"""How an attempt asked for structure: a grammar that binds every token, the provider's strict
JSON Schema, the parameters of one forced function, the provider's JSON mode, words in the prompt,
or no structure at all."""
Purpose: TypeAlias = Literal["answer", "reask", "vote", "choose", "calibrate"]
"""What an attempt was for: the answer; fields of it asked again; one of several votes or
candidates; the likelihood of a closed field's values; the same on an input without content."""
RuleEffect: TypeAlias = Literal["answer", "deny", "set", "fill", "model"]
ReasonKind: TypeAlias = Literal["repair", "reask", "failure"]
"""What a reason led to: the answer was mended, asked again, or not delivered."""


class Violation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which a value breaks its schema."""

    path: str
    """JSON pointer into the value; the empty string is its root."""
    keyword: str
    """The schema keyword that failed; ``parse`` where there was no JSON at all, ``constraint``
    where a constraint of the task does not hold."""
    message: str
    paths: tuple[str, ...] = ()
    """Where several places contradict each other: all of them, and `path` is what encloses them."""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One change made to an answer so that it conforms."""

    path: str
    kind: str
    """What was done: ``fence``, ``quotes``, ``number``, ``enum``, …; the reference lists all."""
    before: str
    after: str


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an answer was not delivered as it came. Holds nobody's text, so it is always kept."""

    kind: ReasonKind
    """What came of it: the answer was mended, asked again, or not delivered."""
    name: str
    """The kind of the repair, or the keyword that was violated; ``refused`` or ``truncated``."""
    path: str = ""
    """JSON pointer in which ``*`` stands for any index and for any name that the schema does not
    declare; the empty string is the whole answer."""


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that took effect."""

    name: str
    effect: RuleEffect


class Confidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What speaks for one field of an answer, measured and not told by the model."""

    value: float
    """0 to 1: the share of votes that agree, or the calibrated probability."""
    method: Literal["votes", "likelihood"]
    votes: int = 0
    """How many were asked; 0: it was no vote."""


class Attempt(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One request to an upstream within a call. Times are from the call's start."""

    model: str
    """The logical model."""
    provider: str
    upstream_model: str = ""
    mode: Mode = "none"
    purpose: Purpose = "answer"
    start_us: int = 0
    duration_us: int = 0
    first_token_us: int | None = None
    """Streams: when the first piece of the answer came."""
    status: int | None = None
    retries: int = 0
    """Requests that failed in passing and were sent again, all within this attempt."""
    stop_reason: StopReason | None = None
    usage: Usage = Usage()
    cost_nusd: int | None = None
    error: str | None = None
    """An error code, if the attempt gave no answer; ``aborted_nonconforming`` or ``looped`` where a
    stream was closed because no answer could come of it any more."""
    text: str | None = None
    """What the model wrote, raw. Bulky."""
    violations: tuple[Violation, ...] = ()
    """Why this answer could not be delivered as it was."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stage of the path. Times are from the call's start."""

    name: str
    start_us: int
    duration_us: int
    note: str = ""


class CallError(msgspec.Struct, frozen=True, kw_only=True):
    """The error a caller was given."""

    status: int
    code: str
    message: str
    param: str | None = None


class Call(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One execution of a task for a caller."""

    id: str
    task: str
    """A task's name, or ``model:NAME`` for a call without a task."""
    version: str = ""
    """The version that served: ``working`` until one is published; empty without a task."""
    model: str = ""
    surface: Surface = "chat"
    stream: bool = False
    started_us: int
    duration_us: int = 0
    outcome: Outcome = "errored"
    error: CallError | None = None
    conversation_id: str | None = None
    unit: str | None = None
    schema_digest: str | None = None
    """Of the output schema; None: no schema, nothing to conform to."""
    mode: Mode = "none"
    usage: Usage = Usage()
    """Summed over all attempts: what the call cost, not what its last attempt cost."""
    cost_nusd: int | None = None
    """Summed over attempts whose cost is known; None: no attempt's cost is known."""
    repairs: tuple[Repair, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """Why it did not conform as it came, each told once; empty: it did, or there is no schema."""
    rules: tuple[Fired, ...] = ()
    """Rules that took effect, in their order."""
    confidence: dict[str, Confidence] = {}
    """By JSON pointer into the value; fields of which nothing was measured are left out."""
    parent_id: str | None = None
    """The chain's call that this one is a step of; None: a caller made it."""
    root_id: str | None = None
    """The outermost call above it; None: this is it."""
    step: str = ""
    """Which step of the parent."""
    item: int | None = None
    """Which item of a ``for_each``, from 0."""
    resumes: str | None = None
    """The call whose recorded steps this one went on from."""
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    stages: list[Stage] = msgspec.field(default_factory=list)
    gateway: str = ""
    """Which process served it."""

    # Bulky: kept apart from the database's rows, dropped where the project records no texts.
    input: dict[str, Any] | None = None
    messages: list[Message] = msgspec.field(default_factory=list)
    value: Any = None
    """The delivered value; for a call without a schema, the delivered text."""
