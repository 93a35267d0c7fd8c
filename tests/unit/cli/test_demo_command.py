"""The whole demo, against a gateway that answers from a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from roadworthy.cli.demo.command import DemoOptions, list_price, run_demo
from roadworthy.cli.demo.comments import example_folder
from roadworthy.cli.demo.project import copy_example, with_model
from roadworthy.cli.demo.serving import Addresses, free_port
from roadworthy.cli.demo.through_gateway import read_chat, read_task
from roadworthy.core.errors import StoreError, UpstreamUnavailable
from roadworthy.tasks import load_project

VALUE = {"sentiment": "negative", "confidence": 0.5, "themes": ["delivery"]}
ERROR = {"error": {"code": "output_truncated", "message": "cut off"}}


class ScriptedGateway:
    """Both surfaces that the demo asks; the task fails on the comment ``bad``."""

    def __init__(self) -> None:
        self.chats: list[dict[str, Any]] = []
        self.labels: list[str | None] = []

    async def chat(self, request: web.Request) -> web.Response:
        self.chats.append(await request.json())
        self.labels.append(request.headers.get("x-roadworthy-task"))
        choice = {"message": {"content": "Sure! Here you go"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 150, "completion_tokens": 30}
        return web.json_response({"choices": [choice], "usage": usage})

    async def task(self, request: web.Request) -> web.Response:
        if (await request.json())["input"] == {"comment": "bad"}:
            return web.json_response(ERROR, status=422)
        usage = {"input_tokens": 56, "output_tokens": 21}
        body = {"value": VALUE, "outcome": "first_pass", "usage": usage}
        return web.json_response(body)

    @asynccontextmanager
    async def serve(self, _project: Path) -> AsyncIterator[Addresses]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/tasks/classify-feedback", self.task)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield Addresses(gateway_url=f"http://{host}:{port}", dashboard_url="http://dashboard")
        await runner.cleanup()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text("text,mood\nlate,negative\nfine,positive\nbad,negative\n")
    return path


def test_the_demo_measures_and_prints_both_ways(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = DemoOptions(
        once=True, all=True, data=data, expected="mood", markdown=tmp_path / "t.md"
    )
    asyncio.run(run_demo(options, serve=ScriptedGateway().serve, working_copy=tmp_path / "copy"))
    table = (tmp_path / "t.md").read_text()
    assert "| parses as JSON | 0 % (0–56) | 67 % (21–94) |" in table  # noqa: RUF001
    assert "| agrees with the expected sentiment | 0 % (0–56) | 33 % (6–79) |" in table  # noqa: RUF001
    assert "| tokens a call, in + out | 150 + 30 | 56 + 21 |" in table
    assert "3 of the 3 comments in own.csv" in table
    assert "conforms to the contract" in capsys.readouterr().out


def test_the_prototype_asks_plainly_with_the_same_sampling(tmp_path: Path, data: Path) -> None:
    gateway = ScriptedGateway()
    options = DemoOptions(once=True, data=data)
    asyncio.run(run_demo(options, serve=gateway.serve, working_copy=tmp_path / "copy"))
    asked = gateway.chats[-1]
    parameters = load_project(tmp_path / "copy").tasks["classify-feedback"].parameters
    assert set(asked) == {"model", "messages", "max_tokens", "temperature"}
    assert (asked["max_tokens"], asked["temperature"]) == (96, parameters["temperature"])
    assert set(gateway.labels) == {"feedback-prototype"}


def test_a_gateway_that_goes_away_ends_the_demo(tmp_path: Path, data: Path) -> None:
    @asynccontextmanager
    async def nobody(_project: Path) -> AsyncIterator[Addresses]:
        yield Addresses(gateway_url="http://127.0.0.1:9", dashboard_url="")

    options = DemoOptions(once=True, data=data)
    with pytest.raises(UpstreamUnavailable, match="stopped answering"):
        asyncio.run(run_demo(options, serve=nobody, working_copy=tmp_path / "copy"))


def test_a_typed_error_is_read_as_no_delivery() -> None:
    reply = read_task(422, ERROR)
    assert (reply.delivered, reply.outcome, reply.message) == (False, "output_truncated", "cut off")
    assert read_chat(502, {"error": {"code": "upstream_error"}}).text is None


def test_the_working_copy_serves_the_model_that_was_asked_for(tmp_path: Path) -> None:
    copy_example(example_folder(), tmp_path / "copy", model="openai/gpt-4o-mini")
    task = load_project(tmp_path / "copy").tasks["classify-feedback"]
    assert task.model == "openai/gpt-4o-mini"


def test_recorded_calls_outlive_a_second_copy(tmp_path: Path) -> None:
    kept = tmp_path / "copy" / ".roadworthy" / "calls"
    kept.parent.mkdir(parents=True)
    kept.write_text("calls")
    copy_example(example_folder(), tmp_path / "copy", model="local")
    assert kept.read_text() == "calls"


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a folder that you may write to"):
        copy_example(example_folder(), tmp_path / "file" / "copy", model="local")


def test_a_models_name_cannot_break_out_of_its_quotes() -> None:
    assert with_model('model = "local"\n', 'a"\nb = "') == 'model = "a\\"\\nb = \\""\n'


def test_the_hosted_model_that_prices_tokens_has_a_list_price() -> None:
    price = list_price("openai/gpt-5-mini")
    assert price is not None
    assert price.output_usd > price.input_usd > 0


def test_a_taken_port_makes_way_for_any_free_one() -> None:
    async def probe() -> int:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        taken: int = server.sockets[0].getsockname()[1]
        server.close()
        # Closed but in no one's hands: the same port is free again.
        assert free_port("127.0.0.1", taken) == taken
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", taken)
        try:
            return free_port("127.0.0.1", taken)
        finally:
            server.close()

    assert asyncio.run(probe()) == 0
