from __future__ import annotations

from typing import Any, cast

import pytest

from roadworthy.cli.carrying import carry
from roadworthy.core.errors import NotFound
from roadworthy.registry import Actor, MoveRequest, Registry, Version, VersionRow
from roadworthy.tasks import Suite, TaskDefinition

ANA = Actor(name="Ana")


class Installation:
    """As much of a registry as carrying asks for."""

    def __init__(self, *steps: str, **versions: str) -> None:
        self.steps = steps
        self.known = {name.replace("_", "."): number for name, number in versions.items()}
        self.taken: list[Any] = []

    def version(self, task: str, reference: str) -> Version:
        if reference not in self.known:
            raise NotFound(f"no {reference}")
        number = self.known[reference]
        row = VersionRow(
            task=task,
            version=number,
            digest=f"digest of {number}",
            definition_digest="e",
            level="minor",
            message="",
            author="Ana",
            commit=None,
            published_us=0,
        )
        return Version(row=row, definition=TaskDefinition(name=task, model="m"), suite=Suite())

    def export(self, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": tasks, "versions": self.known}

    def take(self, bundle: dict[str, Any], by: Actor) -> list[VersionRow]:
        self.taken.append((bundle, by))
        there = Installation(x="1.4.0")
        own = [] if self.known else [there.version("sort", "x").row]
        return own + [there.version(step, "x").row for step in self.steps]


def carried(source: Installation, target: Installation, to: str | None, *, dry_run: bool) -> Any:
    request = MoveRequest(task="sort", to=to, channel="production")
    ends = (cast("Registry", source), cast("Registry", target))
    return carry(*ends, request, by=ANA, dry_run=dry_run)


def test_what_the_channel_points_to_there_is_brought_under_its_number() -> None:
    source, target = Installation(production="1.4.0"), Installation()
    text, request = carried(source, target, None, dry_run=False)
    assert target.taken == [({"tasks": ["sort"], "versions": {"production": "1.4.0"}}, ANA)]
    assert (request.to, text) == ("1.4.0", "Brought sort 1.4.0, with history and results.")


def test_what_is_there_already_is_said_to_be_there() -> None:
    source, target = Installation(staging="1.4.0"), Installation(x="1.4.0")
    text, request = carried(source, target, "staging", dry_run=False)
    assert (request.to, text) == ("1.4.0", "sort 1.4.0 was there already.")


def test_what_a_chain_runs_is_brought_with_it() -> None:
    source, target = Installation(staging="1.4.0"), Installation("copy", "seo")
    text, _ = carried(source, target, "staging", dry_run=False)
    assert text == (
        "Brought sort 1.4.0, with history and results, and what it runs: copy 1.4.0, seo 1.4.0."
    )
    known = Installation("copy", x="1.4.0")
    text, _ = carried(source, known, "staging", dry_run=False)
    assert text == "sort was there already; brought what it runs: copy 1.4.0."


def test_a_dry_run_brings_nothing() -> None:
    source, target = Installation(staging="1.4.0"), Installation()
    text, request = carried(source, target, "staging", dry_run=True)
    assert (request, target.taken) == (None, [])
    assert "would be brought" in text
    there = Installation(**{"digest of 1_4_0": "1.4.0"})
    assert carried(source, there, "staging", dry_run=True).request.to == "1.4.0"


def test_what_the_source_has_not_is_an_error_before_anything_moves() -> None:
    target = Installation()
    with pytest.raises(NotFound, match=r"no \^9"):
        carried(Installation(), target, "^9", dry_run=False)
    assert target.taken == []
