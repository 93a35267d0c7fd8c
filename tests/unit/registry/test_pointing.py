from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import Forbidden, InvalidRequest, RegistryConflict
from roadworthy.registry import Actor, Move, MoveKind, MoveRequest
from roadworthy.registry.pointing import (
    check_allowed,
    check_channel,
    released_versions,
    rollback_target,
    trail,
)


def move(kind: MoveKind, to: str, came_from: str | None = None) -> Move:
    return Move(
        id="",
        task="mood",
        channel="production",
        kind=kind,
        from_version=came_from,
        to_version=to,
        at_us=0,
        by=Actor(name="Ada"),
    )


def promoted(*versions: str) -> list[Move]:
    return [move("promote", version) for version in versions]


def target(moves: list[Move], wanted: str | None = None) -> str:
    return rollback_target(moves, wanted, task="mood", channel="production")


def test_rollbacks_go_back_one_after_the_other() -> None:
    moves = promoted("1", "2", "3")
    assert target(moves) == "2"
    moves.append(move("rollback", "2", "3"))
    assert target(moves) == "1"
    moves.append(move("promote", "4", "2"))
    assert target(moves) == "2"


def test_a_version_that_the_channel_had_can_be_named() -> None:
    assert target(promoted("1", "2", "3"), "1") == "1"
    with pytest.raises(RegistryConflict, match="did not have before"):
        target(promoted("1", "2", "3"), "9")


def test_a_channel_that_came_back_goes_back_to_what_was_between() -> None:
    assert target(promoted("1", "2", "1")) == "2"
    assert trail([*promoted("1", "2", "1"), move("rollback", "2", "1")]) == ["1", "2"]


@pytest.mark.parametrize("moves", [[], promoted("1"), [move("import", "1"), *promoted("2")]])
def test_without_an_earlier_version_there_is_no_way_back(moves: list[Move]) -> None:
    with pytest.raises(RegistryConflict, match="no version to go back to"):
        target(moves)


def test_what_was_rolled_back_from_is_not_released() -> None:
    moves = [*promoted("1", "2"), move("rollback", "1", "2"), move("import", "9")]
    assert released_versions(moves) == ("1",)
    assert released_versions([*moves, move("promote", "2", "1")]) == ("1", "2")


@given(st.lists(st.sampled_from("12345"), min_size=2, max_size=12, unique=True), st.data())
def test_rolling_back_all_the_way_takes_the_promotions_in_reverse(
    versions: list[str], data: st.DataObject
) -> None:
    moves = promoted(*versions)
    steps = data.draw(st.integers(1, len(versions) - 1))
    for step in range(steps):
        moves.append(move("rollback", target(moves), versions[-1 - step]))
    assert trail(moves) == versions[: len(versions) - steps]
    assert set(released_versions(moves)) == set(versions[: len(versions) - steps])


@pytest.mark.parametrize("name", ["", "Production", "1", "a b", "working", "x" * 41, "a\n", "ä"])
def test_names_that_no_channel_has(name: str) -> None:
    with pytest.raises(InvalidRequest, match="no name of a channel"):
        check_channel(name)


def test_who_reads_only_moves_nothing() -> None:
    viewer = Actor(name="Vi", role="viewer")
    with pytest.raises(Forbidden, match="may read only"):
        check_allowed(MoveRequest(task="mood", to="1.0.0"), viewer)
    with pytest.raises(Forbidden, match="reason"):
        check_allowed(MoveRequest(task="mood", to="1", lower_gate=True, why=" "), Actor(name="A"))


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"kind": "import"}, "promoted or rolled back"), ({"why": "x" * 10_001}, "10001 characters")],
)
def test_moves_that_nobody_can_ask_for(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidRequest, match=match):
        check_allowed(MoveRequest(task="mood", to="1.0.0", **changes), Actor(name="Ada"))
