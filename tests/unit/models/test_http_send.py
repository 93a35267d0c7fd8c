"""Whole answers over real sockets: retries, deadlines, credentials, and what is never done."""

from __future__ import annotations

import asyncio
import gzip
import json
import math

import msgspec
import pytest
from models_loopback import ASK, KEY, Step, answer, asking, failure, loopback, run, whole

from roadworthy.core.errors import (
    LocalModelMissing,
    MissingCredential,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from roadworthy.models import LOCAL_MODEL, Ask, Choice, connection

OK = answer(200, whole())
HANG = Step(b"", "hang")


class FrozenClock:
    """Stands at one second, and at 1970."""

    def now_us(self) -> int:
        return 0

    def elapsed_us(self) -> int:
        return 1_000_000


def test_a_request_carries_the_body_the_key_and_the_projects_headers() -> None:
    async def scenario() -> None:
        async with loopback(OK) as provider, asking() as it:
            await it.upstream.send(provider.model(headers={"X-Team": "blue"}), ASK)
        (request,) = provider.requests
        assert request.line == "POST /v1/chat/completions HTTP/1.1"
        assert json.loads(request.body) == {"model": "m-1", "messages": ASK.messages}
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["x-team"] == "blue"

    run(scenario())


def test_an_answer_becomes_a_reply() -> None:
    async def scenario() -> None:
        async with loopback(OK) as provider, asking() as it:
            reply = await it.upstream.send(provider.model(), ASK)
        assert (reply.text, reply.stop_reason, reply.retries) == ("hello", "stop", 0)
        assert reply.usage.output_tokens == 5

    run(scenario())


def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(json.dumps(whole("squeezed")).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"

    async def scenario() -> None:
        async with loopback(Step(head.encode() + body)) as provider, asking() as it:
            assert (await it.upstream.send(provider.model(), ASK)).text == "squeezed"

    run(scenario())


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_a_failure_in_passing_is_sent_again_and_counted(status: int) -> None:
    async def scenario() -> None:
        async with loopback(failure(status), OK) as provider, asking() as it:
            reply = await it.upstream.send(provider.model(), ASK)
        assert (reply.retries, len(provider.requests), it.waits) == (1, 2, [0.2])

    run(scenario())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_rejection_is_not_sent_again(status: int) -> None:
    async def scenario() -> None:
        async with loopback(failure(status), OK) as provider, asking() as it:
            with pytest.raises(UpstreamRejected) as caught:
                await it.upstream.send(provider.model(), ASK)
        assert caught.value.upstream_status == status
        assert len(provider.requests) == 1

    run(scenario())


def test_retries_end_with_the_models_limit() -> None:
    async def scenario() -> None:
        async with loopback(failure(500)) as provider, asking() as it:
            with pytest.raises(UpstreamUnavailable) as caught:
                await it.upstream.send(provider.model(max_retries=3), ASK)
        assert (caught.value.retries, len(provider.requests)) == (3, 4)
        assert it.waits == [0.2, 0.4, 0.8]

    run(scenario())


def test_the_provider_says_how_long_to_wait() -> None:
    steps = failure(429, "Retry-After: 7"), failure(429, "retry-after-ms: 250"), OK

    async def scenario() -> None:
        async with loopback(*steps) as provider, asking() as it:
            await it.upstream.send(provider.model(), ASK)
        assert it.waits == [7.0, 0.25]

    run(scenario())


def test_a_wait_beyond_the_deadline_is_handed_to_the_caller() -> None:
    ask = msgspec.structs.replace(ASK, deadline_us=6_000_000)

    async def scenario() -> None:
        async with (
            loopback(failure(429, "Retry-After: 7"), OK) as provider,
            asking(clock=FrozenClock()) as it,
        ):
            with pytest.raises(UpstreamRateLimited) as caught:
                await it.upstream.send(provider.model(), ask)
        assert (caught.value.retry_after_s, it.waits) == (7.0, [])

    run(scenario())


def test_lack_of_credit_is_not_a_rate_limit() -> None:
    async def scenario() -> None:
        step = failure(429, code="insufficient_quota", type="insufficient_quota")
        async with loopback(step, OK) as provider, asking() as it:
            with pytest.raises(UpstreamRejected, match="no credit left"):
                await it.upstream.send(provider.model(), ASK)
        assert len(provider.requests) == 1

    run(scenario())


def test_the_providers_word_on_retrying_overrides_the_status() -> None:
    async def scenario() -> None:
        step = failure(500, "x-should-retry: false")
        async with loopback(step, OK) as provider, asking() as it:
            with pytest.raises(UpstreamUnavailable):
                await it.upstream.send(provider.model(), ASK)
        assert len(provider.requests) == 1

    run(scenario())


def test_an_error_inside_a_200_is_an_error_and_is_sent_again_where_it_passes() -> None:
    async def scenario() -> None:
        step = failure(200, code=429, message="slow down")
        async with loopback(step, OK) as provider, asking() as it:
            assert (await it.upstream.send(provider.model(), ASK)).retries == 1

    run(scenario())


def test_a_refused_connection_is_tried_again_and_then_named() -> None:
    async def scenario() -> None:
        async with loopback(OK) as provider, asking() as it:
            model = provider.model(base_url="http://127.0.0.1:9/v1")
            with pytest.raises(UpstreamUnavailable, match="base_url") as caught:
                await it.upstream.send(model, ASK)
        assert caught.value.retries == 2

    run(scenario())


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_a_connection_that_breaks_is_tried_again(sent: bytes) -> None:
    async def scenario() -> None:
        async with loopback(Step(sent, "close"), OK) as provider, asking() as it:
            assert (await it.upstream.send(provider.model(), ASK)).retries == 1

    run(scenario())


def test_an_answer_that_is_not_http_is_an_error() -> None:
    async def scenario() -> None:
        async with loopback(Step(b"SSH-2.0-x\r\n\r\n", "close")) as provider, asking() as it:
            with pytest.raises(UpstreamUnavailable):
                await it.upstream.send(provider.model(max_retries=0), ASK)

    run(scenario())


def test_a_redirect_is_not_followed() -> None:
    async def scenario() -> None:
        async with loopback(OK) as elsewhere:
            step = answer(307, {}, f"Location: {elsewhere.url}")
            async with loopback(step) as provider, asking() as it:
                with pytest.raises(UpstreamRejected, match="redirect"):
                    await it.upstream.send(provider.model(), ASK)
        assert elsewhere.requests == []

    run(scenario())


def test_cookies_are_not_kept() -> None:
    async def scenario() -> None:
        step = answer(200, whole(), "Set-Cookie: a=b")
        async with loopback(step) as provider, asking() as it:
            for _ in range(2):
                await it.upstream.send(provider.model(), ASK)
        assert "cookie" not in provider.requests[1].headers

    run(scenario())


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def scenario() -> None:
        async with loopback(OK) as provider, asking() as it:
            await it.upstream.send(provider.model(), ASK)
        assert len(provider.requests) == 1

    run(scenario())


def test_a_connection_is_used_again() -> None:
    async def scenario() -> None:
        async with loopback(failure(500), OK) as provider, asking() as it:
            for _ in range(3):
                await it.upstream.send(provider.model(), ASK)
        assert (len(provider.requests), provider.connections) == (4, 1)

    run(scenario())


def test_an_answer_may_not_be_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_ANSWER_BYTES", 1_000_000)

    async def scenario() -> None:
        endless = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1_000_001
        async with loopback(Step(endless, "hang")) as provider, asking() as it:
            with pytest.raises(UpstreamError, match="larger than 1 MB"):
                await it.upstream.send(provider.model(), ASK)
            await provider.dropped.wait()

    run(scenario())


def test_a_model_that_does_not_answer_in_time_is_given_up_and_not_asked_again() -> None:
    async def scenario() -> None:
        async with loopback(HANG) as provider, asking() as it:
            with pytest.raises(UpstreamTimeout, match="timeout_s"):
                await it.upstream.send(provider.model(timeout_s=0.02), ASK)
            await provider.dropped.wait()
        assert len(provider.requests) == 1

    run(scenario())


def test_the_callers_deadline_holds_where_it_is_nearer() -> None:
    ask = msgspec.structs.replace(ASK, deadline_us=1_020_000)

    async def scenario() -> None:
        async with loopback(HANG) as provider, asking(clock=FrozenClock()) as it:
            with pytest.raises(UpstreamTimeout):
                await it.upstream.send(provider.model(), ask)

    run(scenario())


def test_nothing_is_sent_after_the_deadline() -> None:
    ask = msgspec.structs.replace(ASK, deadline_us=900_000)

    async def scenario() -> None:
        async with loopback(OK) as provider, asking(clock=FrozenClock()) as it:
            with pytest.raises(UpstreamTimeout, match="deadline passed"):
                await it.upstream.send(provider.model(), ask)
        assert provider.requests == []

    run(scenario())


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_cancelling_drops_the_connection_in_every_phase(sent: bytes) -> None:
    async def scenario() -> None:
        async with loopback(Step(sent, "hang")) as provider, asking() as it:
            task = asyncio.create_task(it.upstream.send(provider.model(), ASK))
            await provider.arrived.wait()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await provider.dropped.wait()

    run(scenario())


def test_a_key_that_is_missing_is_named_and_nothing_is_sent() -> None:
    async def scenario() -> None:
        async with loopback(OK) as provider, asking(environ={}) as it:
            with pytest.raises(MissingCredential, match="KEY"):
                await it.upstream.send(provider.model(), ASK)
        assert provider.requests == []

    run(scenario())


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_key_that_the_provider_quotes_is_not_passed_on(status: int) -> None:
    async def scenario() -> None:
        async with loopback(failure(status, message=f"bad {KEY}!")) as provider, asking() as it:
            with pytest.raises(UpstreamError) as caught:
                await it.upstream.send(provider.model(max_retries=0), ASK)
        assert KEY not in caught.value.message

    run(scenario())


class Addresses:
    """A model that was started anew between the first and the second request."""

    def __init__(self, *urls: str) -> None:
        self.urls = list(urls)

    async def address(self) -> str:
        return self.urls.pop(0)


def test_a_request_that_dies_with_the_embedded_model_is_sent_once_more_where_it_is_now() -> None:
    async def scenario() -> None:
        async with loopback(Step(b"", "close")) as dead, loopback(OK) as alive:
            local = Addresses(dead.url, alive.url)
            async with asking(local=local) as it:
                reply = await it.upstream.send(LOCAL_MODEL, ASK)
        assert (reply.text, reply.retries) == ("hello", 1)
        assert alive.requests[0].line == "POST /v1/v1/chat/completions HTTP/1.1"

    run(scenario())


def test_the_embedded_model_is_not_asked_a_third_time() -> None:
    async def scenario() -> None:
        async with loopback(Step(b"", "close")) as dead:
            local = Addresses(dead.url, dead.url, dead.url)
            async with asking(local=local) as it:
                with pytest.raises(UpstreamUnavailable) as caught:
                    await it.upstream.send(LOCAL_MODEL, ASK)
        assert (caught.value.retries, len(local.urls)) == (1, 1)

    run(scenario())


def test_without_an_embedded_model_the_error_says_what_to_do() -> None:
    async def scenario() -> None:
        async with asking() as it:
            with pytest.raises(LocalModelMissing, match="LocalModel"):
                await it.upstream.send(LOCAL_MODEL, Ask(messages=[]))

    run(scenario())


def test_a_provider_of_another_version_is_an_error() -> None:
    async def scenario() -> None:
        async with loopback(OK) as provider, asking() as it:
            with pytest.raises(UpstreamUnavailable, match="'newcomer'"):
                await it.upstream.send(provider.model(provider="newcomer"), ASK)

    run(scenario())


def test_a_choice_is_asked_in_as_many_requests_as_its_adapter_wants() -> None:
    steps = [{"prompt": "P"}, {"tokens": [1, 2]}, {"tokens": [1, 3]}]
    told = [{"id": 2, "prob": 0.25}, {"id": 3, "prob": 0.75}]
    steps.append({"completion_probabilities": [{"top_probs": told}]})

    async def scenario() -> None:
        ask = msgspec.structs.replace(ASK, choice=Choice(field="f", values=("true", "false")))
        async with loopback(*(answer(200, step) for step in steps)) as provider:
            local = Addresses(*[provider.url] * len(steps))
            async with asking(local=local) as it:
                reply = await it.upstream.send(LOCAL_MODEL, ask)
        paths = [request.line.split()[1] for request in provider.requests]
        assert paths == ["/v1/apply-template", "/v1/tokenize", "/v1/tokenize", "/v1/completion"]
        assert [round(math.exp(share.log_p), 3) for share in reply.shares] == [0.25, 0.75]

    run(scenario())
