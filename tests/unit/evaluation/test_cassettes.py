from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipelines import GOOD, MODEL, pipeline_of, triage
from roadworthy.core import Secret
from roadworthy.core.errors import ExchangeMissing, InvalidInput, UpstreamRateLimited
from roadworthy.evaluation.cassettes import Recording, Replay, read_cassette
from roadworthy.models import Ask, Choice, Model, Reply, Share, Upstream
from roadworthy.testing import ScriptedUpstream

ASK = Ask(messages=[{"role": "user", "content": "hello"}], parameters={"temperature": 0})


def sent(upstream: Upstream, *asks: Ask, model: Model = MODEL) -> list[str]:
    async def all_of_them() -> list[str]:
        return [(await upstream.send(model, ask)).text for ask in asks]

    return asyncio.run(all_of_them())


def recorded(path: Path, answers: list[Any], *asks: Ask, model: Model = MODEL) -> Path:
    recording = Recording(ScriptedUpstream(answers))
    sent(recording, *asks, model=model)
    recording.write(path)
    return path


def replay(path: Path) -> Replay:
    return Replay(read_cassette(path), name=path.name)


def test_repeats_of_a_question_are_answered_in_their_order(tmp_path: Path) -> None:
    other = Ask(messages=[{"role": "user", "content": "goodbye"}])
    path = recorded(tmp_path / "c.jsonl", ["one", "two", "three"], ASK, other, ASK)
    assert sent(replay(path), ASK, ASK, other) == ["one", "three", "two"]


def test_a_whole_call_is_replayed_with_its_repairs_and_further_questions(tmp_path: Path) -> None:
    recording = Recording(ScriptedUpstream(['{"sentiment":"positive"}', '{"confidence":0.5}']))
    first, _ = pipeline_of(recording)
    live = asyncio.run(first.run(triage()))
    recording.write(tmp_path / "c.jsonl")
    again, _ = pipeline_of(replay(tmp_path / "c.jsonl"))
    repeated = asyncio.run(again.run(triage()))
    assert (repeated.call.outcome, repeated.call.value) == (live.call.outcome, live.call.value)
    assert repeated.call.usage == live.call.usage
    assert len(repeated.call.attempts) == len(live.call.attempts) == 2


def test_likelihoods_are_replayed_and_are_another_question_than_an_answer(tmp_path: Path) -> None:
    told = Reply(shares=(Share((0,), -0.5), Share((1, 2), -0.9)))
    choice = Choice(field="f", values=("1", "2", "3"))
    ask = msgspec.structs.replace(ASK, choice=choice)
    path = recorded(tmp_path / "c.jsonl", [told, "one"], ask, ASK)
    again = replay(path)
    assert sent(again, ASK) == ["one"]
    assert asyncio.run(again.send(MODEL, ask)).shares == told.shares
    other = msgspec.structs.replace(ASK, choice=msgspec.structs.replace(choice, field="g"))
    with pytest.raises(ExchangeMissing):
        sent(again, other)


def test_an_error_is_replayed_as_the_error_that_it_was(tmp_path: Path) -> None:
    recording = Recording(ScriptedUpstream([UpstreamRateLimited("slow down")]))
    with pytest.raises(UpstreamRateLimited):
        sent(recording, ASK)
    recording.write(tmp_path / "c.jsonl")
    with pytest.raises(UpstreamRateLimited, match="slow down"):
        sent(replay(tmp_path / "c.jsonl"), ASK)


def test_a_question_that_nobody_asked_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c.jsonl", [GOOD], ASK)
    changed = Ask(messages=[{"role": "user", "content": "hello!"}], parameters={"temperature": 0})
    with pytest.raises(
        ExchangeMissing, match=r"has changed since\. Record it anew with --record c"
    ):
        sent(replay(path), changed)
    with pytest.raises(ExchangeMissing, match="holds 1 answers to this question"):
        sent(replay(path), ASK, ASK)
    other = Model(name="scripted", provider="openai", upstream="another")
    with pytest.raises(ExchangeMissing, match="no answer of the model 'another'"):
        sent(replay(path), ASK, model=other)


def test_no_address_key_or_header_is_written(tmp_path: Path) -> None:
    secret = Model(
        name="scripted",
        provider="openai-compatible",
        upstream="m",
        base_url="https://internal.example/v1",
        api_key=Secret(env="THE_KEY"),
        headers={"x-tenant": "acme"},
    )
    reply = Reply(text="hi", stop_reason="stop", body={"organization": "org-1"})
    text = recorded(tmp_path / "c.jsonl", [reply], ASK, model=secret).read_text()
    assert "hello" in text
    for word in ("internal", "THE_KEY", "acme", "org-1"):
        assert word not in text


def test_where_a_model_is_reached_does_not_matter_to_a_replay(tmp_path: Path) -> None:
    here = Model(name="here", provider="openai", upstream="m", base_url="http://127.0.0.1:9/v1")
    path = recorded(tmp_path / "c.jsonl", ["said"], ASK, model=here)
    there = Model(name="there", provider="openai", upstream="m", base_url="https://there/v1")
    assert sent(replay(path), ASK, model=there) == ["said"]


def test_the_file_is_in_the_order_of_the_questions_whoever_answers_first(tmp_path: Path) -> None:
    class Slow:
        async def send(self, _: Model, ask: Ask) -> Reply:
            text = str(ask.messages[0]["content"])
            for _turn in range(9 - int(text)):
                await asyncio.sleep(0)
            return Reply(text=text)

        def stream(self, model: Model, ask: Ask) -> Any:
            raise NotImplementedError

        async def close(self) -> None: ...

    recording = Recording(Slow())
    asks = [Ask(messages=[{"role": "user", "content": str(i)}]) for i in range(5)]

    async def together() -> None:
        await asyncio.gather(*(recording.send(MODEL, ask) for ask in asks))

    asyncio.run(together())
    assert recording.write(tmp_path / "c.jsonl") == 5
    said = [e.reply.text for e in read_cassette(tmp_path / "c.jsonl") if e.reply]
    assert said == ["0", "1", "2", "3", "4"]


def test_a_call_that_was_given_up_is_left_out(tmp_path: Path) -> None:
    async def give_up() -> int:
        recording = Recording(ScriptedUpstream(["x"], hold=asyncio.Event()))
        call = asyncio.create_task(recording.send(MODEL, ASK))
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return recording.write(tmp_path / "c.jsonl")

    assert asyncio.run(give_up()) == 0
    assert read_cassette(tmp_path / "c.jsonl") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"c.jsonl:1: not a line of a cassette"),
        ('{"cassette":2}\n', "format 2"),
        ('{"cassette":1}\n{"model":"m"}\n', r"c.jsonl:2: not a line"),
        ("hello\n", r"c.jsonl:1: not a line"),
    ],
)
def test_what_is_no_cassette_is_an_error_that_names_the_line(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "c.jsonl").write_text(content)
    with pytest.raises(InvalidInput, match=message):
        read_cassette(tmp_path / "c.jsonl")


def test_a_file_that_is_not_there_is_an_error_that_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--record"):
        read_cassette(tmp_path / "missing.jsonl")
