from __future__ import annotations

import msgspec

from roadworthy.cli.move_lines import move_lines, refusal_lines, weighing_lines
from roadworthy.cli.registry_lines import (
    channel_lines,
    evidence_lines,
    history_lines,
    short_commit,
    short_evidence,
    version_lines,
)
from roadworthy.core.errors import GateRefused
from roadworthy.registry import (
    Actor,
    Evidence,
    Figures,
    Miss,
    Move,
    MoveRequest,
    Pointer,
    Share,
    VersionRow,
)

SHARE = Share(value=0.9666, low=0.8, high=0.99, n=30)
MISS = Miss(figure="pass_rate", wanted=0.98, found=0.9666, message="pass rate 96.6%, 1.4 short")
EVIDENCE = Evidence(
    figures=Figures(pass_rate=SHARE, tags={"edge": SHARE}, p95_ms=1234.4, flaky=("a", "b")),
    bindings={"local": "embedded/smollm2"},
    environment="staging",
    measured_us=1_700_000_000_000_000,
    invalid_cases=("old",),
)
MOVE = Move(
    id="m",
    task="sort",
    channel="production",
    kind="promote",
    from_version="1.3.0",
    to_version="1.4.0",
    at_us=1_700_000_000_000_000,
    by=Actor(name="Ana"),
    why="shorter\nanswers",
    evidence=EVIDENCE,
)
ROW = VersionRow(
    task="sort",
    version="1.4.0",
    digest="d",
    definition_digest="e",
    level="minor",
    message="m" * 80,
    author="Ana",
    commit="0123456789abcdef-dirty",
    published_us=0,
)


def test_a_move_says_what_it_relied_on_and_the_way_back() -> None:
    lines = move_lines(MOVE).splitlines()
    assert lines[0] == "sort: production 1.3.0 → 1.4.0, by Ana."
    assert "  pass rate    96.6% of 30 (95 % interval 80.0% to 99.0%)" in lines
    assert "  model local  embedded/smollm2" in lines
    assert "  left out     input no longer valid: old" in lines
    assert lines[-1] == "Back: roadworthy rollback sort"


def test_a_first_move_has_no_way_back_and_a_forced_one_names_its_misses() -> None:
    first = msgspec.structs.replace(
        MOVE,
        from_version=None,
        forced=True,
        evidence=msgspec.structs.replace(EVIDENCE, misses=(MISS,)),
    )
    lines = move_lines(first).splitlines()
    assert lines[0] == "sort: production 1.4.0, forced, by Ana."
    assert lines[-1] == "  missed: pass rate 96.6%, 1.4 short"


def test_weighing_says_how_a_promotion_would_end() -> None:
    request = MoveRequest(task="sort", to="1.4.0", channel="staging")
    assert weighing_lines(request, EVIDENCE).startswith(
        "Promoting sort 1.4.0 to staging would hold"
    )
    missed = msgspec.structs.replace(EVIDENCE, misses=(MISS,))
    assert "would be refused" in weighing_lines(request, missed)


def test_a_refusal_names_each_miss_once() -> None:
    refused = GateRefused("sort 1.4.0 stays out: p95 9 ms.", misses=("p95 9 ms", "cost $1"))
    assert refusal_lines(refused).splitlines() == [
        "roadworthy: sort 1.4.0 stays out: p95 9 ms.",
        "  cost $1",
    ]


def test_versions_stand_beside_the_channels_that_point_to_them() -> None:
    pointers = [
        Pointer(task="sort", channel=name, version="1.4.0", since_us=0)
        for name in ("staging", "production")
    ]
    head, line = version_lines([ROW], pointers, tasks=True).splitlines()
    assert head.split()[0] == "TASK"
    assert "production, staging" in line
    assert "0123456789-dirty" in line
    assert line.endswith("m…")
    assert not version_lines([ROW], [], tasks=False).startswith("TASK")


def test_channels_and_history_are_a_line_each() -> None:
    pointer = Pointer(task="t", channel="c", version="1.0.0", since_us=0, protected=True)
    assert channel_lines([pointer]).splitlines()[1].split() == [
        *("t", "c", "1.0.0", "1970-01-01", "00:00:00", "protected"),
    ]
    line = history_lines([MOVE], tasks=False).splitlines()[1]
    assert "1.3.0  1.4.0  Ana" in line
    assert line.endswith("96.6% of 30 pass  shorter answers")


def test_moves_of_several_installations_say_whose_they_are() -> None:
    taken = msgspec.structs.replace(MOVE, kind="import", environment="staging")
    assert "ENVIRONMENT" not in history_lines([MOVE], tasks=True)
    shown = history_lines([MOVE, taken], tasks=True).splitlines()
    assert "ENVIRONMENT" in shown[0]
    assert "staging      production  import" in shown[2]


def test_what_was_not_measured_is_not_shown() -> None:
    nothing = Evidence(figures=Figures())
    assert evidence_lines(nothing) == "  tests  none of this prompt on this model"
    assert (short_evidence(nothing), short_evidence(None), short_commit(None)) == ("", "", "")


def test_no_terminal_obeys_what_somebody_wrote() -> None:
    hidden = msgspec.structs.replace(ROW, message="\x1b[2Jcleared", author="\u202eana")
    shown = version_lines([hidden], [], tasks=False)
    assert "⟦U+001B⟧[2Jcleared" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    moved = msgspec.structs.replace(MOVE, by=Actor(name="\x1b]0;title"))
    assert "\x1b" not in move_lines(moved) + history_lines([moved], tasks=True)


def test_a_channel_that_nothing_pointed_to_before_is_told() -> None:
    first = Move(
        id="m",
        task="triage",
        channel="prod",
        kind="promote",
        from_version=None,
        to_version="1.0.0",
        at_us=0,
        by=Actor(name="Ada"),
    )
    said = move_lines(first)
    assert "prod is a new channel without a gate; callers reach it by task:triage@prod." in said
    again = msgspec.structs.replace(first, from_version="0.9.0")
    assert "new channel" not in move_lines(again)
