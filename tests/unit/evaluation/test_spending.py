from __future__ import annotations

import asyncio

import msgspec
import pytest

from pipelines import MODEL, TRIAGE
from roadworthy.evaluation.spending import Estimator, MaxCostReached, Purse
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import ChainDefinition, StepDefinition, Votes

MODELS = {"scripted": MODEL}


def test_what_could_exceed_the_limit_is_refused_before_it_is_spent() -> None:
    async def spend() -> Purse:
        purse = Purse(limit_nusd=100)
        for _ in range(3):
            async with purse.reserve(30) as ticket:
                ticket.cost_nusd = 30
        with pytest.raises(MaxCostReached):
            async with purse.reserve(30):
                pass
        async with purse.reserve(10) as ticket:
            ticket.cost_nusd = 10
        return purse

    purse = asyncio.run(spend())
    assert (purse.spent_nusd, purse.reserved_nusd, purse.refused) == (100, 0, True)


def test_who_does_not_fit_waits_for_those_under_way_to_turn_out_cheaper() -> None:
    async def spend() -> list[str]:
        purse, order = Purse(limit_nusd=100), list[str]()

        async def one(name: str, *, cost_nusd: int) -> None:
            async with purse.reserve(80) as ticket:
                order.append(name)
                await asyncio.sleep(0)
                ticket.cost_nusd = cost_nusd

        await asyncio.gather(one("first", cost_nusd=5), one("second", cost_nusd=5))
        return order

    assert asyncio.run(spend()) == ["first", "second"]


def test_a_call_that_fails_gives_back_what_was_set_aside() -> None:
    async def spend() -> Purse:
        purse = Purse(limit_nusd=100)
        with pytest.raises(RuntimeError):
            async with purse.reserve(80):
                raise RuntimeError
        return purse

    purse = asyncio.run(spend())
    assert (purse.spent_nusd, purse.reserved_nusd) == (0, 0)


def test_without_a_limit_everything_fits() -> None:
    async def spend() -> int:
        purse = Purse()
        async with purse.reserve(10**18) as ticket:
            ticket.cost_nusd = 7
        return purse.spent_nusd

    assert asyncio.run(spend()) == 7


def test_an_estimate_is_the_most_that_a_call_can_cost_until_a_few_were_seen() -> None:
    estimator = Estimator.of(TRIAGE, MODELS)
    first = estimator.estimate({"comment": "x" * 300})
    assert first > 1_000 * 2 * 1_000  # a thousand tokens at two dollars a million
    for cost in (500, 900, 700):
        estimator.learn(cost)
    assert estimator.estimate({"comment": "x" * 300}) == 900
    estimator.learn(None)
    assert estimator.estimate({}) == 900


def test_an_answers_limit_bounds_the_estimate() -> None:
    bounded = msgspec.structs.replace(TRIAGE, parameters={"max_tokens": 10})
    few = Estimator.of(bounded, MODELS).estimate({})
    many = Estimator.of(TRIAGE, MODELS).estimate({})
    assert many - few == 990 * 2 * 1_000


def test_what_has_no_price_is_estimated_at_nothing() -> None:
    unpriced = msgspec.structs.replace(MODEL, price=None)
    assert Estimator.of(TRIAGE, {"scripted": unpriced}).estimate({"comment": "x"}) == 0


def test_a_chain_may_cost_what_its_steps_may_and_votes_as_often_as_they_ask() -> None:
    one = Estimator.of(TRIAGE, MODELS).estimate({})
    steps = tuple(StepDefinition(name=name, task="triage") for name in ("a", "b"))
    tasks = {"triage": TRIAGE, "again": msgspec.structs.replace(TRIAGE, votes=Votes(n=3))}
    chain = ChainDefinition(steps=steps, output={"": "b"}, tasks=tasks)
    whole = TaskDefinition(name="chain", model="", chain=chain)
    assert Estimator.of(whole, MODELS).estimate({}) == pytest.approx(4 * one, rel=1e-6)
