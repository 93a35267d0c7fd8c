"""The Python client against a real gateway, and without one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pydantic
import pytest

import roadworthy
from canned_upstream import Upstream, canned_upstream
from production import ME, into_production
from projects import write_project
from roadworthy.client import AsyncClient, Client, GatewayUnreachable
from roadworthy.core.errors import InvalidInput, OutputNonconforming, UnknownTask
from roadworthy.registry import Draft, MoveRequest
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.tasks import load_project
from serving_process import Server, serving

VALUE = {"sentiment": "positive", "confidence": 0.5}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(lambda _: json.dumps(VALUE)) as running:
        yield running


@pytest.fixture(scope="module")
def project(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return into_production(write_project(tmp_path_factory.mktemp("project"), upstream.base_url))


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


def test_a_contract_says_what_a_task_takes_and_gives(client: Client, project: Path) -> None:
    contract = client.contract("triage@1.0.0")
    assert (contract.task, contract.version) == ("triage", "1.0.0")
    assert contract.input_schema["required"] == ["comment"]
    assert contract.output_schema is not None
    with pytest.raises(UnknownTask, match="triage"):
        client.contract("triag")
    with Client(NOBODY) as alone, pytest.raises(GatewayUnreachable):
        alone.contract("triage")
    with Client(NOBODY, fallback=project) as alone:
        assert alone.contract("triage@1.0.0") == contract


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


def promote_another(server: Server, project: Path) -> str:
    """A further version in production, by the keeper's API."""
    user = project / "tasks/triage/prompt/user.md"
    user.write_text(user.read_text() + "!")
    loaded = load_project(project)
    told = json.loads((server.state / "keeper.json").read_bytes())
    registry = RemoteRegistry(told["url"], told["token"])
    draft = Draft(definition=loaded.tasks["triage"], message="louder")
    version = registry.publish(draft, ME).version.version
    registry.move(MoveRequest(task="triage", to=version), ME)
    return version


def until_served(client: Client, version: str) -> None:
    for _ in range(600):
        if client.answer("triage", {"comment": "x"}).version == version:
            return
        time.sleep(0.05)
    raise AssertionError(f"{version} is never served")


def test_a_conversation_stays_with_the_version_that_answered_first(
    client: Client, server: Server, project: Path
) -> None:
    talk = client.conversation("triage")
    first = talk.answer({"comment": "Hi."})
    assert talk.task == f"triage@{first.version}"
    later = promote_another(server, project)
    until_served(client, later)
    assert talk.answer({"comment": "Still there?"}).version == first.version
    with talk.stream({"comment": "And now?"}) as stream:
        list(stream)
    assert stream.answer.version == first.version
    fresh = client.conversation("triage@^1", conversation_id="c-2")
    with fresh.stream({"comment": "Hi."}) as stream:
        list(stream)
    assert (fresh.task, fresh.id) == (f"triage@{later}", "c-2")


def test_a_conversation_goes_on_without_the_gateway(client: Client, project: Path) -> None:
    talk = client.conversation("triage@1.0.0")
    assert talk.run(comment="Hi.") == VALUE
    with Client(NOBODY, fallback=project) as alone:
        again = alone.conversation(talk.task, conversation_id=talk.id)
        assert again.answer({"comment": "Hi."}).version == "1.0.0"
        served = client.answer("triage", {"comment": "x"}).version
        assert alone.answer("triage", {"comment": "x"}).version == served != "working"


def test_the_address_comes_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROADWORTHY_URL", server.gateway + "/")
    with roadworthy.Client() as client:
        assert client.run("triage", comment="x") == VALUE


class Triage(msgspec.Struct):
    sentiment: str
    confidence: float


class PydanticTriage(pydantic.BaseModel):
    sentiment: str
    confidence: float


def test_a_stream_shows_what_is_known_so_far(client: Client) -> None:
    with client.stream("triage", {"comment": "Lovely."}) as stream:
        partials = list(stream)
    *flowing, last = partials
    assert all(partial.value.items() <= VALUE.items() for partial in flowing)
    assert flowing[0].is_closed("/sentiment")
    assert not flowing[0].is_closed("")
    assert (last.value, last.open) == (VALUE, ())
    assert last.closed == {"", "/sentiment", "/confidence"}
    assert "".join(partial.text_delta for partial in partials) == json.dumps(VALUE).replace(" ", "")
    assert (stream.value, stream.answer.outcome) == (VALUE, "first_pass")


@pytest.mark.parametrize("output", [Triage, PydanticTriage])
def test_the_final_value_has_the_class_that_was_asked_for(
    client: Client, output: type[Triage | PydanticTriage]
) -> None:
    with client.stream("triage", {"comment": "Lovely."}, output=output) as stream:
        for _ in stream:
            pass
        assert stream.value == output(sentiment="positive", confidence=0.5)


def test_the_asynchronous_client_streams(server: Server, upstream: Upstream) -> None:
    async def scenario() -> None:
        upstream.answer = lambda _: json.dumps(VALUE)
        async with AsyncClient(server.gateway) as client:
            async with client.stream("triage", {"comment": "x"}) as stream:
                async for partial in stream:
                    assert set(partial.value) <= set(VALUE)
            assert stream.value == VALUE
            with pytest.raises(RuntimeError, match="not ended"):
                _ = client.stream("triage", {"comment": "x"}).answer

    asyncio.run(scenario())


def test_a_streams_errors_are_the_gateways_own_classes(client: Client, upstream: Upstream) -> None:
    with client.stream("triag", {}) as stream, pytest.raises(UnknownTask):
        list(stream)
    upstream.answer = lambda _: '{"sentiment": "positive", "confidence": 0.' + "3" * 900
    seen: list[object] = []
    with (
        client.stream("triage", {"comment": "x"}) as stream,
        pytest.raises(OutputNonconforming, match="digits") as caught,
    ):
        seen.extend(partial.value for partial in stream)
    assert caught.value.call_id


def test_a_stream_that_is_left_early_ends_its_call(client: Client) -> None:
    with client.stream("triage", {"comment": "x"}) as stream:
        next(iter(stream))
    assert client.run("triage", comment="x") == VALUE


def test_a_stream_goes_round_an_unreachable_gateway(project: Path, upstream: Upstream) -> None:
    upstream.answer = lambda _: json.dumps(VALUE)
    with Client(NOBODY, fallback=project) as client:
        with client.stream("triage", {"comment": "x"}) as stream:
            values = [partial.value for partial in stream]
        assert values[-1] == VALUE == stream.value
    with (
        Client(NOBODY) as client,
        client.stream("triage", {}) as stream,
        pytest.raises(GatewayUnreachable),
    ):
        list(stream)
