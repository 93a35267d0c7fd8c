"""The Python client against a real gateway, and without one."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import roadworthy
from canned_upstream import Upstream, canned_upstream
from projects import write_project
from roadworthy.client import AsyncClient, Client, GatewayUnreachable
from roadworthy.core.errors import InvalidInput, OutputNonconforming, UnknownTask
from serving_process import Server, serving

VALUE = {"sentiment": "positive", "confidence": 0.5}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(lambda _: json.dumps(VALUE)) as running:
        yield running


@pytest.fixture(scope="module")
def project(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"), upstream.base_url)


@pytest.fixture(scope="module")
def server(project: Path) -> Iterator[Server]:
    with serving(project) as running:
        yield running


@pytest.fixture
def client(server: Server, upstream: Upstream) -> Iterator[Client]:
    upstream.answer = lambda _: json.dumps(VALUE)
    with Client(server.gateway) as client:
        yield client


def test_run_gives_the_value(client: Client) -> None:
    assert client.run("triage", comment="Lovely.") == VALUE


def test_answer_tells_how_the_call_ended(client: Client) -> None:
    answer = client.answer("triage", {"comment": "Lovely."}, conversation_id="c-1")
    assert (answer.value, answer.outcome, answer.task) == (VALUE, "first_pass", "triage")
    assert answer.cost_usd == pytest.approx(40e-6)


def test_the_asynchronous_client_gives_the_value(server: Server) -> None:
    async def scenario() -> None:
        async with AsyncClient(server.gateway) as client:
            values = await asyncio.gather(*(client.run("triage", comment=c) for c in "abc"))
        assert values == [VALUE] * 3

    asyncio.run(scenario())


def test_threads_may_share_a_client(client: Client) -> None:
    values: list[object] = []
    work = [
        threading.Thread(target=lambda: values.append(client.run("triage", comment="x")))
        for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert values == [VALUE] * 4


def test_the_gateways_errors_are_its_own_classes(client: Client, upstream: Upstream) -> None:
    with pytest.raises(UnknownTask, match="triage"):
        client.run("triag", comment="x")
    with pytest.raises(InvalidInput, match="comment"):
        client.run("triage", comment=5)
    upstream.answer = lambda _: "no idea"
    with pytest.raises(OutputNonconforming) as caught:
        client.run("triage", comment="x")
    assert caught.value.call_id


def test_an_unreachable_gateway_is_an_error_with_a_remedy() -> None:
    with Client(NOBODY) as client, pytest.raises(GatewayUnreachable, match="roadworthy serve"):
        client.run("triage", comment="x")


def test_an_unreachable_gateway_is_gone_round_where_asked_to(
    project: Path, upstream: Upstream
) -> None:
    upstream.answer = lambda _: f"Sure: {json.dumps(VALUE)}"
    with Client(NOBODY, fallback=project) as client:
        answer = client.answer("triage", {"comment": "x"})
        assert (answer.value, answer.outcome) == (VALUE, "repaired")
        with pytest.raises(InvalidInput):
            client.run("triage", comment=5)


def test_the_address_comes_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADWORTHY_URL", server.gateway + "/")
    with roadworthy.Client() as client:
        assert client.run("triage", comment="x") == VALUE
