"""Trying a version out through the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keyed import TOKEN, Installation

from roadworthy.control.registry_api import registry_examples as examples
from roadworthy.core.errors import OutputNonconforming, RegistryUnreachable, RoadworthyError

PATH = "/api/tasks/classify-feedback/play"


class Gateway:
    """Takes calls and answers what it was given."""

    def __init__(self, error: RoadworthyError | None = None) -> None:
        self.error = error
        self.asked: list[tuple[Any, ...]] = []

    def __call__(self, *given: Any) -> dict[str, Any]:
        self.asked.append(given)
        if self.error is not None:
            raise self.error
        return dict(examples.PLAYED)


@pytest.fixture
def build(tmp_path: Path) -> Callable[[Gateway | None], Installation]:
    return lambda gateway: Installation(tmp_path, play=gateway)


Build = Callable[[Gateway | None], Installation]


def test_a_call_is_made_as_it_was_asked_for(build: Build) -> None:
    gateway = Gateway()
    client = build(gateway).program(TOKEN)
    for wish in (
        examples.PLAY_WISH,
        {"input": {"a": 1}},
        {"input": {}, "selector": "@staging", "model": ""},
    ):
        answer = client.post(PATH, json=wish)
        assert (answer.status_code, answer.json()) == (200, examples.PLAYED)
    task = "classify-feedback"
    assert gateway.asked == [
        (task, "1.4.0", {"comment": "Great support"}, "local"),
        (task, None, {"a": 1}, None),
        (task, "staging", {}, None),
    ]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"input": []},
        {"input": {}, "selector": "x" * 201},
        {"input": {}, "model": "a\nb"},
        {"input": {}, "headers": {}},
        {"input": {}, "role": "owner"},
    ],
)
def test_a_wish_that_is_none_asks_nobody(build: Build, wish: dict[str, Any]) -> None:
    gateway = Gateway()
    assert build(gateway).program(TOKEN).post(PATH, json=wish).status_code == 400
    assert gateway.asked == []


def test_a_viewer_spends_no_money(build: Build) -> None:
    gateway = Gateway()
    house = build(gateway)
    house.key("Ada")
    viewer = house.program(house.key("Grace", "viewer").secret)
    assert viewer.post(PATH, json=examples.PLAY_WISH).status_code == 403
    assert gateway.asked == []


def test_what_the_gateway_says_is_told_with_the_call(build: Build) -> None:
    error = OutputNonconforming("no sentiment")
    error.call_id = "019a"
    answer = build(Gateway(error)).program(TOKEN).post(PATH, json=examples.PLAY_WISH)
    assert (answer.status_code, answer.headers["x-roadworthy-call"]) == (422, "019a")
    assert answer.json()["error"]["code"] == "output_nonconforming"


def test_without_a_gateway_that_is_told(build: Build) -> None:
    away = build(Gateway(RegistryUnreachable("no gateway answers"))).program(TOKEN)
    assert away.post(PATH, json=examples.PLAY_WISH).status_code == 503


def test_where_nothing_is_served_there_is_nothing_to_try(build: Build) -> None:
    answer = build(None).program(TOKEN).post(PATH, json=examples.PLAY_WISH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
