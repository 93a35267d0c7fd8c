"""How often rules took effect, and what was spared, out of the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from storage_samples import MINUTE_US, NOW_US, StillClock, a_call

from roadworthy.core import Call, Fired, RuleEffect, Usage
from roadworthy.storage import JournalWriter, StateFolder
from roadworthy.storage.database import open_database
from roadworthy.storage.loader import Loader
from roadworthy.storage.rule_queries import read_rules

SPAN: dict[str, Any] = {"since_us": NOW_US - MINUTE_US, "until_us": NOW_US + MINUTE_US}


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


@pytest.fixture
def engine(folder: StateFolder) -> Iterator[Engine]:
    engine = open_database(folder)
    yield engine
    engine.dispose()


def load(folder: StateFolder, engine: Engine, *some: Call) -> None:
    with JournalWriter(folder, "g1", StillClock()) as writer:
        for call in some:
            writer.append(call)
    loader = Loader(folder, engine, StillClock())
    loader.load_once()
    loader.close()


def ruled(rule: str, effect: RuleEffect, **changes: Any) -> Call:
    free: dict[str, Any] = {"usage": Usage(input_tokens=0, output_tokens=0), "cost_nusd": 0}
    outcome = "rule" if effect == "answer" else "refused"
    fired = (Fired(name=rule, effect=effect),)
    return a_call(**(free | {"outcome": outcome, "attempts": [], "rules": fired} | changes))


def test_what_was_spared_is_told_at_the_mean_of_calls_that_asked_a_model(
    folder: StateFolder, engine: Engine
) -> None:
    total = Fired(name="total", effect="set")
    load(
        folder,
        engine,
        *(ruled("empty", "answer") for _ in range(3)),
        ruled("too-long", "deny"),
        a_call(cost_nusd=100, rules=(total,)),
        a_call(cost_nusd=300, rules=(total,)),
        a_call(cost_nusd=None),
    )
    (found,) = read_rules(engine, **SPAN)
    assert [(r.rule, r.effect, r.calls) for r in found.rules] == [
        ("empty", "answer", 3),
        ("total", "set", 2),
        ("too-long", "deny", 1),
    ]
    assert (found.calls, found.priced, found.mean_cost_nusd) == (7, 2, 200)
    assert (found.spared, found.spared_nusd) == (4, 800)


def test_without_a_priced_call_nobody_knows_what_was_spared(
    folder: StateFolder, engine: Engine
) -> None:
    load(folder, engine, ruled("empty", "answer"), a_call(cost_nusd=None))
    (found,) = read_rules(engine, **SPAN)
    assert (found.spared, found.mean_cost_nusd, found.spared_nusd) == (1, None, None)


def test_a_chain_is_priced_by_what_its_steps_spent(folder: StateFolder, engine: Engine) -> None:
    chain = a_call(outcome="chain", attempts=[], model="", cost_nusd=500)
    load(folder, engine, chain, ruled("empty", "answer", model=""))
    (found,) = read_rules(engine, **SPAN)
    assert (found.priced, found.spared_nusd) == (1, 500)


def test_tasks_without_rules_are_told_of_only_if_they_are_asked_for(
    folder: StateFolder, engine: Engine
) -> None:
    load(folder, engine, a_call(task="plain"), ruled("empty", "answer", task="ruled"))
    assert [found.task for found in read_rules(engine, **SPAN)] == ["ruled"]
    (plain,) = read_rules(engine, task="plain", **SPAN)
    assert (plain.calls, plain.rules, plain.spared) == (1, [], 0)


def test_what_lies_outside_of_the_span_is_left_out(folder: StateFolder, engine: Engine) -> None:
    load(folder, engine, ruled("empty", "answer", started_us=NOW_US - 10 * MINUTE_US))
    assert read_rules(engine, **SPAN) == []
