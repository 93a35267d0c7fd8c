"""Malformed answers made worse at random: nothing may raise, nothing invalid be delivered, and
nothing take long. The same seed gives the same texts."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

from harness.conform_cases import Case
from harness.judging import is_valid
from roadworthy.conformance import RepairLevel, conform
from roadworthy.core import StopReason

__all__ = ["Mutations", "measure_mutations"]

_MAX_CHARS: Final = 4_000
_STOP_REASONS: Final[tuple[StopReason, ...]] = get_args(StopReason)
_LEVELS: Final[tuple[RepairLevel, ...]] = ("schema", "schema", "schema", "lossless", "none")
_PIECES: Final = (
    *"\"'{}[],:\\\n -.0e()<&#|`\0",
    *("```", "```json\n", "//", "/*", "*/", "null", "NaN", "1e999", "True", "undefined", "=>"),
    *("\ufeff", "\ud800", "\u201c", "\u201d", "\u2026", "\\u12", '"""', "{{", "}}", "9" * 30),
)


@dataclass(slots=True)
class Mutations:
    """What became of them."""

    outcomes: Counter[str] = field(default_factory=Counter)
    raised: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """Milliseconds and the text; the slowest three, first the slowest."""
    over_50_ms: int = 0


def measure_mutations(cases: Sequence[Case], *, count: int, seed: int) -> Mutations:
    rng = random.Random(seed)
    found = Mutations()
    times: list[tuple[float, str]] = []
    for _ in range(count if cases else 0):
        case = rng.choice(cases)
        text = _mutated(case.text, rng, cases)
        schema = {} if case.schema is None else case.schema
        shown = f"{case.id} {text!r:.300}"
        stop_reason, repair = rng.choice(_STOP_REASONS), rng.choice(_LEVELS)
        before = time.perf_counter()
        try:
            result = conform(text, schema, stop_reason=stop_reason, repair=repair)
        except Exception as error:  # noqa: BLE001 - that it raises is what is looked for
            found.raised.append(f"{error!r:.120} {shown}")
            continue
        times.append((1e3 * (time.perf_counter() - before), shown))
        found.outcomes[result.outcome] += 1
        if result.outcome != "failed" and not is_valid(result.value, schema):
            found.invalid.append(f"{shown} -> {result.value!r:.100}")
    times.sort(reverse=True)
    found.slowest = times[:3]
    found.over_50_ms = sum(ms > 50 for ms, _ in times)
    return found


def _mutated(text: str, rng: random.Random, cases: Sequence[Case]) -> str:
    text = text[:_MAX_CHARS]
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randrange(len(text) + 1)
        text = text[:at] + _instead(text[at:], rng, cases)
    return text


def _instead(rest: str, rng: random.Random, cases: Sequence[Case]) -> Any:
    """What follows a place from now on: more, less, something else, or nothing."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(_PIECES) * rng.choice((1, 1, 1, 3, 50)) + rest
    if kind < 0.55:
        return ""
    if kind < 0.8:
        return rest[rng.choice((1, 2, 10)) :]
    return rng.choice(cases).text[:500] + rest
