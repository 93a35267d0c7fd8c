"""Calls and a clock for the tests of storage."""

from __future__ import annotations

from typing import Any

from roadworthy.core import Attempt, Call, Repair, Stage, Usage, Violation, new_id

NOW_US = 1_790_000_000_000_000
MINUTE_US = 60_000_000


class StillClock:
    """A clock that stands until it is told to move."""

    def __init__(self, now_us: int = NOW_US) -> None:
        self.time_us = now_us

    def now_us(self) -> int:
        return self.time_us

    def elapsed_us(self) -> int:
        return self.time_us


def a_call(started_us: int = NOW_US, **changes: Any) -> Call:
    """A call with something in every field, unless changed."""
    usage = Usage(input_tokens=120, output_tokens=30)
    fields: dict[str, Any] = {
        "id": new_id(started_us),
        "task": "classify-feedback",
        "version": "1.0.0",
        "model": "local",
        "surface": "task",
        "started_us": started_us,
        "duration_us": 250_000,
        "outcome": "repaired",
        "conversation_id": "conversation-1",
        "schema_digest": "5c" * 32,
        "mode": "grammar",
        "usage": usage,
        "cost_nusd": 1_500,
        "repairs": (Repair(path="/mood", kind="enum", before="Sour", after="sour"),),
        "attempts": [
            Attempt(
                model="local",
                provider="embedded",
                usage=usage,
                text='{"mood": "Sour"}',
                violations=(Violation(path="/mood", keyword="enum", message='"Sour" is not…'),),
            )
        ],
        "stages": [Stage(name="generate", start_us=10, duration_us=240_000)],
        "gateway": "g1",
        "input": {"comment": "The milk had turned."},
        "messages": [{"role": "user", "content": "The milk had turned."}],
        "value": {"mood": "sour"},
    }
    return Call(**(fields | changes))
