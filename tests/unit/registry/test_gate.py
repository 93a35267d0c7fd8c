from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.registry import Figures, Share
from roadworthy.registry.figures import share_of
from roadworthy.registry.gate import decide, has_thresholds, lowered, refused_lowering, stricter
from roadworthy.stats import wilson_interval
from roadworthy.tasks import Gate


def share(part: int, whole: int) -> Share:
    low, high = wilson_interval(part, whole)
    return Share(value=part / whole, low=low, high=high, n=whole)


GOOD = Figures(
    pass_rate=share(41, 50),
    tags={"edge": share(3, 4)},
    conformance=share(50, 50),
    stability=0.9,
    p95_ms=800.0,
    cost_usd=0.002,
)
shares = st.none() | st.floats(0, 1)
gates = st.builds(
    Gate,
    pass_rate=shares,
    conformance=shares,
    stability=shares,
    p95_ms=st.none() | st.floats(1, 1e5),
    cost_usd=st.none() | st.floats(0, 10),
    tags=st.dictionaries(st.sampled_from("abc"), st.floats(0, 1)),
)


@pytest.mark.parametrize(
    "gate",
    [
        Gate(),
        Gate(pass_rate=0.82, tags={"edge": 0.75}, conformance=1.0),
        Gate(stability=0.9, p95_ms=800, cost_usd=0.002),
    ],
)
def test_what_is_reached_exactly_is_reached(gate: Gate) -> None:
    assert decide(gate, GOOD) == ()


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"pass_rate": 0.9}, "pass_rate 0.820 of at least 0.9 (50 cases): 0.080 short"),
        ({"tags": {"edge": 1.0}}, "tags.edge 0.750 of at least 1 (4 cases): 0.250 short"),
        ({"stability": 0.95}, "stability 0.900 of at least 0.95: 0.050 short"),
        ({"p95_ms": 500}, "p95_ms 800 ms of at most 500 ms: 300 ms too much"),
        ({"cost_usd": 0.001}, "cost_usd $0.002 of at most $0.001: $0.001 too much"),
    ],
)
def test_a_miss_says_by_how_much(gate: dict[str, Any], message: str) -> None:
    assert [miss.message for miss in decide(Gate(**gate), GOOD)] == [message]


def test_what_was_not_measured_is_missed() -> None:
    gate = Gate(pass_rate=0, tags={"rare": 0}, stability=0, p95_ms=9e9, cost_usd=9e9)
    misses = decide(gate, Figures())
    assert [miss.figure for miss in misses] == [
        *("pass_rate", "tags.rare", "stability", "p95_ms", "cost_usd"),
    ]
    assert {miss.found for miss in misses} == {None}


def test_confidence_asks_for_more_than_the_share_itself() -> None:
    sure = Gate(pass_rate=0.8, confidence=0.95)
    (miss,) = decide(sure, GOOD)
    assert "with 95% confidence" in miss.message
    # One-sided 97.5 % is the lower end of the two-sided 95 % interval.
    (miss,) = decide(Gate(pass_rate=0.9, confidence=0.975), GOOD)
    assert miss.found == pytest.approx(wilson_interval(41, 50).low)
    assert decide(Gate(pass_rate=0.7, confidence=0.95), GOOD) == ()


def test_confidence_does_not_take_a_heavy_case_for_many() -> None:
    held = [True] * 30
    even, heavy = share_of(held), share_of(held, [290.0] + [10.0 / 29] * 29)
    gate = Gate(pass_rate=0.9, confidence=0.95)
    assert decide(gate, Figures(pass_rate=even)) == ()
    (miss,) = decide(gate, Figures(pass_rate=heavy))
    assert miss.found is not None
    assert miss.found < 0.3


def test_a_lower_gate_is_a_miss_until_it_is_allowed() -> None:
    old = Gate(pass_rate=0.9, tags={"edge": 0.8})
    misses = refused_lowering(old, Gate(pass_rate=0.7))
    assert [(m.figure, m.wanted, m.found) for m in misses] == [
        ("gate.pass_rate", 0.9, 0.7),
        ("gate.tags.edge", 0.8, None),
    ]
    assert "tags.edge 0.8 → none" in misses[1].message
    assert refused_lowering(old, Gate(pass_rate=0.95, tags={"edge": 0.8})) == ()


@given(gates, gates)
def test_the_stricter_gate_lowers_neither(one: Gate, other: Gate) -> None:
    both = stricter(one, other)
    assert both == stricter(other, one)
    assert lowered(one, both) == lowered(other, both) == ()
    assert stricter(both, one) == both


@given(gates)
def test_a_gate_does_not_lower_itself(gate: Gate) -> None:
    assert lowered(gate, gate) == ()
    assert bool(lowered(gate, Gate())) == has_thresholds(gate)


def test_what_is_lowered_is_told() -> None:
    old = Gate(pass_rate=0.9, p95_ms=500, tags={"edge": 0.8, "x": 0.5})
    new = Gate(pass_rate=0.8, p95_ms=1500, tags={"edge": 0.9})
    assert lowered(old, new) == (
        "pass_rate 0.9 → 0.8",
        "p95_ms 500 ms → 1,500 ms",
        "tags.x 0.5 → none",
    )


def test_a_cost_that_is_not_known_asks_for_a_price_once_something_ran() -> None:
    gate = Gate(cost_usd=0.01)
    assert "price" not in decide(gate, Figures())[0].message
    assert "give the model one in models.toml" in decide(gate, Figures(runs=3))[0].message
