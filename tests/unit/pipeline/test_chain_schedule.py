"""No step begins later than it could: on a clock that only waiting moves, a chain takes exactly
its critical path."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Mapping
from typing import Any

import pytest

from chains import TEXT, ByTask, chain, chain_pipeline, step, wish
from roadworthy.models import Ask, Model, Reply
from roadworthy.tasks import TaskDefinition
from roadworthy.tasks.definition import StepDefinition

STEPS = 12


class WaitedTime(asyncio.SelectorEventLoop):
    """A loop whose time passes at once, and only while nothing else is to be done."""

    def __init__(self) -> None:
        self.now_s = 0.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        return self.now_s


class _Impatient(selectors.SelectSelector):
    def __init__(self, loop: WaitedTime) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout:
            self.loop.now_s += timeout
        return found


class Paced(ByTask):
    """Answers each task after a delay of its own."""

    def __init__(self, delays_s: Mapping[str, float]) -> None:
        super().__init__()
        self.delays_s = delays_s

    async def send(self, model: Model, ask: Ask) -> Reply:
        name = str(ask.messages[-1]["content"]).partition(":")[0]
        await asyncio.sleep(self.delays_s[name])
        return await super().send(model, ask)


def waited_s(definition: TaskDefinition, delays_s: Mapping[str, float], **fields: Any) -> float:
    """How long the chain took, by what it waited for alone."""
    pipeline, journal = chain_pipeline(definition, Paced(delays_s))
    loop = WaitedTime()
    try:
        loop.run_until_complete(pipeline.run(wish(**fields)))
    finally:
        loop.close()
    assert journal.calls[-1].outcome == "chain"
    return loop.now_s


def random_needs(rng: random.Random) -> dict[str, tuple[str, ...]]:
    names = [f"s{i}" for i in range(STEPS)]
    return {
        name: tuple(rng.sample(names[:at], min(at, rng.randint(0, 3))))
        for at, name in enumerate(names)
    }


@pytest.mark.parametrize("seed", range(20))
def test_twelve_steps_take_their_critical_path(seed: int) -> None:
    rng = random.Random(seed)
    needs = random_needs(rng)
    delays_s = {name: rng.uniform(0.1, 2) for name in needs}
    ends: dict[str, float] = {}
    for name, before in needs.items():
        ends[name] = delays_s[name] + max((ends[one] for one in before), default=0.0)
    steps: list[StepDefinition] = [step(name, needs=before) for name, before in needs.items()]
    rng.shuffle(steps)
    assert waited_s(chain(*steps), delays_s) == pytest.approx(max(ends.values()))


@pytest.mark.parametrize(("concurrency", "seconds"), [(1, 7), (2, 4), (3, 3), (7, 1), (50, 1)])
def test_items_take_as_long_as_so_many_at_once_must(concurrency: int, seconds: float) -> None:
    listed = {"type": "array", "items": {"type": "string"}}
    each = step("one", reads="item", for_each="input.items", concurrency=concurrency)
    sheet = chain(
        each,
        input_schema={"type": "object", "properties": {"items": listed}, "required": ["items"]},
        output_schema={"type": "array", "items": TEXT},
    )
    given = {"items": [str(i) for i in range(7)]}
    assert waited_s(sheet, {"one": 1.0}, input=given) == pytest.approx(seconds)


def test_who_waits_for_a_short_step_does_not_wait_for_a_long_one_beside_it() -> None:
    sheet = chain(step("long"), step("short"), step("after", reads="short.text"))
    assert waited_s(sheet, {"long": 3.0, "short": 1.0, "after": 1.0}) == pytest.approx(3.0)
