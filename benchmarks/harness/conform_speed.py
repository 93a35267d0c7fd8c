"""How long conformance takes: a valid answer of 1 KB, and a mix of malformed ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import json_repair
import jsonschema_rs

from harness.conform_cases import Case
from roadworthy.conformance import OutputSchema, compile_schema, conform, plan_request, read_answer
from roadworthy.core import Settings, SystemClock
from roadworthy.models import Capabilities, Model
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.tasks import Snapshot, TaskDefinition, Template
from roadworthy.testing import MemoryJournal, ScriptedUpstream

__all__ = ["SCHEMA", "VALID", "measure_speed"]

_LINE: Final = {
    "type": "object",
    "properties": {
        "sku": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
        "quantity": {"type": "integer", "minimum": 1},
        "price": {"type": "number", "minimum": 0},
    },
    "required": ["sku", "quantity", "price"],
    "additionalProperties": False,
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "customer": {"type": "string", "minLength": 1},
        "email": {"type": "string", "format": "email"},
        "placed": {"type": "string", "format": "date-time"},
        "channel": {"enum": ["web", "phone", "shop"]},
        "express": {"type": "boolean"},
        "discount": {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
        "note": {"type": "string", "maxLength": 1000},
    },
    "required": ["customer", "email", "placed", "channel", "express", "lines", "note"],
    "additionalProperties": False,
    "$defs": {"line": _LINE},
}
_NOTE: Final = (
    "The customer asked twice whether the parcel can be left with a neighbour, and would like a "
    "message the evening before it comes. The second tin was dented last time; please look at it "
    "before it is packed. "
)
VALID: Final = json.dumps(
    {
        "customer": "Ada Example",
        "email": "ada@example.org",
        "placed": "2026-11-21T09:30:00Z",
        "channel": "web",
        "express": False,
        "discount": 0.05,
        "lines": [
            {"sku": f"TE-{1000 + n}", "quantity": n + 1, "price": 4.25 + n} for n in range(8)
        ],
        "tags": ["tea", "gift", "returning"],
        "note": _NOTE * 2,
    }
)
_ROUNDS: Final = 7
_PROMPT: Final = Template(role="user", source="An order.", file="user.md")


def measure_speed(cases: Sequence[Case], *, seconds: float) -> dict[str, float]:
    """CPU time of this process, the median of seven rounds; ``seconds`` is of each figure."""
    schema = compile_schema(SCHEMA)
    check = jsonschema_rs.validator_for(SCHEMA, validate_formats=True)
    per_call_s = {
        "conform": lambda: conform(VALID, schema, stop_reason="stop"),
        "conform, schema as a dictionary": lambda: conform(VALID, SCHEMA, stop_reason="stop"),
        "read_answer": lambda: read_answer(VALID, schema, stop_reason="stop"),
        "read_answer, strict form": _strict(schema),
        "json.loads and jsonschema-rs": lambda: check.is_valid(json.loads(VALID)),
        "json_repair.loads and jsonschema-rs": lambda: check.is_valid(json_repair.loads(VALID)),
    }
    figures = {"bytes": float(len(VALID.encode()))}
    for name, call in per_call_s.items():
        figures[f"valid: {name}, µs"] = 1e6 * _cpu_s(call, seconds / _ROUNDS)
    figures["valid: stage conform of a call, µs"] = asyncio.run(_stage_us())
    figures["valid: conform, answers/s"] = 1e6 / figures["valid: conform, µs"]
    return figures | _mix(cases)


async def _stage_us(calls: int = 2_000) -> float:
    """The median of what calls write down of their stage conform, all of it in the gateway's own
    path: stop reason, reading, validation, the text that is passed on."""
    task = TaskDefinition(
        name="order", model="m", output_schema=SCHEMA, templates=(_PROMPT,), stream="buffered"
    )
    model = Model(
        name="m",
        provider="openai-compatible",
        upstream="m",
        base_url="http://127.0.0.1:9/v1",
        capabilities=Capabilities(modes=("json", "prompt")),
    )
    snapshot = Snapshot(
        revision="1", settings=Settings(), tasks={"order": task}, models={"m": model}
    )
    state, journal = compile_state(snapshot, {}), MemoryJournal()
    pipeline = Pipeline(
        state=lambda: state,
        upstream=ScriptedUpstream([VALID]),
        journal=journal,
        clock=SystemClock(),
    )
    for _ in range(calls):
        await pipeline.run(CallRequest(target="task:order", surface="task", input={}))
    return statistics.median(
        stage.duration_us
        for call in journal.calls
        for stage in call.stages
        if stage.name == "conform"
    )


def _strict(schema: OutputSchema) -> Callable[[], object]:
    """As the gateway calls it for a model that answers in the provider's strict mode."""
    form = plan_request(schema, ("strict", "prompt")).form
    return lambda: read_answer(VALID, schema, stop_reason="stop", repair="schema", form=form)


def _cpu_s(call: Callable[[], object], seconds: float) -> float:
    call()
    times = []
    for _ in range(_ROUNDS):
        count, spent, before = 0, 0.0, time.process_time()
        while spent < seconds:
            for _ in range(100):
                call()
            count += 100
            spent = time.process_time() - before
        times.append(spent / count)
    return statistics.median(times)


def _mix(cases: Sequence[Case]) -> dict[str, float]:
    """Each malformed case three times, its schema compiled beforehand; the fastest of the three."""
    compiled = [
        (case, compile_schema({} if case.schema is None else case.schema)) for case in cases
    ]
    ours = sorted(
        _fastest_s(lambda: conform(case.text, schema, stop_reason=case.stop_reason))  # noqa: B023
        for case, schema in compiled
    )
    theirs = sorted(_fastest_s(lambda: json_repair.loads(case.text)) for case in cases)  # noqa: B023
    if not ours:
        return {}
    chars = sum(len(case.text) for case in cases)
    return {
        "malformed: answers": float(len(ours)),
        "malformed: mean characters": chars / len(ours),
        "malformed: conform, answers/s": len(ours) / sum(ours),
        "malformed: conform, p50 µs": 1e6 * ours[len(ours) // 2],
        "malformed: conform, p99 µs": 1e6 * ours[int(len(ours) * 0.99)],
        "malformed: conform, slowest µs": 1e6 * ours[-1],
        "malformed: json_repair.loads, answers/s": len(theirs) / sum(theirs),
        "malformed: json_repair.loads, p50 µs": 1e6 * theirs[len(theirs) // 2],
        "malformed: json_repair.loads, p99 µs": 1e6 * theirs[int(len(theirs) * 0.99)],
        "malformed: json_repair.loads, slowest µs": 1e6 * theirs[-1],
    }


def _fastest_s(call: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        before = time.perf_counter()
        with contextlib.suppress(Exception):  # a peer may trip over a text; it took its time
            call()
        times.append(time.perf_counter() - before)
    return min(times)
