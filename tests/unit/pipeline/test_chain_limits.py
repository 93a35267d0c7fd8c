"""What bounds a chain: its time, its money; and what it need not do again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from chains import ByTask, chain, chain_pipeline, failing, run_chain, said, step, step_task, wish
from roadworthy.core import Call, Settings
from roadworthy.core.errors import CostLimitReached, NotFound, UpstreamTimeout, UpstreamUnavailable
from roadworthy.core.settings import LimitSettings
from roadworthy.models import Ask, Model, Reply
from roadworthy.pipeline.chain.resume import Tree, recorded_before, recorded_steps
from roadworthy.tasks import TaskDefinition

ONE_CALL_USD = 0.00002
"""More than one call of these costs, less than two."""


@dataclass
class HandClock:
    us: int = 0

    def now_us(self) -> int:
        return 1_790_000_000_000_000 + self.us

    def elapsed_us(self) -> int:
        return self.us


class Slow(ByTask):
    """Every answer takes ten seconds of the clock."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self.clock = clock
        self.deadlines_s: list[float] = []

    async def send(self, model: Model, ask: Ask) -> Reply:
        assert ask.deadline_us is not None
        self.deadlines_s.append((ask.deadline_us - self.clock.us) / 1e6)
        self.clock.us += 10_000_000
        return await super().send(model, ask)


def three_steps(**fields: Any) -> TaskDefinition:
    second = step("two", reads="one.text", **fields.pop("second", {}))
    return chain(step("one"), second, step("three", reads="two.text"), **fields)


def test_each_step_has_what_is_left_of_the_chains_time() -> None:
    clock = HandClock()
    upstream = Slow(clock)
    pipeline, _ = chain_pipeline(three_steps(timeout_s=45), upstream, clock=clock)
    asyncio.run(pipeline.run(wish()))
    assert upstream.deadlines_s == [45, 35, 25]


def test_a_steps_own_time_is_bounded_by_what_is_left() -> None:
    clock = HandClock()
    upstream = Slow(clock)
    tasks = {name: step_task(name, timeout_s=20) for name in ("one", "two", "three")}
    pipeline, _ = chain_pipeline(three_steps(timeout_s=35, tasks=tasks), upstream, clock=clock)
    asyncio.run(pipeline.run(wish()))
    assert upstream.deadlines_s == [20, 20, 15]


def test_no_step_begins_once_the_time_is_used_up() -> None:
    clock = HandClock()
    upstream = Slow(clock)
    pipeline, journal = chain_pipeline(three_steps(timeout_s=15), upstream, clock=clock)
    with pytest.raises(UpstreamTimeout, match="step 'three': the chain's time was used up"):
        asyncio.run(pipeline.run(wish()))
    assert upstream.order == ["one", "two"]
    assert [call.outcome for call in journal.calls] == ["first_pass", "first_pass", "errored"]


def test_a_callers_time_bounds_the_whole_chain() -> None:
    clock = HandClock()
    upstream = Slow(clock)
    pipeline, _ = chain_pipeline(three_steps(timeout_s=45), upstream, clock=clock)
    asyncio.run(pipeline.run(wish(timeout_s=32)))
    assert upstream.deadlines_s == [32, 22, 12]


def test_no_attempt_begins_once_the_money_is_spent() -> None:
    upstream = ByTask()
    pipeline, journal = chain_pipeline(three_steps(max_cost_usd=ONE_CALL_USD), upstream)
    with pytest.raises(CostLimitReached, match="step 'three': the call of 'sheet' has spent"):
        asyncio.run(pipeline.run(wish()))
    assert upstream.order == ["one", "two"]
    failed, whole = journal.calls[-2:]
    assert (failed.step, failed.attempts, failed.cost_nusd) == ("three", [], 0)
    assert whole.error is not None
    assert (whole.error.code, whole.error.status) == ("cost_limit_reached", 422)


def test_no_step_is_skipped_because_the_chains_money_is_spent() -> None:
    steps = [step("one"), step("two", needs=("one",), on_error="skip")]
    sheet = chain(*steps, output="one", max_cost_usd=ONE_CALL_USD / 2)
    pipeline, _ = chain_pipeline(sheet, ByTask())
    with pytest.raises(CostLimitReached, match="step 'two'"):
        asyncio.run(pipeline.run(wish()))


def test_a_step_that_spends_its_own_money_may_be_skipped() -> None:
    poor = step_task("two", max_cost_usd=ONE_CALL_USD / 2, max_reasks=5)
    steps = [step("one"), step("two", needs=("one",), on_error="skip")]
    tasks = {"one": step_task("one"), "two": poor}
    sheet = chain(*steps, tasks=tasks, output="one", max_cost_usd=100 * ONE_CALL_USD)
    pipeline, _ = chain_pipeline(sheet, ByTask({"two": lambda _: "no JSON"}))
    finished = asyncio.run(pipeline.run(wish()))
    assert (finished.call.outcome, finished.call.value) == ("chain", {"text": "one(x)"})
    skipped = finished.steps[-1].error
    assert skipped is not None
    assert skipped.code == "cost_limit_reached"


def test_the_money_bounds_chains_within_chains_and_attempts_that_ask_again() -> None:
    once_more = step_task("one", max_reasks=5)
    inner = chain(step("one"), name="inner", tasks={"one": once_more})
    sheet = chain(step("inner"), tasks={"inner": inner}, max_cost_usd=ONE_CALL_USD)
    upstream = ByTask({"one": lambda _: "no JSON"})
    pipeline, journal = chain_pipeline(sheet, upstream)
    with pytest.raises(CostLimitReached, match="step 'inner/one'"):
        asyncio.run(pipeline.run(wish()))
    assert len(upstream.asked) == 2
    assert [call.outcome for call in journal.calls] == ["errored"] * 3


def test_a_plain_task_keeps_to_its_money_too() -> None:
    task = step_task("sheet", max_reasks=5, max_cost_usd=ONE_CALL_USD)
    upstream = ByTask({"sheet": lambda _: "no JSON"})
    pipeline, journal = chain_pipeline(task, upstream)
    with pytest.raises(CostLimitReached, match="raise max_cost_usd of 'sheet'"):
        asyncio.run(pipeline.run(wish()))
    assert len(upstream.asked) == 2
    assert journal.calls[0].cost_nusd is not None


def test_a_step_keeps_to_its_own_limit_within_its_chains() -> None:
    tasks = {"two": step_task("two", max_cost_usd=0)}
    second = {"on_error": "default", "default": {"text": "d"}}
    finished, _ = run_chain(three_steps(second=second, tasks=tasks, max_cost_usd=1))
    assert finished.call.value == {"text": "three(d)"}


def test_a_stream_keeps_to_the_money() -> None:
    pipeline, journal = chain_pipeline(three_steps(max_cost_usd=ONE_CALL_USD), ByTask())
    with pytest.raises(CostLimitReached, match="step 'three'"):
        asyncio.run(pipeline.stream(wish(stream=True)))
    assert [call.outcome for call in journal.calls][-2:] == ["errored", "errored"]
    assert pipeline.load.under_way == 0


def test_steps_are_not_shed_where_no_more_calls_may_begin() -> None:
    settings = Settings(limits=LimitSettings(max_concurrent_calls=1))
    pipeline, _ = chain_pipeline(three_steps(), ByTask(), settings=settings)
    assert asyncio.run(pipeline.run(wish())).call.outcome == "chain"


def failed(definition: TaskDefinition, upstream: ByTask, **fields: Any) -> list[Call]:
    """The journal of a chain that fails, its own call last."""
    pipeline, journal = chain_pipeline(definition, upstream)
    with pytest.raises(UpstreamUnavailable):
        asyncio.run(pipeline.run(wish(**fields)))
    return journal.calls


def test_a_resumed_chain_runs_only_what_has_not_answered() -> None:
    calls = failed(three_steps(), ByTask({"three": failing()}))
    recorded = recorded_steps(calls[-1], calls)
    assert recorded == {"one": {"text": "one(x)"}, "two": {"text": "two(one(x))"}}
    upstream = ByTask()
    finished, journal = run_chain(three_steps(), upstream, recorded=recorded, resumes=calls[-1].id)
    assert finished.call.value == {"text": "three(two(one(x)))"}
    assert upstream.order == ["three"]
    assert (journal[-1].resumes, len(journal)) == (calls[-1].id, 2)
    assert journal[-1].cost_nusd == journal[0].cost_nusd
    assert [s.note for s in finished.call.stages if s.name.startswith("step")] == [
        "recorded",
        "recorded",
        "",
    ]


def test_a_resumed_chain_goes_on_within_its_chains_and_lists() -> None:
    each = step("one", reads="item", for_each="input.items", needs=())
    listed = {"type": "array", "items": {"type": "string"}}
    inner = chain(
        each,
        name="inner",
        input_schema={"type": "object", "properties": {"items": listed}},
        output_schema={"type": "array"},
    )
    outer = step("inner", wires={"items": "input.items"})
    sheet = chain(
        outer,
        tasks={"inner": inner},
        input_schema=inner.input_schema,
        output_schema=inner.output_schema,
    )

    def answer(text: str) -> str:
        if text == "b":
            raise UpstreamUnavailable("gone")
        return said(text)

    given = {"items": ["a", "b"]}
    calls = failed(sheet, ByTask({"one": answer}), input=given)
    recorded = recorded_steps(calls[-1], calls)
    assert recorded == {"inner/one[0]": {"text": "a"}}
    upstream = ByTask()
    finished, _ = run_chain(sheet, upstream, input=given, recorded=recorded)
    assert finished.call.value == [{"text": "a"}, {"text": "one(b)"}]
    assert len(upstream.asked) == 1


def test_a_chain_that_failed_again_goes_on_from_all_that_has_answered() -> None:
    first = failed(three_steps(), ByTask({"two": failing()}))
    recorded = recorded_steps(first[-1], first)
    again = failed(
        three_steps(), ByTask({"three": failing()}), recorded=recorded, resumes=first[-1].id
    )
    trees = {calls[-1].id: (calls[-1], calls) for calls in (first, again)}
    before = recorded_before(again[-1], lambda call_id: trees[call_id])
    assert before == {"one": {"text": "one(x)"}}
    whole = before | recorded_steps(again[-1], again)
    assert whole == {"one": {"text": "one(x)"}, "two": {"text": "two(one(x))"}}


def test_what_is_not_kept_any_more_is_run_again() -> None:
    def gone(call_id: str) -> Tree:
        raise NotFound(call_id)

    call = Call(id="b", task="sheet", started_us=1, resumes="a")
    assert recorded_before(call, gone) == {}
