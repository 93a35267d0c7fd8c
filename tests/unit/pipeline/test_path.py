from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from pipelines import GOOD, chat, pipeline_of, triage
from roadworthy.core import Call, CallError, RecordSettings
from roadworthy.core.errors import (
    InvalidInput,
    InvalidRequest,
    JournalUnavailable,
    OutputNonconforming,
    OutputRefused,
    OutputTruncated,
    Overloaded,
    UpstreamTimeout,
)
from roadworthy.core.settings import LimitSettings
from roadworthy.models import Reply
from roadworthy.pipeline import CallRequest
from roadworthy.pipeline.recorder import without_texts
from roadworthy.testing import MemoryJournal, ScriptedUpstream


def test_a_conforming_answer_is_delivered_and_recorded_with_all_its_stages() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([GOOD]))
    finished = asyncio.run(pipeline.run(triage()))
    (call,) = journal.calls
    assert call.value == json.loads(GOOD) == json.loads(finished.text)
    assert (call.outcome, call.task, call.version, call.model) == (
        "first_pass",
        "triage",
        "working",
        "scripted",
    )
    assert [s.name for s in call.stages] == ["resolve", "check", "render", "generate", "conform"]
    assert [a.stop_reason for a in call.attempts] == ["stop"]


def test_the_messages_are_rendered_from_the_input() -> None:
    upstream = ScriptedUpstream([GOOD])
    asyncio.run(pipeline_of(upstream)[0].run(triage()))
    (_, ask) = upstream.asked[0]
    assert ask.messages[-1] == {"role": "user", "content": "Comment: Lovely."}


def test_a_repaired_answer_says_so() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([f"Here you are:\n```json\n{GOOD}\n```"]))
    finished = asyncio.run(pipeline.run(triage()))
    assert json.loads(finished.text) == json.loads(GOOD)
    assert journal.calls[0].outcome == "repaired"
    assert journal.calls[0].repairs


def test_failing_fields_are_asked_again_and_the_cost_is_of_all_attempts() -> None:
    bad = '{"sentiment":"positive","confidence":7}'
    upstream = ScriptedUpstream([bad, '{"confidence":0.7}', GOOD])
    pipeline, journal = pipeline_of(upstream)
    finished = asyncio.run(pipeline.run(triage()))
    (call,) = journal.calls
    assert call.outcome == "reasked"
    assert finished.error is None
    assert [a.purpose for a in call.attempts][:2] == ["answer", "reask"]
    assert call.attempts[0].violations[0].path == "/confidence"
    assert call.usage.output_tokens == sum(a.usage.output_tokens or 0 for a in call.attempts)
    assert call.cost_nusd == sum(a.cost_nusd or 0 for a in call.attempts)


def test_an_answer_that_never_conforms_is_a_typed_error() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream(["no idea"]))
    finished = asyncio.run(pipeline.run(triage()))
    assert isinstance(finished.error, OutputNonconforming)
    (call,) = journal.calls
    assert (call.outcome, call.value, len(call.attempts)) == ("failed", None, 3)
    assert call.error is not None
    assert call.error.code == "output_nonconforming"


@pytest.mark.parametrize(
    ("reply", "outcome", "error"),
    [
        (Reply(text="", refusal="I can't.", stop_reason="stop"), "refused", OutputRefused),
        (Reply(text=GOOD[:20], stop_reason="length"), "truncated", OutputTruncated),
        (Reply(text="", stop_reason="content_filter"), "refused", OutputRefused),
    ],
)
def test_the_stop_reason_is_read_before_the_text(
    reply: Reply, outcome: str, error: type[Exception]
) -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([reply]))
    finished = asyncio.run(pipeline.run(triage()))
    assert isinstance(finished.error, error)
    assert journal.calls[0].outcome == outcome
    assert len(journal.calls[0].attempts) == 1


def test_a_call_without_a_schema_is_unchecked() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream(["Hello!"]))
    finished = asyncio.run(pipeline.run(chat()))
    assert finished.text == "Hello!"
    assert (journal.calls[0].outcome, journal.calls[0].task) == ("unchecked", "model:scripted")


def test_a_callers_own_schema_is_held_too() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    pipeline, journal = pipeline_of(ScriptedUpstream(['{"n": "x"}']))
    finished = asyncio.run(pipeline.run(chat(output_schema=schema)))
    assert isinstance(finished.error, OutputNonconforming)
    assert journal.calls[0].schema_digest


def test_a_label_names_the_task_of_a_plain_call() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream(["Hello!"]))
    asyncio.run(pipeline.run(chat(task_label="greeter")))
    assert journal.calls[0].task == "greeter"


def test_a_rejected_input_asks_no_model_and_is_recorded() -> None:
    upstream = ScriptedUpstream([GOOD])
    pipeline, journal = pipeline_of(upstream)
    with pytest.raises(InvalidInput, match="comment") as caught:
        asyncio.run(
            pipeline.run(CallRequest(target="task:triage", surface="task", input={"comment": 5}))
        )
    assert upstream.asked == []
    assert journal.calls[0].outcome == "rejected"
    assert caught.value.call_id == journal.calls[0].id


def test_a_failing_provider_is_recorded_with_its_attempt() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([UpstreamTimeout()]))
    with pytest.raises(UpstreamTimeout):
        asyncio.run(pipeline.run(triage()))
    assert journal.calls[0].outcome == "errored"
    assert journal.calls[0].attempts[0].error == "upstream_timeout"


def test_a_caller_who_goes_away_is_recorded() -> None:
    async def scenario() -> None:
        hold = asyncio.Event()
        pipeline, journal = pipeline_of(ScriptedUpstream([GOOD], hold=hold))
        task = asyncio.create_task(pipeline.run(triage()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [c.outcome for c in journal.calls] == ["cancelled"]
        assert pipeline.load.under_way == 0

    asyncio.run(scenario())


def test_a_call_beyond_the_limit_is_shed() -> None:
    async def scenario() -> None:
        hold = asyncio.Event()
        pipeline, journal = pipeline_of(
            ScriptedUpstream([GOOD], hold=hold), limits=LimitSettings(max_concurrent_calls=1)
        )
        first = asyncio.create_task(pipeline.run(triage()))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as caught:
            await pipeline.run(triage())
        assert caught.value.retry_after_s
        hold.set()
        await first
        assert len(journal.calls) == 1

    asyncio.run(scenario())


def test_a_bug_is_an_error_that_names_the_call() -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError

    pipeline, journal = pipeline_of(ScriptedUpstream([broken]))
    with pytest.raises(Exception, match=r"its log names the cause") as caught:
        asyncio.run(pipeline.run(triage()))
    assert journal.calls[0].id in str(caught.value)
    assert journal.calls[0].outcome == "errored"


def test_a_full_disk_is_survived_where_the_project_says_serve() -> None:
    journal = MemoryJournal()
    journal.full = True
    pipeline, _ = pipeline_of(ScriptedUpstream([GOOD]), journal=journal)
    assert asyncio.run(pipeline.run(triage())).error is None
    assert journal.lost == 1


def test_a_full_disk_is_a_refusal_where_the_project_says_refuse() -> None:
    journal = MemoryJournal()
    journal.full = True
    record = RecordSettings(when_full="refuse")
    pipeline, _ = pipeline_of(ScriptedUpstream([GOOD]), journal=journal, record=record)
    with pytest.raises(JournalUnavailable):
        asyncio.run(pipeline.run(triage()))


def test_a_project_that_records_no_texts_keeps_figures_only() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([GOOD]), record=RecordSettings(texts=False))
    finished = asyncio.run(pipeline.run(triage()))
    (call,) = journal.calls
    assert (call.input, call.messages, call.value, call.attempts[0].text) == (None, [], None, None)
    assert finished.call.value == json.loads(GOOD)
    assert call.usage.output_tokens


def test_a_project_that_records_no_texts_keeps_no_error_that_quotes_one() -> None:
    wrong = GOOD.replace("positive", "Geheimnis")
    upstream = ScriptedUpstream([wrong] * 3)
    pipeline, journal = pipeline_of(upstream, record=RecordSettings(texts=False))
    finished = asyncio.run(pipeline.run(triage()))
    assert "Geheimnis" in str(finished.error)
    assert b"Geheimnis" not in msgspec.json.encode(journal.calls[0])
    assert journal.calls[0].error is not None


def test_without_texts_no_name_that_the_caller_chose_is_written_down() -> None:
    error = CallError(status=400, code="invalid_input", message="…", param="input/by_name/Ida May")
    kept = without_texts(Call(id="1", task="t", started_us=0, error=error)).error
    assert kept is not None
    assert kept.param == "input"


@pytest.mark.parametrize("schema", [None, {"type": "object", "required": ["a"]}])
def test_a_truncation_on_the_chat_surface_is_no_error_but_an_outcome(
    schema: dict[str, Any] | None,
) -> None:
    reply = Reply(text='{"b": 1, "c', stop_reason="length")
    pipeline, journal = pipeline_of(ScriptedUpstream([reply]))
    finished = asyncio.run(pipeline.run(chat(output_schema=schema)))
    assert (finished.error, finished.text) == (None, reply.text)
    assert (journal.calls[0].outcome, journal.calls[0].error) == ("truncated", None)


@pytest.mark.parametrize(
    "request_",
    [chat(output_schema={"type": "object"}, parameters={"n": 2}), triage(parameters={"n": 2})],
)
def test_several_answers_cannot_be_asked_for_where_each_must_conform(request_: CallRequest) -> None:
    upstream = ScriptedUpstream([GOOD])
    with pytest.raises(InvalidRequest, match="n must be 1"):
        asyncio.run(pipeline_of(upstream)[0].run(request_))
    assert upstream.asked == []
