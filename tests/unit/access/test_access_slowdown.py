from __future__ import annotations

from roadworthy.access import Slowdown

NOW_US = 1_795_232_467_000_000
FIVE_MINUTES_US = 300_000_000


def test_each_failure_waits_twice_as_long_up_to_a_bound() -> None:
    slowdown = Slowdown()
    delays = [slowdown.failed("a", now_us=NOW_US) for _ in range(40)]
    assert delays[:6] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
    assert max(delays) == 8.0


def test_one_address_slows_no_other() -> None:
    slowdown = Slowdown()
    for _ in range(10):
        slowdown.failed("a", now_us=NOW_US)
    assert slowdown.failed("b", now_us=NOW_US) == 0.25


def test_time_and_a_right_key_make_up_for_failures() -> None:
    slowdown = Slowdown()
    for _ in range(5):
        slowdown.failed("a", now_us=NOW_US)
    assert slowdown.failed("a", now_us=NOW_US + FIVE_MINUTES_US) == 0.25
    slowdown.failed("a", now_us=NOW_US + FIVE_MINUTES_US)
    slowdown.succeeded("a")
    assert slowdown.failed("a", now_us=NOW_US + FIVE_MINUTES_US) == 0.25


def test_memory_is_bounded_and_forgets_who_failed_longest_ago() -> None:
    slowdown = Slowdown(addresses=3)
    for address in "aabcd":
        slowdown.failed(address, now_us=NOW_US)
    assert len(slowdown) == 3
    assert slowdown.failed("a", now_us=NOW_US) == 0.25
    assert slowdown.failed("d", now_us=NOW_US) == 0.5


def test_a_clock_that_is_set_back_keeps_counting() -> None:
    slowdown = Slowdown()
    slowdown.failed("a", now_us=NOW_US)
    assert slowdown.failed("a", now_us=NOW_US - FIVE_MINUTES_US) == 0.5
