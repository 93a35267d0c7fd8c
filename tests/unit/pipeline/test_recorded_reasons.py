"""Why an answer did not conform stands in the record, with texts and without."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from pipelines import GOOD, chat, pipeline_of, triage
from roadworthy.core import Call, Reason, RecordSettings
from roadworthy.pipeline import CallRequest
from roadworthy.storage.ledger import Cause, entry_of
from roadworthy.testing import ScriptedUpstream

WRONG = '{"sentiment":"the-secret-word","confidence":0.5}'
NOTES = {"type": "object", "additionalProperties": {"type": "number"}}


def recorded(request: CallRequest, *answers: str, texts: bool = True) -> Call:
    upstream = ScriptedUpstream(answers)
    pipeline, journal = pipeline_of(upstream, record=RecordSettings(texts=texts))
    asyncio.run(pipeline.run(request))
    return journal.calls[0]


@pytest.mark.parametrize("texts", [True, False])
def test_reasons_are_recorded_whether_texts_are_or_not(texts: bool) -> None:
    call = recorded(triage(), WRONG, GOOD, texts=texts)
    assert call.outcome == "reasked"
    assert call.reasons == (Reason(kind="reask", name="enum", path="/sentiment"),)


def test_the_ledger_says_why_without_texts_too() -> None:
    entry = entry_of(recorded(triage(), WRONG, GOOD, texts=False))
    assert entry is not None
    assert entry.causes == (Cause("reask", "enum", "/sentiment"),)
    assert (entry.tally.reasked, entry.tally.reasks) == (1, 1)
    assert (entry.cell.provider, entry.cell.mode) == ("openai-compatible", "strict")


def test_an_answer_that_conforms_has_none() -> None:
    assert recorded(triage(), GOOD).reasons == ()


def test_without_texts_no_name_of_the_answer_is_written_down() -> None:
    answer = '{"Mrs Miller": 3, "Mr Brown": "12 apples"}'
    call = recorded(chat(output_schema=NOTES), answer, texts=False)
    assert [(r.kind, r.path) for r in call.reasons] == [("repair", "/*")]
    assert "Brown" not in msgspec.json.encode(call).decode()


def test_a_streamed_call_has_them_too() -> None:
    pipeline, journal = pipeline_of(ScriptedUpstream([WRONG, GOOD]))

    async def drain() -> None:
        stream = await pipeline.stream(triage(stream=True))
        async for _ in stream.deltas:
            pass

    asyncio.run(drain())
    assert [reason.name for reason in journal.calls[0].reasons] == ["enum"]
