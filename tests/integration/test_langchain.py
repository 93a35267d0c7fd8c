"""Tasks as LangChain's Runnables, by the real package, against a real gateway."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
import uvicorn
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.prompts import PromptTemplate
from langchain_core.runnables import RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.utils.function_calling import convert_to_openai_tool

from pipelines import MODEL, POEM, TRIAGE, pipeline_of
from registry_samples import definition_of
from roadworthy.client import Answer, Client, GatewayUnreachable
from roadworthy.core import Settings, SystemClock
from roadworthy.core.errors import InvalidInput, OutputError, OutputNonconforming, UnknownTask
from roadworthy.integrations.langchain import PASSING_ERRORS, TaskRunnable
from roadworthy.models import Ask, Model
from roadworthy.pipeline import Pipeline, compile_state
from roadworthy.serving.app import GatewayStatus, create_app
from roadworthy.tasks import Snapshot
from roadworthy.tasks.definition import ChainDefinition, StepDefinition
from roadworthy.testing import MemoryJournal, ScriptedUpstream
from waiting import wait_until

GOOD = {"sentiment": "positive", "confidence": 0.5}
FLOWING = msgspec.structs.replace(TRIAGE, stream="fields", max_reasks=0)
SHEET = definition_of(
    name="sheet",
    model="",
    templates=(),
    input_schema=TRIAGE.input_schema,
    output_schema={
        "type": "object",
        "properties": {"mood": {"type": "string"}, "verse": {"type": "string"}},
    },
    chain=ChainDefinition(
        steps=(
            StepDefinition(name="triage", task="triage", wires={"comment": "input.comment"}),
            StepDefinition(
                name="poem", task="poem", needs=("triage",), wires={"topic": "triage.sentiment"}
            ),
        ),
        output={"mood": "triage.sentiment", "verse": "poem"},
        tasks={"triage": FLOWING, "poem": POEM},
    ),
)


def answering(_: Model, ask: Ask) -> str:
    asked = str(ask.messages[-1]["content"])
    if asked.startswith("A poem"):
        return "Roses are red."
    return "no idea" if "riddle" in asked else json.dumps(GOOD)


@contextmanager
def served(pipeline: Pipeline) -> Iterator[str]:
    """A gateway over this pipeline; its address."""
    app = create_app(pipeline, state=pipeline.state, status=lambda: GatewayStatus(revision="r"))
    with socket.create_server(("127.0.0.1", 0)) as sock:
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[sock])))
        thread.start()
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture(scope="module")
def gateway(journal: MemoryJournal) -> Iterator[str]:
    tasks = {task.name: task for task in (FLOWING, POEM, SHEET)}
    snapshot = Snapshot(revision="r", settings=Settings(), tasks=tasks, models={"scripted": MODEL})
    state = compile_state(snapshot, {})
    upstream = ScriptedUpstream([answering])
    clock = SystemClock()
    pipeline = Pipeline(state=lambda: state, upstream=upstream, journal=journal, clock=clock)
    with served(pipeline) as address:
        yield address


@pytest.fixture
def client(gateway: str) -> Iterator[Client]:
    with Client(gateway) as client:
        yield client


@pytest.fixture
def triage(client: Client) -> TaskRunnable:
    return TaskRunnable("triage", client=client)


def test_a_task_is_invoked_with_its_fields_a_text_or_a_prompt(triage: TaskRunnable) -> None:
    assert triage.invoke({"comment": "Lovely."}) == GOOD
    assert triage.invoke("Lovely.") == GOOD
    mood = (
        PromptTemplate.from_template("It is {x}.") | triage | RunnableLambda(dict).pick("sentiment")
    )
    assert mood.invoke({"x": "fine"}) == "positive"


def test_a_chain_is_invoked_as_a_task_is(client: Client) -> None:
    sheet = TaskRunnable("sheet", client=client)
    assert sheet.invoke("Lovely.") == {"mood": "positive", "verse": "Roses are red."}
    assert sheet.get_output_jsonschema()["properties"].keys() == {"mood", "verse"}


def test_inputs_are_answered_side_by_side_in_their_order(triage: TaskRunnable) -> None:
    comments = [{"comment": text} for text in ("a", "riddle", "c")]
    found = triage.batch(comments, return_exceptions=True)
    assert [found[0], found[2]] == [GOOD, GOOD]
    assert isinstance(found[1], OutputNonconforming)
    both = RunnableParallel(first=triage, second=triage)
    assert both.invoke("x") == {"first": GOOD, "second": GOOD}


def test_asynchronous_calls_may_come_from_any_loop(triage: TaskRunnable) -> None:
    async def scenario() -> None:
        assert await triage.ainvoke("x") == GOOD
        assert await triage.abatch(["a", "b"]) == [GOOD, GOOD]
        assert [chunk async for chunk in triage.astream("x")][-1] == GOOD

    asyncio.run(scenario())
    asyncio.run(scenario())


def test_an_object_streams_as_far_as_it_is_known(triage: TaskRunnable) -> None:
    chunks = list(triage.stream("x"))
    assert chunks[-1] == GOOD
    assert all(chunk.items() <= GOOD.items() for chunk in chunks)
    through = triage | RunnableLambda(lambda value: value["sentiment"])
    assert list(through.stream("x")) == ["positive"]


def test_text_streams_in_pieces(client: Client) -> None:
    poem = TaskRunnable("poem", client=client)
    assert "".join(poem.stream({"topic": "tea"})) == "Roses are red."

    async def scenario() -> str:
        return "".join([chunk async for chunk in poem.astream({"topic": "tea"})])

    assert asyncio.run(scenario()) == "Roses are red."


def test_a_stream_that_is_left_ends_its_call() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream(["Roses are red."], hold=asyncio.Event()))

    async def leave(poem: TaskRunnable) -> None:
        chunks = poem.astream({"topic": "tea"})
        assert await anext(chunks) == "Rose"
        await chunks.aclose()  # type: ignore[attr-defined]

    with served(pipeline) as address, Client(address) as client:
        poem = TaskRunnable("poem", client=client)
        asyncio.run(leave(poem))
        for chunk in poem.stream({"topic": "tea"}):
            assert chunk == "Rose"
            break
        wait_until(lambda: len(journal.calls) == 2, "both calls end")
    assert [call.outcome for call in journal.calls] == ["cancelled", "cancelled"]


def test_errors_are_those_of_the_task(triage: TaskRunnable, client: Client) -> None:
    for run in (triage.invoke, lambda given: list(triage.stream(given))):
        with pytest.raises(OutputNonconforming) as caught:
            run("a riddle")
        assert caught.value.call_id
        with pytest.raises(InvalidInput, match="comment"):
            run({"comment": 5})
    with pytest.raises(UnknownTask, match="triage"):
        TaskRunnable("triag", client=client).invoke("x")
    with pytest.raises(TypeError, match="takes no 'temperature'"):
        triage.invoke("x", temperature=1)


def test_fallbacks_and_retries_tell_errors_apart(triage: TaskRunnable) -> None:
    careful = triage.with_fallbacks(
        [RunnableLambda(lambda _: {"sentiment": "unknown"})], exceptions_to_handle=(OutputError,)
    )
    assert careful.invoke("a riddle") == {"sentiment": "unknown"}
    patient = triage.with_retry(retry_if_exception_type=PASSING_ERRORS)
    assert patient.invoke("x") == GOOD
    with Client("http://127.0.0.1:9") as nobody, pytest.raises(GatewayUnreachable):
        TaskRunnable("triage", client=nobody).invoke({"comment": "x"})


@pytest.mark.filterwarnings("ignore:This API is in beta")  # as_tool is
def test_a_task_is_a_tool_with_its_own_arguments(triage: TaskRunnable) -> None:
    tool = triage.as_tool(description="Tells how a comment sounds.")
    told = convert_to_openai_tool(tool)["function"]
    assert told["name"] == "triage"
    assert told["parameters"]["properties"]["comment"]["type"] == "string"
    assert told["parameters"]["required"] == ["comment"]
    assert tool.invoke({"comment": "Lovely."}) == GOOD


def test_schemas_are_the_tasks_own(triage: TaskRunnable, client: Client) -> None:
    assert triage.get_input_jsonschema() == triage.contract.input_schema
    assert triage.get_output_jsonschema() == triage.contract.output_schema
    poem = TaskRunnable("poem", client=client)
    assert poem.get_output_jsonschema() == {"type": "string"}
    mermaid = (triage | RunnableLambda(str)).get_graph().draw_mermaid()
    assert "triage" in mermaid


class Watching(BaseCallbackHandler):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.seen.append(f"start {kwargs['name']}")

    def on_chain_end(self, outputs: Any, **kwargs: Any) -> None:
        self.seen.append(f"end {outputs}")

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.seen.append(f"error {type(error).__name__}")


def test_callbacks_see_each_call(triage: TaskRunnable) -> None:
    watching = Watching()
    triage.invoke("x", {"callbacks": [watching]})
    list(triage.stream("x", {"callbacks": [watching]}))
    with pytest.raises(OutputError):
        triage.invoke("a riddle", {"callbacks": [watching]})
    assert watching.seen == [
        *["start triage", f"end {GOOD}"] * 2,
        "start triage",
        "error OutputNonconforming",
    ]


def test_calls_are_recorded_with_their_conversation_and_unit(
    client: Client, journal: MemoryJournal
) -> None:
    whole = TaskRunnable("triage", client=client, unit="u-1", whole=True)
    answer = whole.invoke("x")
    assert isinstance(answer, Answer)
    assert (answer.value, answer.outcome, answer.version) == (GOOD, "first_pass", "working")
    assert [chunk.value for chunk in whole.stream("x")] == [GOOD]
    assert (journal.calls[-1].unit, journal.calls[-1].stream) == ("u-1", True)
    talk = TaskRunnable("triage", client=client).conversation("c-1")
    assert talk.invoke("x") == GOOD
    assert list(talk.stream("x"))[-1] == GOOD
    assert [call.conversation_id for call in journal.calls[-2:]] == ["c-1", "c-1"]
    assert {spec.id for spec in talk.config_specs} == {"conversation_id", "unit"}


def test_what_a_call_is_recorded_with_may_come_with_each_call(
    client: Client, journal: MemoryJournal
) -> None:
    configured = RunnableConfig(configurable={"conversation_id": "c-9", "unit": "u-9"})
    by_default = TaskRunnable("triage", client=client, conversation_id="c-8")
    del journal.calls[:]
    (RunnableLambda(str) | by_default).invoke("x", configured)
    asyncio.run(by_default.ainvoke("x", configured))
    list(by_default.stream("x", configured))
    by_default.invoke("x")
    told = [(call.conversation_id, call.unit) for call in journal.calls]
    assert told == [("c-9", "u-9")] * 3 + [("c-8", None)]
