"""Calls that the keeper makes for people, on a real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canned_upstream import Upstream, canned_upstream
from production import into_production
from projects import write_project
from roadworthy.control.keeping.operator_call import call_as_operator
from roadworthy.core.errors import (
    Forbidden,
    InvalidInput,
    OutputNonconforming,
    RegistryUnreachable,
    UnknownModel,
    UnknownTask,
)
from roadworthy.tasks import read_snapshot
from serving_process import Server, serving

VALUE = {"sentiment": "positive", "confidence": 0.5}
HI = {"comment": "Hi."}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(lambda _: json.dumps(VALUE)) as running:
        yield running


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = into_production(write_project(tmp_path_factory.mktemp("project"), upstream.base_url))
    models = project / "models.toml"
    text = models.read_text()
    models.write_text(text + text.replace("canned", "spare"))
    with serving(project) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return read_snapshot(server.state / "snapshot.json").operator_token


def test_an_operator_calls_a_version_on_another_model(
    server: Server, token: str, upstream: Upstream
) -> None:
    told = call_as_operator(server.gateway, token, "triage", "1.0.0", HI, "spare")
    assert (told["value"], told["version"], told["model"]) == (VALUE, "1.0.0", "spare")
    assert upstream.asked[-1]["model"] == "spare-1"


def test_what_is_served_is_called_on_its_own_model(server: Server, token: str) -> None:
    told = call_as_operator(server.gateway, token, "triage", None, HI)
    assert (told["version"], told["model"]) == ("1.0.0", "canned")


def test_the_gateways_errors_come_as_its_own_classes(
    server: Server, token: str, upstream: Upstream
) -> None:
    def call(selector: str | None, given: dict[str, Any], model: str | None = None) -> None:
        call_as_operator(server.gateway, token, "triage", selector, given, model)

    with pytest.raises(UnknownTask, match=r"nearest is 1\.0\.0"):
        call("1.0.1", HI)
    with pytest.raises(UnknownModel, match="spare"):
        call(None, HI, "spair")
    with pytest.raises(InvalidInput, match="comment"):
        call(None, {"comment": 5})
    upstream.answer = lambda _: "no JSON"
    with pytest.raises(OutputNonconforming) as raised:
        call("^1", HI)
    upstream.answer = lambda _: json.dumps(VALUE)
    assert raised.value.call_id


def test_another_token_opens_nothing(server: Server) -> None:
    with pytest.raises(Forbidden):
        call_as_operator(server.gateway, "guess", "triage", None, HI)


def test_a_gateway_that_is_away_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnreachable, match="roadworthy serve"):
        call_as_operator("http://127.0.0.1:9", "t", "triage", None, HI)
