"""Real schemas through the whole path to the embedded model, and what came of each."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.judging import is_valid
from harness.public_data import read_rows
from roadworthy.core import ANSWERED, Call
from roadworthy.core.errors import RoadworthyError
from roadworthy.pipeline import CallRequest, Pipeline

__all__ = ["DECLARED", "Answered", "Sample", "ask", "draw", "is_declared", "prompt_for"]

DECLARED: Final = {
    "Github_easy": 94.2,
    "Github_trivial": 91.9,
    "Github_medium": 85.4,
    "Github_hard": 71.3,
    "Github_ultra": 55.5,
    "Glaiveai2K": 96.0,
    "Kubernetes": 98.4,
    "Snowplow": 96.0,
    "WashingtonPost": 76.8,
    "JsonSchemaStore": 48.7,
}
"""Per cent of a data set's schemas that llguidance 1.9.1 compiles and passes, whole data sets."""
_SHOWN_CHARS: Final = 400
"""Of a description, and of the names of fields: a prompt is no copy of the schema."""


class Sample(msgspec.Struct, frozen=True):
    """One schema of one data set."""

    dataset: str
    id: str
    schema: Any

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.id}"


class Answered(msgspec.Struct, kw_only=True):
    """What became of one schema; a line of the log."""

    dataset: str
    id: str
    declared: bool
    """Whether llguidance takes the schema as it is."""
    mode: str
    outcome: str
    error: str = ""
    """Code and message."""
    delivered: bool = False
    valid: bool = True
    """What was delivered conforms, by another judge; also true where nothing was."""
    attempts: int = 0
    stop_reasons: list[str] = []
    output_tokens: int = 0
    tail: str = ""
    """The end of what the model wrote last, where it was not delivered."""
    repairs: list[str] = []
    duration_s: float = 0.0

    @property
    def key(self) -> str:
        return f"{self.dataset}/{self.id}"


def draw(folder: Path, *, count: int, seed: int) -> list[Sample]:
    """This many schemas, as many of each data set as of any other, set by set in turn."""
    rng = random.Random(seed)
    paths = sorted(p for p in folder.glob("*.jsonl.gz") if not p.name.startswith("maskbench"))
    each = -(-count // len(paths))
    drawn = []
    for path in paths:
        name = path.name.partition(".")[0]
        rows = rng.sample(read_rows(path), each)
        drawn.append([Sample(name, str(r["id"]), _schema(r["schema"])) for r in rows])
    return [sample for turn in zip(*drawn, strict=True) for sample in turn][:count]


def is_declared(schema: Any) -> bool:
    """Whether llguidance compiles the schema without passing over a keyword."""
    from llguidance import LLMatcher

    refused, _ = LLMatcher.validate_grammar_with_warnings(
        "%llguidance {}\nstart: %json " + json.dumps(schema)
    )
    return not refused


def prompt_for(sample: Sample) -> str:
    """What a person might ask: what it is, in the schema's own words, and its fields by name.

    The schema itself is sent as the schema; how the model is told of it is the gateway's part.
    """
    schema = sample.schema if isinstance(sample.schema, dict) else {}
    words = [str(schema.get(key) or "") for key in ("title", "description")]
    about = ": ".join(word for word in words if word)[:_SHOWN_CHARS] or sample.id
    fields = schema.get("properties")
    names = ", ".join(fields) if isinstance(fields, dict) else ""
    listed = f"\nFields: {names[:_SHOWN_CHARS]}" if names else ""
    return f"Give one short example, as JSON, of: {about}{listed}"


async def ask(
    pipeline: Pipeline,
    sample: Sample,
    journal: list[Call],
    parameters: dict[str, Any],
    *,
    model: str = "local",
) -> Answered:
    """One call, as a client makes it that sends its schema along."""
    request = CallRequest(
        target=model,
        surface="python",
        messages=[{"role": "user", "content": prompt_for(sample)}],
        parameters=parameters,
        output_schema=sample.schema,
    )
    answered = Answered(
        dataset=sample.dataset,
        id=sample.id,
        declared=is_declared(sample.schema),
        mode="none",
        outcome="errored",
    )
    began, error, text = time.monotonic(), None, ""
    try:
        finished = await pipeline.run(request)
        error, text = finished.error, finished.text
    except RoadworthyError as raised:
        error = raised
    answered.duration_s = round(time.monotonic() - began, 2)
    call = journal[-1]
    _note(answered, call)
    if error is not None:
        answered.tail = ((call.attempts[-1].text if call.attempts else None) or "")[-120:]
        answered.error = f"{error.code}: {error.message}"[:500]
    elif call.outcome in ANSWERED:
        answered.delivered = True
        answered.valid = _conforms(text, sample.schema)
    return answered


def _note(answered: Answered, call: Call) -> None:
    answered.mode, answered.outcome = call.mode, call.outcome
    answered.attempts = len(call.attempts)
    answered.stop_reasons = [str(attempt.stop_reason) for attempt in call.attempts]
    answered.output_tokens = call.usage.output_tokens or 0
    answered.repairs = sorted(Counter(repair.kind for repair in call.repairs))


def _conforms(text: str, schema: Any) -> bool:
    try:
        return is_valid(json.loads(text), schema)
    except ValueError:
        return False


def _schema(schema: Any) -> Any:
    return json.loads(schema) if isinstance(schema, str) else schema
