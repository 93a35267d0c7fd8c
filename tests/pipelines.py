"""A pipeline over a scripted upstream, for tests."""

from __future__ import annotations

from typing import Any

from roadworthy.core import Price, RecordSettings, Settings, SystemClock
from roadworthy.core.settings import LimitSettings
from roadworthy.models import Capabilities, Model, Upstream
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.tasks import Snapshot, TaskDefinition, Template
from roadworthy.testing import MemoryJournal

GOOD = '{"sentiment":"positive","confidence":0.5}'
INPUT: dict[str, Any] = {"comment": "Lovely."}

MODEL = Model(
    name="scripted",
    provider="openai-compatible",
    upstream="scripted-1",
    base_url="http://127.0.0.1:9/v1",
    capabilities=Capabilities(modes=("strict", "json", "prompt")),
    price=Price(input_usd=1.0, output_usd=2.0),
)
TRIAGE = TaskDefinition(
    name="triage",
    model="scripted",
    input_schema={
        "type": "object",
        "properties": {"comment": {"type": "string"}},
        "required": ["comment"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "sentiment": {"enum": ["positive", "neutral", "negative"]},
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        },
        "required": ["sentiment", "confidence"],
        "additionalProperties": False,
    },
    templates=(Template(role="user", source="Comment: {{ comment }}", file="user.md"),),
    stream="buffered",
)
POEM = TaskDefinition(
    name="poem",
    model="scripted",
    input_schema={"type": "object", "properties": {"topic": {"type": "string"}}},
    templates=(Template(role="user", source="A poem on {{ topic }}.", file="user.md"),),
)


def pipeline_of(
    upstream: Upstream,
    *,
    record: RecordSettings | None = None,
    limits: LimitSettings | None = None,
    journal: MemoryJournal | None = None,
) -> tuple[Pipeline, MemoryJournal]:
    settings = Settings(record=record or RecordSettings(), limits=limits or LimitSettings())
    state = compile_state(
        Snapshot(
            revision="r1",
            settings=settings,
            tasks={"triage": TRIAGE, "poem": POEM},
            models={"scripted": MODEL},
        ),
        {},
    )
    journal = journal or MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=journal, clock=SystemClock()
    )
    return pipeline, journal


def triage(**fields: Any) -> CallRequest:
    return CallRequest(target="task:triage", surface="task", input=INPUT, **fields)


def chat(**fields: Any) -> CallRequest:
    messages = [{"role": "user", "content": "hello"}]
    return CallRequest(target="scripted", surface="chat", messages=messages, **fields)
