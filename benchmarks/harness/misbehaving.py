"""Calls against an upstream that misbehaves, and a judge of what was delivered all the same.

The judge shares nothing with the code under test but the schema's text: it reads what the caller
was given, validates it with a validator compiled apart, and checks constraints in Python.
"""

from __future__ import annotations

import json
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import jsonschema_rs

from harness.judging import same
from roadworthy.core import ANSWERED, Call, Settings, SystemClock
from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Ask, Capabilities, Model, Upstream
from roadworthy.pipeline import CallRequest, Pipeline, compile_state
from roadworthy.tasks import ConstraintDefinition, Snapshot, TaskDefinition, Template
from roadworthy.testing import MisbehavingUpstream

__all__ = ["HONEST_SHARE", "JOBS", "Connect", "Job", "Misbehaving", "Tally", "run_calls"]

OUTCOMES_OF_ERRORS: Final = frozenset({"failed", "refused", "truncated", "errored"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task, and the values that an honest model would answer."""

    name: str
    schema: dict[str, Any]
    honest: tuple[Any, ...]
    constraints: tuple[ConstraintDefinition, ...] = ()
    holds: Callable[[Any], bool] = lambda _: True
    """The constraints once more, in Python."""
    repair: Any = "schema"


_REST: Final = "sum(output.lines.map(l, double(l.quantity) * l.price)) - output.total"


def _sums_up(invoice: Any) -> bool:
    lines = sum(line["quantity"] * line["price"] for line in invoice["lines"])
    return abs(lines - invoice["total"]) < 0.005


TRIAGE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "sentiment": {"enum": ["positive", "neutral", "negative"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "themes": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["sentiment", "confidence", "themes"],
    "additionalProperties": False,
}
INVOICE: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^R-[0-9]{4}$"},
        "issued": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}, "minItems": 1},
        "total": {"type": "number"},
        "paid": {"type": "boolean"},
        "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    },
    "required": ["number", "issued", "lines", "total", "paid", "due"],
    "additionalProperties": False,
    "$defs": {
        "line": {
            "type": "object",
            "properties": {
                "item": {"type": "string", "minLength": 1, "maxLength": 40},
                "quantity": {"type": "integer", "minimum": 1, "maximum": 999},
                "price": {"type": "number", "minimum": 0},
            },
            "required": ["item", "quantity", "price"],
            "additionalProperties": False,
        }
    },
}
SHAPE: Final[dict[str, Any]] = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}},
            "required": ["kind", "radius"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "kind": {"const": "box"},
                "width": {"type": "integer"},
                "height": {"type": "integer"},
            },
            "required": ["kind", "width", "height"],
            "additionalProperties": False,
        },
    ]
}
TREE: Final[dict[str, Any]] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "pattern": "^[a-z]+$"},
                "below": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name"],
        }
    },
}
PRICES: Final[dict[str, Any]] = {
    "type": "object",
    "patternProperties": {"^[a-z]{2}$": {"type": "integer", "multipleOf": 5}},
    "additionalProperties": False,
    "minProperties": 1,
    "not": {"required": ["zz"]},
}
TAGS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "maxLength": 20},
    "uniqueItems": True,
    "minItems": 1,
}
EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "when": {"type": "string", "format": "date-time"},
        "mail": {"type": "string", "format": "email"},
        "note": {"type": ["string", "null"]},
        "seats": {"type": "integer", "exclusiveMinimum": 0},
    },
    "required": ["when"],
    "dependentRequired": {"seats": ["mail"]},
    "if": {"properties": {"note": {"const": "private"}}, "required": ["note"]},
    "then": {"required": ["mail"]},
}

JOBS: Final[tuple[Job, ...]] = (
    Job(
        name="triage",
        schema=TRIAGE,
        honest=(
            {"sentiment": "positive", "confidence": 0.9, "themes": ["delivery", "price"]},
            {"sentiment": "negative", "confidence": 0.25, "themes": []},
        ),
    ),
    Job(
        name="strict-triage",
        schema=TRIAGE,
        honest=({"sentiment": "neutral", "confidence": 1, "themes": ["tea"]},),
        repair="none",
    ),
    Job(
        name="invoice",
        schema=INVOICE,
        honest=(
            {
                "number": "R-0042",
                "issued": "2026-11-21",
                "lines": [
                    {"item": "green tea", "quantity": 2, "price": 4.5},
                    {"item": 'a "large" tin, red', "quantity": 1, "price": 12},
                ],
                "total": 21.0,
                "paid": True,
                "due": None,
            },
        ),
        constraints=(
            ConstraintDefinition(
                name="sum",
                require=f"{_REST} < 0.005 && {_REST} > -0.005",
                message="total must be the sum of the lines",
                paths=("/total",),
            ),
        ),
        holds=_sums_up,
    ),
    Job(
        name="shape",
        schema=SHAPE,
        honest=({"kind": "circle", "radius": 1.5}, {"kind": "box", "width": 2, "height": 3}),
    ),
    Job(
        name="tree",
        schema=TREE,
        honest=({"name": "a", "below": [{"name": "b"}, {"name": "c", "below": []}]},),
    ),
    Job(name="prices", schema=PRICES, honest=({"de": 10, "fr": 15},)),
    Job(name="tags", schema=TAGS, honest=(["tea", "green"], ["a tin"])),
    Job(name="answer", schema={"type": "number", "minimum": 0}, honest=(42, 0.5)),
    Job(name="verdict", schema={"enum": ["yes", "no", "not sure"]}, honest=("yes", "not sure")),
    Job(
        name="event",
        schema=EVENT,
        honest=(
            {"when": "2026-11-21T09:00:00Z", "mail": "a@example.org", "seats": 4, "note": None},
        ),
    ),
)

_MODES: Final[dict[str, tuple[Any, ...]]] = {
    "strict": ("strict", "json", "prompt"),
    "json": ("json", "prompt"),
    "prompt": ("prompt",),
}
_INPUT: Final = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
_MAX_PROBLEMS: Final = 50
HONEST_SHARE: Final = 0.1
"""Of the attempts: some are answered as they ought to be, so that asking again may help."""
TIMEOUT_S: Final = 0.3
"""Of one attempt; only a real connection takes it."""


@dataclass(slots=True)
class Tally:
    """What became of the calls."""

    calls: int = 0
    delivered: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    """By class; the caller was given these instead of an answer."""
    surfaces: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    delivered_by_way: Counter[str] = field(default_factory=Counter)
    """By the way of the first attempt."""
    problems: list[str] = field(default_factory=list)
    """What must not be: at most 50 are kept, all are counted."""
    problem_count: int = 0

    def report(self, problem: str) -> None:
        self.problem_count += 1
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


class CountingJournal:
    """Holds the calls that were written since it was last asked."""

    def __init__(self) -> None:
        self._written: list[Call] = []

    def append(self, call: Call) -> None:
        self._written.append(call)

    def take(self) -> list[Call]:
        written, self._written = self._written, []
        return written


class Misbehaving(Upstream, Protocol):
    """An upstream that tells how each attempt was spoilt."""

    met: list[str]


Connect: TypeAlias = Callable[[Callable[[Model, Ask], Any]], Misbehaving]
"""Makes the upstream from what an honest model would answer."""


async def run_calls(
    count: int,
    *,
    seed: int,
    connect: Connect | None = None,
    base_url: str = "http://127.0.0.1:9/v1",
) -> Tally:
    """This many calls, one after the other: tasks and chat, whole and streamed, in three modes."""

    def in_process(answer: Callable[[Model, Ask], Any]) -> Misbehaving:
        return MisbehavingUpstream(answer, seed=seed, honest_share=HONEST_SHARE)

    runner = _Runner(seed, connect or in_process, base_url)
    log = logging.getLogger("roadworthy")  # of bugs, which the tally reports with their causes
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        for _ in range(count):
            await runner.call()
    finally:
        log.setLevel(level)
    return runner.tally


class _Runner:
    def __init__(self, seed: int, connect: Connect, base_url: str) -> None:
        self._rng = random.Random(seed)
        self._job, self._value = JOBS[0], JOBS[0].honest[0]
        self._judges = {
            job.name: jsonschema_rs.validator_for(job.schema, validate_formats=True) for job in JOBS
        }
        self._asked: dict[str, jsonschema_rs.Validator] = {}
        self._journal = CountingJournal()
        self.tally = Tally()
        self._upstream = connect(self._honest)
        state = compile_state(_snapshot(base_url), {})
        self._pipeline = Pipeline(
            state=lambda: state,
            upstream=self._upstream,
            journal=self._journal,
            clock=SystemClock(),
        )

    async def call(self) -> None:
        job = self._job = self._rng.choice(JOBS)
        self._value = self._rng.choice(job.honest)
        request = self._request(job)
        self._upstream.met.clear()
        tally = self.tally
        tally.calls += 1
        tally.surfaces[f"{request.surface}{', streamed' if request.stream else ''}"] += 1
        text: str | None = None
        error: BaseException | None = None
        try:
            text, error = await (self._streamed if request.stream else self._whole)(request)
        except Exception as raised:  # noqa: BLE001 - whatever is raised is what is looked at
            error = raised
        written = self._journal.take()
        tally.attempts += len(self._upstream.met)
        tally.ways.update(self._upstream.met)
        for problem in self._problems(job, request, text, error, written):
            tally.report(f"{job.name} {'+'.join(self._upstream.met)}: {problem}")

    async def _whole(self, request: CallRequest) -> tuple[str | None, RoadworthyError | None]:
        finished = await self._pipeline.run(request)
        return (None if finished.error else finished.text), finished.error

    async def _streamed(self, request: CallRequest) -> tuple[str | None, RoadworthyError | None]:
        stream = await self._pipeline.stream(request)
        pieces = []
        try:
            async for batch in stream.deltas:
                pieces += [delta.text for delta in batch]
        finally:
            await stream.deltas.aclose()
        return "".join(pieces), None

    def _request(self, job: Job) -> CallRequest:
        mode = self._rng.choice(list(_MODES))
        stream = self._rng.random() < 0.3
        # A chat request carries a schema and no constraints.
        if self._rng.random() < 0.25 and not job.constraints:
            return CallRequest(
                target=mode,
                surface="chat",
                messages=[{"role": "user", "content": "Say it."}],
                output_schema=job.schema,
                stream=stream,
            )
        return CallRequest(
            target=f"task:{job.name}--{mode}", surface="task", input={"text": "It."}, stream=stream
        )

    def _problems(
        self,
        job: Job,
        request: CallRequest,
        text: str | None,
        error: BaseException | None,
        written: list[Call],
    ) -> Iterator[str]:
        if len(written) != 1:
            yield f"the journal holds the call {len(written)} times"
            return
        call = written[0]
        self.tally.outcomes[call.outcome] += 1
        if error is not None:
            self.tally.errors[type(error).__name__] += 1
            yield from _problems_of_error(call, error)
        elif call.outcome in ("refused", "truncated") and request.surface == "chat":
            return  # OpenAI's own shape says so, beside no answer or half of one
        elif call.outcome not in ANSWERED:
            yield f"outcome {call.outcome}, and no error"
        else:
            self.tally.delivered += 1
            self.tally.delivered_by_way[self._upstream.met[0]] += 1
            yield from self._problems_of_answer(job, call, text or "")

    def _problems_of_answer(self, job: Job, call: Call, text: str) -> Iterator[str]:
        try:
            value = json.loads(text, parse_constant=_refuse)
        except ValueError:
            yield f"delivered, and not JSON ({call.outcome}): {text[:80]!r}"
            return
        if not self._judges[job.name].is_valid(value):
            yield f"delivered, and invalid: {text[:200]}"
        elif not job.holds(value) and call.surface == "task":
            yield f"delivered, and breaks a constraint: {text[:200]}"
        if not same(value, call.value, exact_numbers=True):
            yield "what the journal holds is not what was delivered"

    def _honest(self, _: Model, ask: Ask) -> Any:
        """The value in the form that was asked for on the wire, as far as the wire says."""
        if ask.structured is None or ask.structured.mode != "strict":
            return self._value
        schema = ask.structured.schema
        judge = self._asked.get(key := json.dumps(schema))
        if judge is None:
            judge = self._asked[key] = jsonschema_rs.validator_for(schema)
        names = list(schema.get("properties", {}))
        nodes = dict(_named(self._value))
        forms = [self._value, dict.fromkeys(names[:1], self._value)]
        forms.append({name: nodes.get(name) for name in names})
        return next((form for form in forms if judge.is_valid(form)), self._value)


def _snapshot(base_url: str) -> Snapshot:
    models = {
        mode: Model(
            name=mode,
            provider="openai-compatible",
            upstream=mode,
            base_url=base_url,
            capabilities=Capabilities(modes=modes),
            timeout_s=TIMEOUT_S,
            max_retries=1,
        )
        for mode, modes in _MODES.items()
    }
    tasks = [_task(job, mode) for job in JOBS for mode in _MODES]
    return Snapshot(
        revision="1", settings=Settings(), tasks={t.name: t for t in tasks}, models=models
    )


def _task(job: Job, mode: str) -> TaskDefinition:
    return TaskDefinition(
        name=f"{job.name}--{mode}",
        model=mode,
        input_schema=_INPUT,
        output_schema=job.schema,
        templates=(Template(role="user", source="{{ text }}", file="user.md"),),
        constraints=job.constraints,
        repair=job.repair,
        stream="fields",
    )


def _problems_of_error(call: Call, error: BaseException) -> Iterator[str]:
    if not isinstance(error, RoadworthyError) or type(error) is RoadworthyError:
        yield f"an error that is not typed: {error!r:.200} from {error.__cause__!r:.200}"
    if call.outcome not in OUTCOMES_OF_ERRORS:
        yield f"outcome {call.outcome}, and the error {type(error).__name__}"
    if call.error is None or call.error.code != getattr(error, "code", None):
        yield f"the journal does not hold the error {type(error).__name__}"


def _named(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every node by the steps that lead to it, joined as a patch names them."""
    if name:
        yield name, value
    items = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    for step, item in items:
        yield from _named(item, f"{name}_{step}" if name else str(step))


def _refuse(constant: str) -> None:
    raise ValueError(constant)
