from __future__ import annotations

import pytest
from dashboard import NOW_US

from roadworthy.control.query import (
    SPANS,
    CallQuery,
    OverviewQuery,
    parse_moment,
    parse_query,
    window,
)
from roadworthy.core.errors import InvalidRequest
from roadworthy.storage.views import CallFilter

HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("24h", NOW_US - 24 * HOUR_US),
        ("30m", NOW_US - HOUR_US // 2),
        ("2026-11-21T03:41:07Z", NOW_US),
        ("2026-11-21T04:41:07+01:00", NOW_US),
        ("2026-11-21T03:41:07 00:00", NOW_US),
        ("2026-11-21 03:41:07", NOW_US),
        (str(NOW_US), NOW_US),
    ],
)
def test_a_moment_can_be_told_in_several_ways(text: str, us: int) -> None:
    assert parse_moment(text, now_us=NOW_US, param="since") == us


@pytest.mark.parametrize("text", ["yesterday", "12", "-3h", "2026-13-01", "9" * 30, "24 h"])
def test_what_is_no_moment_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(InvalidRequest, match="Use 24h") as caught:
        parse_moment(text, now_us=NOW_US, param="since")
    assert caught.value.param == "since"


def test_fields_that_a_form_sends_empty_are_not_set() -> None:
    form = {"task": "", "outcome": "", "model": " ", "since": "", "conversation": ""}
    assert parse_query(CallQuery, form).filter(NOW_US) == CallFilter()


def test_conditions_reach_the_filter() -> None:
    query = parse_query(
        CallQuery,
        {"task": "t", "outcome": "failed", "conversation": "c", "until": "1h", "error_code": "e"},
    )
    assert query.filter(NOW_US) == CallFilter(
        task="t",
        outcome="failed",
        conversation_id="c",
        until_us=NOW_US - HOUR_US,
        error_code="e",
    )


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"outcome": "bad"}, "outcome"),
        ({"limit": "0"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"taks": "x"}, "taks"),
        ({"model": "m" * 501}, "model"),
    ],
)
def test_a_parameter_at_fault_is_named(params: dict[str, str], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_query(CallQuery, params)
    assert caught.value.param == param
    assert len(caught.value.message) < 400


def test_an_unknown_span_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="span is '2y'"):
        parse_query(OverviewQuery, {"span": "2y"})


@pytest.mark.parametrize("span", SPANS)
def test_a_window_is_of_whole_points_and_holds_now(span: str) -> None:
    since_us, until_us, points = window(span, NOW_US)
    width_us, rest = divmod(until_us - since_us, points)
    assert rest == 0
    assert since_us % width_us == 0
    assert until_us - width_us <= NOW_US < until_us
    assert points <= 60
