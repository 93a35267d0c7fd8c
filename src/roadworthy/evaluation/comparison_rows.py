"""The sentences and figures that all forms of a comparison show. Pure."""

from __future__ import annotations

import math
from typing import Final

from roadworthy.evaluation.comparison import CaseChange, Comparison, FigureDifference
from roadworthy.evaluation.rows import spent, usd

__all__ = ["HEAD", "case_line", "cells", "power_sentence", "spent_sentence", "verdict_sentence"]

HEAD: Final = ("", "A", "B", "B - A", "95 % interval")
_MOST_CASES: Final = 1_000_000


def verdict_sentence(found: Comparison) -> str:
    """What the pass rate says, plainly."""
    if found.same:
        return (
            f"{found.a} and {found.b} answer alike: their definitions are equal, and so is the"
            " model. They differ in cases, thresholds or descriptions at most."
        )
    rate = found.pass_rate
    if rate is None:
        return "There is no case with a verdict on both sides."
    points = 100 * rate.difference
    span = f"{100 * rate.low:+.1f} to {100 * rate.high:+.1f}"
    if found.verdict == "cannot_tell":
        return (
            f"The data cannot tell {found.b} from {found.a}: {points:+.1f} points of pass rate"
            f" (95 % interval {span}) on {_cases(found.cases)}."
        )
    which = "more" if points > 0 else "fewer"
    return (
        f"{found.b} passes {which} cases than {found.a}: {points:+.1f} points (95 % interval"
        f" {span}) on {_cases(found.cases)}."
    )


def power_sentence(found: Comparison) -> str:
    """What it would take to tell; empty where the data tell."""
    if found.verdict != "cannot_tell" or found.pass_rate is None:
        return ""
    said = []
    if found.needed is not None and found.needed <= _MOST_CASES:
        points = abs(100 * found.pass_rate.difference)
        said.append(
            f"A difference of {points:.1f} points takes about {_cases(found.needed)} like these to"
            " be seen four times out of five."
        )
    if math.isfinite(found.detectable):
        shown = min(100.0, 100 * found.detectable)
        said.append(f"These {found.cases} show differences from about {shown:.0f} points on.")
    return " ".join(said)


def spent_sentence(found: Comparison) -> str:
    """How much was asked and what it took."""
    runs = found.asked + found.recalled
    said = f"{runs} run{'s' * (runs != 1)}: {found.asked} asked"
    if found.recalled:
        said += f", {found.recalled} measured before (their latency at another time)"
    return f"{said}; {spent(found.spent_usd, found.unpriced)}, {found.seconds:.1f} s."


def cells(figure: FigureDifference) -> tuple[str, ...]:
    """The figure as a row below `HEAD`."""
    name = figure.name
    if name == "latency_ms":
        return (
            "latency",
            f"{figure.a:,.0f} ms",
            f"{figure.b:,.0f} ms",
            f"{figure.difference:+,.0f} ms",
            f"{figure.low:+,.0f} to {figure.high:+,.0f} ms",
        )
    if name == "cost_usd":
        return (
            "cost a run",
            usd(figure.a),
            usd(figure.b),
            _signed_usd(figure.difference),
            f"{_signed_usd(figure.low)} to {_signed_usd(figure.high)}",
        )
    if name == "score":
        return (
            "score",
            f"{figure.a:.3f}",
            f"{figure.b:.3f}",
            f"{figure.difference:+.3f}",
            f"{figure.low:+.3f} to {figure.high:+.3f}",
        )
    label = "pass rate" if name == "pass_rate" else f"  {name} ({figure.cases})"
    return (
        label,
        f"{100 * figure.a:.1f}%",
        f"{100 * figure.b:.1f}%",
        f"{100 * figure.difference:+.1f}",
        f"{100 * figure.low:+.1f} to {100 * figure.high:+.1f}",
    )


def case_line(case: CaseChange) -> str:
    """``fb-003 (de, irony): 0 % → 100 %``."""
    tags = f" ({', '.join(case.tags)})" if case.tags else ""
    return f"{case.id}{tags}: {100 * case.a:.0f}% -> {100 * case.b:.0f}%"


def _signed_usd(amount: float) -> str:
    return f"{'-' if amount < 0 else '+'}{usd(abs(amount))}"


def _cases(number: int) -> str:
    return f"{number:,} case{'s' * (number != 1)}"
