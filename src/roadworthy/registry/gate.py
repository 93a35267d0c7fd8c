"""Whether a version reaches the gate: thresholds against figures. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Final

from roadworthy.registry.moves import Figures, Miss, Share
from roadworthy.tasks import Gate

__all__ = ["decide", "has_thresholds", "lowered", "refused_lowering", "stricter"]

LEAST: Final = ("pass_rate", "conformance", "stability")
MOST: Final = ("p95_ms", "cost_usd")
_ROUNDING: Final = 1e-9
"""41 of 50 cases reach 0.82, whatever their sum in floating point is."""
_Z_95: Final = NormalDist().inv_cdf(0.975)


def has_thresholds(gate: Gate) -> bool:
    """Whether the gate binds anything."""
    return bool(gate.tags) or any(getattr(gate, name) is not None for name in (*LEAST, *MOST))


def stricter(one: Gate, other: Gate) -> Gate:
    """Of each threshold the one that is harder to reach."""
    tags = {
        tag: max(one.tags.get(tag, 0.0), other.tags.get(tag, 0.0))
        for tag in sorted(one.tags.keys() | other.tags.keys())
    }
    return Gate(
        tags=tags,
        **{n: max(_given(one, other, n), default=None) for n in (*LEAST, "confidence")},
        **{n: min(_given(one, other, n), default=None) for n in MOST},
    )


def lowered(old: Gate, new: Gate) -> tuple[str, ...]:
    """The thresholds of the old gate that the new one makes easier or leaves out, in words."""
    return tuple(
        f"{name} {_shown(name, before)} → {_shown(name, now)}"
        for name, before, now in _eased(old, new)
    )


def refused_lowering(old: Gate, new: Gate) -> tuple[Miss, ...]:
    """A miss for each threshold that the new gate eases, where nobody allowed that. Reaching the
    old one is not enough: the next version would be held to the new one alone."""
    return tuple(
        _miss(
            f"gate.{name}",
            before,
            now,
            f"gate.{name} {_shown(name, before)} → {_shown(name, now)}: lowering a gate takes"
            ' --lower-gate and a reason (--why "…")',
        )
        for name, before, now in _eased(old, new)
    )


def _eased(old: Gate, new: Gate) -> Iterable[tuple[str, float, float | None]]:
    """Name, before and now of the thresholds that became easier."""
    for name in (*LEAST, *MOST, "confidence"):
        before, now = getattr(old, name), getattr(new, name)
        if before is not None and _is_easier(name, before, now):
            yield name, before, now
    for tag, before in old.tags.items():
        now = new.tags.get(tag)
        if now is None or now < before:
            yield f"tags.{tag}", before, now


def decide(gate: Gate, figures: Figures) -> tuple[Miss, ...]:
    """Every threshold that is not reached, with by how much."""
    misses = list(_shares(gate, figures))
    if gate.stability is not None:
        found = figures.stability
        if found is None:
            message = (
                f"stability: of at least {gate.stability:g}, not measured, as no case ran more than"
                " once. Set n = 5 under [test]"
            )
            misses.append(_miss("stability", gate.stability, None, message))
        elif found < gate.stability - _ROUNDING:
            message = f"stability {found:.3f} of at least {gate.stability:g}: "
            message += f"{gate.stability - found:.3f} short"
            misses.append(_miss("stability", gate.stability, found, message))
    for name in MOST:
        wanted, found = getattr(gate, name), getattr(figures, name)
        if wanted is None:
            continue
        if found is None:
            message = f"{name}: of at most {_shown(name, wanted)}, not measured"
            if name == "cost_usd" and figures.runs:
                message += ": not every run has a price; give the model one in models.toml"
            misses.append(_miss(name, wanted, None, message))
        elif found > wanted * (1 + _ROUNDING):
            message = f"{name} {_shown(name, found)} of at most {_shown(name, wanted)}: "
            message += f"{_shown(name, found - wanted)} too much"
            misses.append(_miss(name, wanted, found, message))
    return tuple(misses)


def _shares(gate: Gate, figures: Figures) -> Iterable[Miss]:
    wanted: list[tuple[str, float | None, Share | None, str]] = [
        ("pass_rate", gate.pass_rate, figures.pass_rate, "cases"),
        *(
            (f"tags.{tag}", least, figures.tags.get(tag), "cases")
            for tag, least in gate.tags.items()
        ),
        ("conformance", gate.conformance, figures.conformance, "runs"),
    ]
    for name, least, share, of in wanted:
        if least is None:
            continue
        if share is None:
            message = f"{name}: of at least {least:g}, not measured; there is no scored case of it"
            yield _miss(name, least, None, message)
            continue
        found = share.value if gate.confidence is None else _lower_end(share, gate.confidence)
        if found < least - _ROUNDING:
            sure = f" with {gate.confidence:.0%} confidence" if gate.confidence else ""
            message = (
                f"{name} {share.value:.3f} of at least {least:g}{sure} ({share.n} {of}): "
                f"{least - found:.3f} short"
            )
            yield _miss(name, least, found, message)


def _lower_end(share: Share, confidence: float) -> float:
    """The lower end of the share's one-sided interval, Wilson's; see `stats.wilson_interval`.

    Its 95 % interval says of how many independent cases it speaks, which are fewer than were
    counted where weights differ or one case ran often.
    """
    end, z = share.low, _Z_95
    if end <= 0:
        return 0.0
    n = z * z * end * (1 - end) / (share.value - end) ** 2
    z = NormalDist().inv_cdf(confidence)
    middle = share.value + z * z / (2 * n)
    half = z * math.sqrt(share.value * (1 - share.value) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n)


def _given(one: Gate, other: Gate, name: str) -> list[float]:
    return [value for gate in (one, other) if (value := getattr(gate, name)) is not None]


def _is_easier(name: str, before: float, now: float | None) -> bool:
    if now is None:
        return True
    return now > before if name in MOST else now < before


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "none"
    if name == "p95_ms":
        return f"{value:,.0f} ms"
    return f"${value:.6f}".rstrip("0") if name == "cost_usd" else f"{value:g}"


def _miss(figure: str, wanted: float, found: float | None, message: str) -> Miss:
    return Miss(figure=figure, wanted=wanted, found=found, message=message)
