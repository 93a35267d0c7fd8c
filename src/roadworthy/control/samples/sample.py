"""Calls that look like a day's work of an installation: for tests and for looking at the pages.

Made from a seed, so that two runs give the same calls. Nothing here was said by anyone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from roadworthy.control.source import GatewayStatus, ServedTask, Status
from roadworthy.core import (
    Attempt,
    Call,
    CallError,
    Message,
    Outcome,
    Reason,
    Repair,
    Stage,
    Usage,
    Violation,
    new_id,
)

__all__ = ["sample_calls", "sample_status"]

HOUR_US = 3_600_000_000

COMMENTS = (
    "The courier left the parcel in the rain, and nobody answers the phone.",
    "Tolle Beratung, schnelle Lieferung. Gerne wieder!",
    "ok i guess",
    "Third replacement, third crack in the same corner. Impressive consistency.",
    "Does what it says. The manual could be longer.",
    "App crashes when I open the invoice. Otherwise fine.",
)
OUTCOMES: tuple[tuple[Outcome, int], ...] = (
    ("first_pass", 800),
    ("repaired", 110),
    ("reasked", 60),
    ("truncated", 6),
    ("failed", 5),
    ("errored", 12),
    ("refused", 3),
    ("rejected", 8),
    ("cancelled", 4),
)
ERRORS: dict[str, CallError] = {
    "truncated": CallError(
        status=422,
        code="output_truncated",
        message="The answer was cut off at the token limit (96 tokens). Raise max_tokens, "
        "or ask for less.",
    ),
    "failed": CallError(
        status=422,
        code="output_nonconforming",
        message="The answer does not conform to the output schema at /sentiment, and asking "
        "again twice did not mend it.",
    ),
    "errored": CallError(
        status=504,
        code="upstream_timeout",
        message="The provider did not answer within 20 s. Raise the model's timeout_s, or "
        "check the provider's status.",
    ),
    "refused": CallError(status=422, code="output_refused", message="The model refused to answer."),
    "rejected": CallError(
        status=400,
        code="invalid_input",
        message="The input does not satisfy the task's input schema: comment is required.",
        param="input.comment",
    ),
}


def sample_status(now_us: int) -> Status:
    """An installation of two gateways in good order."""
    return Status(
        revision="5f0c1e77a9d2",
        tasks=[
            ServedTask(
                name="classify-feedback",
                version="working",
                model="local",
                description="Sentiment, confidence and themes of a customer's comment.",
                inputs=("comment",),
            ),
            ServedTask(
                name="product-sheet",
                version="working",
                model="fast",
                description="Title, copy and search terms for a product.",
                inputs=("name", "features"),
            ),
        ],
        gateways=[
            GatewayStatus(
                name=f"gateway-{n}", alive=True, pid=4100 + n, started_us=now_us - started
            )
            for n, started in ((1, 29 * HOUR_US), (2, 29 * HOUR_US))
        ],
        journal_lag_s=0.4,
    )


def sample_calls(number: int, *, now_us: int, hours: float = 24, seed: int = 7) -> list[Call]:
    """So many calls over the last `hours`, busier by day, with one bad half hour."""
    dice = random.Random(seed)  # noqa: S311 sample data, not a secret
    calls: list[Call] = []
    while len(calls) < number:
        back = dice.random()
        if dice.random() > 0.35 + 0.65 * abs(1 - 2 * back):
            continue
        started_us = now_us - round(back * hours * HOUR_US) - 1
        bad = 0.27 < back < 0.29
        make = dice.choices((_feedback, _sheet, _plain), weights=(70, 22, 8))[0]
        calls.append(make(dice, started_us, bad))
    return calls


def _outcome(dice: random.Random, bad: bool) -> Outcome:
    if bad and dice.random() < 0.4:
        return "errored"
    names, weights = zip(*OUTCOMES, strict=True)
    outcome: Outcome = dice.choices(names, weights=weights)[0]
    return outcome


def _feedback(dice: random.Random, started_us: int, bad: bool) -> Call:
    comment = dice.choice(COMMENTS)
    value = {
        "sentiment": dice.choice(("positive", "neutral", "negative")),
        "confidence": round(dice.uniform(0.4, 0.99), 2),
        "themes": dice.sample(("delivery", "support", "quality", "price", "app"), 2),
    }
    call = _call(dice, started_us, "classify-feedback", _outcome(dice, bad))
    call.model, call.mode, call.cost_nusd = "local", "grammar", 0
    call.input, call.value = {"comment": comment}, value
    call.messages = [
        {"role": "system", "content": "You read customers' comments. Answer in JSON."},
        {"role": "user", "content": f"Comment: {comment}"},
    ]
    raw = '{"sentiment": "Positive", "confidence": "85%", "themes": ["delivery"]}'
    return _told(call, dice, seconds=1.1, raw=raw, pointer="/sentiment")


def _sheet(dice: random.Random, started_us: int, bad: bool) -> Call:
    call = _call(dice, started_us, "product-sheet", _outcome(dice, bad))
    call.schema_digest = "17c04d"
    call.model, call.mode = "fast", "strict"
    call.cost_nusd = dice.randrange(180_000, 900_000)
    call.input = {"name": "Travel kettle", "features": ["0.5 l", "folds flat", "two voltages"]}
    call.value = {
        "title": "Travel kettle, 0.5 l, folds flat",
        "copy": "Boils half a litre anywhere: it folds flat and takes both mains voltages.",
        "terms": ["travel kettle", "folding kettle", "dual voltage"],
    }
    call.messages = [{"role": "user", "content": "Write a product sheet for: Travel kettle"}]
    raw = '```json\n{"title": "Travel kettle", "copy": "…", "terms": "kettle, travel"}\n```'
    return _told(call, dice, seconds=2.4, raw=raw, pointer="/terms")


def _plain(dice: random.Random, started_us: int, bad: bool) -> Call:
    outcome = _outcome(dice, bad)
    answered: Outcome = "unchecked" if outcome in ("first_pass", "repaired", "reasked") else outcome
    call = _call(dice, started_us, "model:fast", answered)
    call.version, call.model, call.schema_digest = "", "fast", None
    call.conversation_id = f"conv-{dice.randrange(12):02d}"
    call.stream, call.value = True, "Certainly. The return label is in the box, under the lid."
    call.messages = _conversation()
    return _told(call, dice, seconds=1.8, raw=str(call.value), pointer="")


def _conversation() -> list[Message]:
    return [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello! How can I help?"},
        {"role": "user", "content": "Where is the return label?"},
    ]


def _call(dice: random.Random, started_us: int, task: str, outcome: Outcome) -> Call:
    return Call(
        id=new_id(started_us),
        task=task,
        version="working",
        started_us=started_us,
        outcome=outcome,
        error=ERRORS.get(outcome),
        schema_digest="9a3be1",
        gateway=f"gateway-{dice.randrange(1, 3)}",
    )


def _told(call: Call, dice: random.Random, *, seconds: float, raw: str, pointer: str) -> Call:
    """The call with stages, attempts, figures and repairs that fit its outcome."""
    tell: dict[str, Callable[[], Any]] = {
        "repaired": lambda: _repair(call, pointer),
        "cancelled": lambda: setattr(call, "value", None),
    }
    if call.outcome == "rejected":
        call.value, call.cost_nusd, call.messages = None, None, []
        call.duration_us = dice.randrange(90, 300)
        call.stages = [Stage(name="resolve", start_us=3, duration_us=call.duration_us - 20)]
        return call
    spent_us = (
        20_000_000
        if call.outcome == "errored"
        else round(seconds * 1e6 * dice.lognormvariate(0, 0.45))
    )
    attempts = 2 if call.outcome in ("reasked", "failed") else 1
    _attempts(call, dice, spent_us=spent_us, attempts=attempts, raw=raw, pointer=pointer)
    call.reasons = _reasons(call.outcome, pointer)
    if call.error is not None:
        call.value = None
    tell.get(call.outcome, lambda: None)()
    return call


def _attempts(
    call: Call, dice: random.Random, *, spent_us: int, attempts: int, raw: str, pointer: str
) -> None:
    start_us, errored = 420, call.outcome == "errored"
    call.stages = [
        Stage(name="resolve", start_us=12, duration_us=40),
        Stage(name="check", start_us=60, duration_us=25),
        Stage(name="render", start_us=90, duration_us=300, note="2 templates"),
    ]
    broken = Violation(path=pointer, keyword="enum", message="is not one of the allowed values")
    for number in range(attempts):
        tokens = Usage(input_tokens=dice.randrange(60, 400), output_tokens=dice.randrange(20, 120))
        last = number == attempts - 1
        name = "generate" if number == 0 else "reask"
        attempt = Attempt(
            model=call.model,
            provider="embedded" if call.model == "local" else "openai",
            upstream_model="smollm2-135m" if call.model == "local" else "hosted-mini",
            mode=call.mode,
            purpose="answer" if number == 0 else "reask",
            start_us=start_us,
            duration_us=spent_us,
            first_token_us=start_us + spent_us // 5 if call.stream else None,
            status=None if errored else 200,
            error="upstream_timeout" if errored else None,
            stop_reason=None if errored else "length" if call.outcome == "truncated" else "stop",
            usage=Usage() if errored else tokens,
            cost_nusd=call.cost_nusd,
            text=None if errored else raw,
            violations=(broken,) if not last or call.outcome in ("repaired", "failed") else (),
        )
        call.attempts.append(attempt)
        call.usage = call.usage + attempt.usage
        call.stages.append(Stage(name=name, start_us=start_us, duration_us=spent_us))
        call.stages.append(Stage(name="conform", start_us=start_us + spent_us, duration_us=210))
        start_us += spent_us + 240
        spent_us //= 3
    call.stages.append(Stage(name="settle", start_us=start_us, duration_us=60))
    call.duration_us = start_us + 70


def _reasons(outcome: Outcome, pointer: str) -> tuple[Reason, ...]:
    broken = Reason(kind="reask", name="enum", path=pointer)
    told: dict[str, tuple[Reason, ...]] = {
        "repaired": (
            Reason(kind="repair", name="enum", path=pointer),
            Reason(kind="repair", name="number", path="/confidence"),
        ),
        "reasked": (broken,),
        "failed": (Reason(kind="failure", name="enum", path=pointer), broken),
        "refused": (Reason(kind="failure", name="refused"),),
        "truncated": (Reason(kind="failure", name="truncated"),),
    }
    return told.get(outcome, ())


def _repair(call: Call, pointer: str) -> None:
    call.repairs = (
        Repair(path=pointer, kind="enum", before='"Positive"', after='"positive"'),
        Repair(path="/confidence", kind="number", before='"85%"', after="0.85"),
    )
