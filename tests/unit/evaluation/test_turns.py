from __future__ import annotations

import asyncio

import msgspec

from pipelines import MODEL
from roadworthy.core.errors import LocalModelMissing
from roadworthy.evaluation.turns import Turns
from roadworthy.models import Model
from roadworthy.testing import ScriptedUpstream

LOCAL = msgspec.structs.replace(MODEL, provider="embedded")


def most_at_once(turns: Turns, model: Model) -> int:
    inside, most = 0, 0

    async def ask() -> None:
        nonlocal inside, most
        async with turns.of(model):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(ask() for _ in range(3)))

    asyncio.run(all_of_them())
    return most


def test_the_embedded_model_is_asked_one_at_a_time_and_others_side_by_side() -> None:
    assert most_at_once(Turns(), LOCAL) == 1
    assert most_at_once(Turns(), MODEL) == 3


def test_it_is_woken_once_before_the_first_question() -> None:
    upstream = ScriptedUpstream(["Hi"])
    most_at_once(Turns(upstream), LOCAL)
    assert len(upstream.asked) == 1
    most_at_once(Turns(upstream), MODEL)
    assert len(upstream.asked) == 1


def test_a_model_that_does_not_wake_is_left_to_whoever_asks() -> None:
    assert most_at_once(Turns(ScriptedUpstream([LocalModelMissing()])), LOCAL) == 1
