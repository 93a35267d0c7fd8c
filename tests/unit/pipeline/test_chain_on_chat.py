"""A chain over the chat surface: how its input is read, what a step's end looks like there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chains import TEXT, ByTask, chain, chain_pipeline, said, step, wish
from roadworthy.core import Call
from roadworthy.core.errors import InvalidRequest, OutputTruncated
from roadworthy.models import Reply
from roadworthy.pipeline import CallRequest, Finished
from roadworthy.serving.chat_response import chat_body

TWO = chain(step("one"), step("two", reads="one.text"))


def chat(**fields: Any) -> CallRequest:
    messages = [{"role": "user", "content": "hello"}]
    return wish(**{"surface": "chat", "input": None, "messages": messages, **fields})


def ended(
    definition: Any = TWO, upstream: ByTask | None = None, **fields: Any
) -> tuple[Finished, list[Call]]:
    pipeline, journal = chain_pipeline(definition, upstream or ByTask())
    return asyncio.run(pipeline.run(chat(**fields))), journal.calls


def test_the_last_message_is_the_input_and_the_answer_has_openais_shape() -> None:
    finished, journal = ended()
    body = chat_body(finished)
    assert body["choices"][0]["message"]["content"] == '{"text":"two(one(hello))"}'
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["model"] == "task:sheet"
    assert body["usage"]["prompt_tokens"] == 20
    assert {call.surface for call in journal} == {"chat"}


def test_parameters_that_tune_a_model_are_none_of_the_steps() -> None:
    upstream = ByTask()
    ended(upstream=upstream, parameters={"temperature": 2.0})
    assert [ask.parameters for _, ask in upstream.asked] == [{}, {}]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"parameters": {"tools": [{"type": "function"}]}}, "tools"),
        ({"parameters": {"n": 2}}, "n"),
    ],
)
def test_what_only_a_model_could_keep_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        ended(**fields)
    assert caught.value.param == param


def test_a_schema_for_a_chain_that_answers_text_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="response_format"):
        ended(chain(step("one"), output="one.text", output_schema=None), output_schema=TEXT)


def test_a_step_that_refuses_ends_the_chain_in_openais_shape() -> None:
    refusal = Reply(text="", refusal="I will not.", stop_reason="refusal")
    finished, journal = ended(upstream=ByTask({"one": lambda _: refusal}))
    assert finished.error is None
    assert chat_body(finished)["choices"][0]["message"]["refusal"] == "I will not."
    assert [call.outcome for call in journal] == ["refused", "refused"]


def test_a_step_that_is_cut_off_is_an_error_for_its_text_is_not_the_answer() -> None:
    cut = Reply(text='{"text": "a long', stop_reason="length")
    finished, journal = ended(upstream=ByTask({"one": lambda _: cut}))
    assert isinstance(finished.error, OutputTruncated)
    assert finished.error.step == "one"
    assert [call.outcome for call in journal] == ["truncated", "truncated"]


def test_text_of_a_step_is_text_of_the_chain() -> None:
    finished, _ = ended(
        chain(step("one"), output="one.text", output_schema=None),
        ByTask({"one": lambda _: said("plain")}),
    )
    assert finished.text == "plain"
    assert chat_body(finished)["choices"][0]["message"]["content"] == "plain"
