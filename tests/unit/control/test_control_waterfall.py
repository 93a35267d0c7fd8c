from __future__ import annotations

from roadworthy.control.drawing.waterfall import waterfall
from roadworthy.core import Attempt, Call, Stage


def call(stages: list[Stage], attempts: list[Attempt], duration_us: int = 100) -> Call:
    return Call(
        id="i", task="t", started_us=0, duration_us=duration_us, stages=stages, attempts=attempts
    )


def stage(name: str, start_us: int, duration_us: int) -> Stage:
    return Stage(name=name, start_us=start_us, duration_us=duration_us)


def attempt(start_us: int, duration_us: int, first_token_us: int | None = None) -> Attempt:
    return Attempt(
        model="m",
        provider="p",
        start_us=start_us,
        duration_us=duration_us,
        first_token_us=first_token_us,
    )


def test_attempts_stand_below_the_stage_they_were_made_in() -> None:
    rows = waterfall(
        call(
            [stage("reask", 60, 30), stage("generate", 10, 40), stage("conform", 50, 5)],
            [attempt(10, 40), attempt(60, 30)],
        )
    )
    names = [row.name for row in rows]
    assert names == ["generate", "attempt 1", "conform", "reask", "attempt 2"]
    assert [row.attempt for row in rows] == [None, 1, None, None, 2]


def test_a_bar_lies_where_its_time_lay() -> None:
    (row,) = waterfall(call([stage("generate", 25, 50)], []))
    assert 'x="25%"' in row.bar
    assert 'width="50%"' in row.bar


def test_a_stage_that_outlasts_the_call_stays_in_the_picture() -> None:
    rows = waterfall(call([stage("settle", 100, 100)], [], duration_us=100))
    assert 'x="50%"' in rows[0].bar


def test_the_first_token_is_marked() -> None:
    (row,) = waterfall(call([], [attempt(0, 100, first_token_us=20)]))
    assert 'x1="20%"' in row.bar


def test_a_call_without_stages_or_time_has_no_rows_or_no_width() -> None:
    assert waterfall(call([], [], duration_us=0)) == []
    (row,) = waterfall(call([stage("resolve", 0, 0)], [], duration_us=0))
    assert 'width="0%"' in row.bar
