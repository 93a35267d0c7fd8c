"""Both ways of asking, scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from roadworthy.cli.demo.comments import Comment
from roadworthy.cli.demo.runner import Comparison, PrototypeReply, TaskReply, compare
from roadworthy.cli.demo.schedule import Schedule
from roadworthy.core import Message
from roadworthy.core.errors import UpstreamError

VALUE = {"sentiment": "neutral", "confidence": 0.5, "themes": []}
DELIVERED = TaskReply(value=VALUE, delivered=True, outcome="first_pass", input_tokens=9)


class HandClock:
    """Goes on only when told."""

    def __init__(self) -> None:
        self.us = 0

    def now_us(self) -> int:
        return self.us

    def elapsed_us(self) -> int:
        return self.us


class Script:
    """Answers each way by a function; half a second for the one, a quarter for the other."""

    def __init__(
        self,
        chat: Callable[[str], PrototypeReply] = lambda _: PrototypeReply(text="{}", outcome="stop"),
        task: Callable[[str], TaskReply] = lambda _: DELIVERED,
    ) -> None:
        self.chat, self.task = chat, task
        self.clock = HandClock()
        self.asked: list[tuple[str, str]] = []
        self.progress: list[tuple[float, int]] = []

    async def ask_prototype(self, messages: list[Message]) -> PrototypeReply:
        self.clock.us += 500_000
        self.asked.append(("before", messages[-1]["content"]))
        return self.chat(messages[-1]["content"])

    async def ask_task(self, comment: str) -> TaskReply:
        self.clock.us += 250_000
        self.asked.append(("after", comment))
        return self.task(comment)

    def run(self, *texts: str, **schedule: Any) -> Comparison:
        comments = [Comment(id=text, text=text) for text in texts]
        return asyncio.run(
            compare(
                Schedule(comments=comments, **{"asked_again": 0, **schedule}),
                ask_prototype=self.ask_prototype,
                ask_task=self.ask_task,
                clock=self.clock,
                on_progress=lambda over, count: self.progress.append((over, count)),
            )
        )


def test_both_ways_take_turns_over_the_same_comments() -> None:
    script = Script()
    run = script.run("late", "fine")
    assert [way for way, _ in script.asked[2:]] == ["before", "after", "before", "after"]
    assert [s.comment_id for s in run.before] == [s.comment_id for s in run.after]
    assert [c.id for c in run.comments] == ["late", "fine"]


def test_latency_is_that_of_each_way_alone() -> None:
    run = Script().run("late")
    assert (run.before[0].latency_ms, run.after[0].latency_ms) == (500.0, 250.0)


def test_loading_the_model_is_not_counted() -> None:
    script = Script()
    run = script.run("late", "fine")
    assert len(script.asked) == 2 + 4
    assert run.elapsed_s == 1.5


@pytest.mark.parametrize(
    ("text", "parsed"), [('{"a": 1}', True), ("Sure!", False), ("", False), ("[" * 99_999, False)]
)
def test_the_prototypes_text_is_read_by_json_loads(text: str, parsed: bool) -> None:
    run = Script(chat=lambda _: PrototypeReply(text=text, outcome="stop")).run("late")
    assert run.before[0].parsed is parsed
    assert run.before[0].text == text


def test_a_typed_error_is_a_sample_without_a_value() -> None:
    def task(comment: str) -> TaskReply:
        failed = TaskReply(value=None, delivered=False, outcome="output_truncated", message="cut")
        return failed if comment == "late" else DELIVERED

    run = Script(task=task).run("late")
    assert (run.after[0].parsed, run.after[0].outcome, run.after[0].text) == (
        False, "output_truncated", "cut",
    )  # fmt: skip


def test_null_that_was_delivered_is_a_value() -> None:
    null = TaskReply(value=None, delivered=True, outcome="first_pass")
    assert Script(task=lambda _: null).run("late").after[0].parsed


def test_comments_asked_again_are_listed_once() -> None:
    run = Script().run("a", "b", asked_again=1)
    assert [(s.comment_id, s.round) for s in run.after] == [("a", 0), ("a", 1), ("a", 2), ("b", 0)]
    assert [c.id for c in run.comments] == ["a", "b"]


def test_the_budget_ends_the_run() -> None:
    run = Script().run(*(str(n) for n in range(50)), at_least=3, budget_s=7.5)
    assert (len(run.comments), run.elapsed_s) == (10, 7.5)


def test_progress_ends_with_everything_done() -> None:
    script = Script()
    script.run("a", "b", "c")
    assert script.progress[-1] == (1.0, 3)


def test_a_model_that_cannot_be_asked_ends_the_demo_at_once() -> None:
    refused = PrototypeReply(text=None, outcome="upstream_rejected", message="bad key")
    failed = TaskReply(value=None, delivered=False, outcome="upstream_rejected")
    script = Script(chat=lambda _: refused, task=lambda _: failed)
    with pytest.raises(UpstreamError, match=r"upstream_rejected\): bad key"):
        script.run("late")
    assert len(script.asked) == 2
