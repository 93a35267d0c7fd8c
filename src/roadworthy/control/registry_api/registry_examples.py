"""Examples in the control API's document: one small task, from its draft to production."""

from __future__ import annotations

from typing import Any, Final

from roadworthy.access.keys import Key, NewKey
from roadworthy.registry import (
    Actor,
    CaseResult,
    Change,
    Draft,
    Evidence,
    Figures,
    Move,
    MoveRequest,
    Pointer,
    Publication,
    ResultKey,
    Score,
    Share,
    Version,
    VersionRow,
)
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition, Template

__all__ = [
    "CHANNELS",
    "DRAFT",
    "EVIDENCE",
    "KEY",
    "KEYS",
    "KEY_WISH",
    "MOVE",
    "MOVES",
    "MOVE_REQUEST",
    "NEW_CASE",
    "NEW_KEY",
    "PLAYED",
    "PLAY_WISH",
    "PUBLICATION",
    "RESULTS",
    "SAVED_CASE",
    "VERSION",
    "VERSIONS",
]

_TASK: Final = "classify-feedback"
_ACTOR: Final = Actor(name="Ada", role="owner")
_AT_US: Final = 1_795_232_467_000_000
_DEFINITION: Final = TaskDefinition(
    name=_TASK,
    description="What customers feel about an order",
    model="local",
    input_schema={
        "type": "object",
        "properties": {"comment": {"type": "string"}},
        "required": ["comment"],
    },
    output_schema={
        "type": "object",
        "properties": {"sentiment": {"enum": ["positive", "negative"]}},
        "required": ["sentiment"],
    },
    templates=(
        Template(
            role="user",
            source="What does this say? {{ comment }}",
            file=f"tasks/{_TASK}/prompt/user.md",
        ),
    ),
    stream="fields",
)
_SUITE: Final = Suite(
    cases=(
        Case(id="thanks", input={"comment": "Great support"}, expect={"sentiment": "positive"}),
    ),
    gate=Gate(pass_rate=0.9),
)
_ROW: Final = VersionRow(
    task=_TASK,
    version="1.4.0",
    digest="9b1f4c0e" * 8,
    definition_digest="41d0aa57" * 8,
    level="minor",
    message="Ask for the feeling, not for the topic",
    author="Ada",
    commit="5f3c1e9a",
    published_us=_AT_US,
)
_KEY: Final = ResultKey(
    task=_TASK,
    definition=_ROW.definition_digest,
    binding="c07d9e21" * 8,
    question="77aa01b3" * 8,
    run=0,
)

DRAFT: Final = Draft(definition=_DEFINITION, suite=_SUITE, message=_ROW.message, commit="5f3c1e9a")
PUBLICATION: Final = Publication(
    version=_ROW,
    new=True,
    changes=(Change(level="minor", place="prompt/user.md", what="text changed"),),
    previous="1.3.2",
)
VERSIONS: Final[dict[str, Any]] = {"versions": [_ROW]}
VERSION: Final = Version(
    row=_ROW, definition=_DEFINITION, suite=_SUITE, changes=PUBLICATION.changes
)
CHANNELS: Final[dict[str, Any]] = {
    "channels": [
        Pointer(task=_TASK, channel="production", version="1.4.0", since_us=_AT_US, protected=True)
    ]
}
MOVE_REQUEST: Final = MoveRequest(task=_TASK, to="1.4.0", why="Passes all cases")
EVIDENCE: Final = Evidence(
    figures=Figures(pass_rate=Share(value=1.0, low=0.84, high=1.0, n=20), cases=20, runs=20),
    bindings={"local": "embedded/smollm2-135m"},
    binding=_KEY.binding,
    environment="staging",
    measured_us=_AT_US,
)
MOVE: Final = Move(
    id="019abc12-0000-7000-8000-000000000001",
    task=_TASK,
    channel="production",
    kind="promote",
    from_version="1.3.2",
    to_version="1.4.0",
    at_us=_AT_US,
    by=_ACTOR,
    why="Passes all cases",
    evidence=EVIDENCE,
)
MOVES: Final[dict[str, Any]] = {"moves": [MOVE]}
RESULTS: Final[dict[str, Any]] = {
    "results": [
        CaseResult(
            key=_KEY,
            expected="0c55f0aa" * 8,
            case_id="thanks",
            outcome="first_pass",
            value={"sentiment": "positive"},
            scores=(Score(name="expect./sentiment", passed=True, score=1.0),),
            passed=True,
            latency_ms=412.5,
            cost_nusd=0,
            at_us=_AT_US,
            environment="staging",
        )
    ]
}
KEY: Final = Key(
    id="5cQ8ZtB1xk", name="Grace", role="viewer", prefix="rw_v_5cQ8ZtB1xk", created_us=_AT_US
)
KEYS: Final[dict[str, Any]] = {"keys": [KEY]}
KEY_WISH: Final[dict[str, Any]] = {"name": "Grace", "role": "viewer"}
# Of the form of a key, and too regular to be one.
NEW_KEY: Final = NewKey(key=KEY, secret=f"{KEY.prefix}_{'Example' * 6}0")
NEW_CASE: Final[dict[str, Any]] = {
    "input": {"comment": "It broke on the first day"},
    "expect": {"sentiment": "negative"},
    "tags": ["edge"],
}
SAVED_CASE: Final[dict[str, Any]] = {
    "task": _TASK,
    "id": "case-5c0d1f22ab",
    "file": f"tasks/{_TASK}/cases.jsonl",
    "line": 21,
}
PLAY_WISH: Final[dict[str, Any]] = {
    "selector": "1.4.0",
    "input": {"comment": "Great support"},
    "model": "local",
}
PLAYED: Final[dict[str, Any]] = {
    "value": {"sentiment": "positive"},
    "call": "019abc12-0000-7000-8000-000000000002",
    "outcome": "first_pass",
    "task": _TASK,
    "version": "1.4.0",
    "model": "local",
    "usage": {"input_tokens": 41, "output_tokens": 9},
    "cost_usd": 0.0,
    "duration_ms": 412.5,
}
