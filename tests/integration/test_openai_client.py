"""The unmodified `openai` package against a real gateway: one changed line, the base URL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import openai
import pytest
from pydantic import BaseModel

from canned_upstream import Upstream, canned_upstream
from production import into_production
from projects import write_project
from serving_process import Server, serving

GOOD = json.dumps({"sentiment": "positive", "confidence": 0.5})
HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "Lovely!"}]


class Triage(BaseModel):
    sentiment: Literal["positive", "neutral", "negative"]
    confidence: float


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(lambda _: GOOD) as running:
        yield running


@pytest.fixture(scope="module")
def server(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = into_production(write_project(tmp_path_factory.mktemp("project"), upstream.base_url))
    with serving(project) as running:
        yield running


@pytest.fixture
def client(server: Server, upstream: Upstream) -> Iterator[openai.OpenAI]:
    upstream.answer = lambda _: GOOD
    upstream.asked.clear()
    with openai.OpenAI(base_url=server.gateway + "/v1", api_key="any", max_retries=2) as client:
        yield client


def events(delta: dict[str, object], *, finish: str) -> bytes:
    """A stream of one delta."""
    choices = [{"index": 0, "delta": delta}, {"index": 0, "delta": {}, "finish_reason": finish}]
    chunks = [json.dumps({"model": "m", "choices": [choice]}) for choice in choices]
    return b"".join(b"data: %s\n\n" % chunk.encode() for chunk in chunks) + b"data: [DONE]\n\n"


def test_a_plain_model_answers(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.answer = lambda _: "Hello there."
    answer = client.chat.completions.create(model="canned", messages=HELLO, temperature=0.3)
    assert answer.choices[0].message.content == "Hello there."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 30
    assert answer.system_fingerprint == "fp_1"
    assert upstream.asked[0]["temperature"] == 0.3


def test_a_task_answers_with_its_own_prompt(client: openai.OpenAI, upstream: Upstream) -> None:
    answer = client.chat.completions.create(model="task:triage", messages=HELLO)
    assert json.loads(answer.choices[0].message.content or "") == json.loads(GOOD)
    assert upstream.asked[0]["messages"][-1]["content"].strip() == "Comment: Lovely!"


def test_a_task_takes_its_typed_input_beside_the_messages(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    client.chat.completions.create(
        model="task:triage", messages=HELLO, extra_body={"input": {"comment": "typed"}}
    )
    assert upstream.asked[0]["messages"][-1]["content"].strip() == "Comment: typed"


def test_parse_gives_the_pydantic_class(client: openai.OpenAI) -> None:
    answer = client.chat.completions.parse(model="canned", messages=HELLO, response_format=Triage)
    assert answer.choices[0].message.parsed == Triage(sentiment="positive", confidence=0.5)


def test_parse_gives_the_class_where_the_model_wrote_prose_around(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    upstream.answer = lambda _: f"Sure! Here it is:\n```json\n{GOOD}\n```\nAnything else?"
    answer = client.chat.completions.parse(
        model="task:triage", messages=HELLO, response_format=Triage
    )
    assert answer.choices[0].message.parsed == Triage(sentiment="positive", confidence=0.5)


def test_an_answer_that_cannot_conform_is_a_422_that_is_not_retried(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    upstream.answer = lambda _: "I would rather talk about the weather."
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(model="task:triage", messages=HELLO)
    assert caught.value.code == "output_nonconforming"
    assert len(upstream.asked) == 3  # the answer and two re-asks; the client did not try again


def test_a_refusal_keeps_openais_shape(client: openai.OpenAI, upstream: Upstream) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    upstream.answer = lambda _: json.dumps(body).encode()
    answer = client.chat.completions.create(model="task:triage", messages=HELLO)
    assert answer.choices[0].message.refusal == "I can't help with that."


def test_a_plain_stream_arrives_in_pieces(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.answer = lambda _: "Hello there, stranger."
    with client.chat.completions.create(
        model="canned", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    pieces = [
        c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content
    ]
    assert "".join(pieces) == "Hello there, stranger."
    assert len(pieces) > 1
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 20


def test_a_streamed_task_gives_the_pydantic_class(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="task:triage", messages=HELLO, response_format=Triage
    ) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == Triage(sentiment="positive", confidence=0.5)


def test_an_error_before_the_first_event_is_a_status(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    upstream.answer = lambda _: (400, {"error": {"message": "no such knob", "code": "bad_knob"}})
    with pytest.raises(openai.BadRequestError, match="no such knob"):
        client.chat.completions.create(model="canned", messages=HELLO, stream=True)


def test_the_calls_headers_name_the_recorded_call(client: openai.OpenAI, server: Server) -> None:
    raw = client.chat.completions.with_raw_response.create(model="task:triage", messages=HELLO)
    call_id = raw.headers["x-roadworthy-call"]
    assert raw.headers["x-request-id"]
    assert raw.parse().id == f"chatcmpl-{call_id}"


def test_models_lists_tasks_and_models(client: openai.OpenAI) -> None:
    assert {"task:triage", "canned"} <= {model.id for model in client.models.list()}


def test_a_streamed_refusal_keeps_openais_shape(client: openai.OpenAI, upstream: Upstream) -> None:
    upstream.answer = lambda _: events({"refusal": "I can't help with that."}, finish="stop")
    with client.chat.completions.stream(model="task:triage", messages=HELLO) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.refusal == "I can't help with that."


def test_fields_of_a_streamed_task_arrive_before_its_end(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    with client.chat.completions.create(model="task:triage", messages=HELLO, stream=True) as stream:
        pieces = [c.choices[0].delta.content for c in stream if c.choices]
    assert [p for p in pieces if p][-1] == "}"
    assert json.loads("".join(p or "" for p in pieces)) == json.loads(GOOD)


def test_an_answer_that_fails_after_a_part_was_sent_raises(
    client: openai.OpenAI, upstream: Upstream
) -> None:
    upstream.answer = lambda _: '{"sentiment": "positive", "confidence": 0.' + "3" * 900
    seen: list[str] = []
    with (
        pytest.raises(openai.APIError, match="can no longer conform") as caught,
        client.chat.completions.create(model="task:triage", messages=HELLO, stream=True) as stream,
    ):
        seen += [c.choices[0].delta.content or "" for c in stream if c.choices]
    assert caught.value.code == "output_nonconforming"


def test_a_truncated_answer_keeps_openais_shape(client: openai.OpenAI, upstream: Upstream) -> None:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": GOOD[:12]},
        "finish_reason": "length",
    }
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    upstream.answer = lambda _: json.dumps(body).encode()
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="task:triage", messages=HELLO, response_format=Triage)
