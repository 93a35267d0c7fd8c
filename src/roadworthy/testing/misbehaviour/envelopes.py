"""Ways to spoil what stands around an answer: the message, the response, the connection."""

from __future__ import annotations

import json
from typing import Any, Final

from roadworthy.core.errors import UpstreamTimeout, UpstreamUnavailable
from roadworthy.testing.misbehaviour.exchange import Exchange, Question, StreamFault, Way

__all__ = ["ENVELOPES"]


def refusal_field(q: Question) -> Exchange:
    """The provider's own field for refusals, with or without an answer beside it."""
    text = q.rng.choice((None, "", q.text))
    return Exchange(text=text, message={"refusal": "I cannot help with that."})


def content_filter(q: Question) -> Exchange:
    """Stopped by the provider's filter, midway or after a whole answer."""
    text = q.rng.choice((q.text, q.text[: len(q.text) // 2], "", None))
    return Exchange(text=text, finish_reason="content_filter")


def null_content(_: Question) -> Exchange:
    """No text at all."""
    return Exchange(text=None)


def tool_call_instead_of_text(q: Question) -> Exchange:
    """The answer as the arguments of a call that nobody offered."""
    return _tool_call(q, "answer", q.text)


def tool_call_of_another_name(q: Question) -> Exchange:
    """A call of a tool that does not exist, with arguments that are none."""
    return _tool_call(q, "delete_everything", q.rng.choice(("", "{", q.text)))


def content_in_parts(q: Question) -> Exchange:
    """The text as a list of typed parts, thoughts among them."""
    half = len(q.text) // 2
    parts: list[Any] = [{"type": "text", "text": q.text[:half]}, {"type": "text"}, None]
    return Exchange(text=[*parts, {"type": "text", "text": q.text[half:]}])


def content_of_another_type(q: Question) -> Exchange:
    """The value itself where its text belongs."""
    return Exchange(text=q.rng.choice((q.value if isinstance(q.value, dict) else {}, 7, True, [])))


def usage_missing(q: Question) -> Exchange:
    """No token counts."""
    return Exchange(text=q.text, usage=None)


def usage_nonsense(q: Question) -> Exchange:
    """Token counts that are none."""
    odd: tuple[Any, ...] = (
        {"prompt_tokens": -5},
        {"prompt_tokens": "many"},
        [],
        {"completion_tokens": 1e30},
        7,
    )
    return Exchange(text=q.text, usage=q.rng.choice(odd))


def said_to_be_cut(q: Question) -> Exchange:
    """A whole answer with the finish reason of a cut one."""
    return Exchange(text=q.text, finish_reason="length")


def said_to_be_whole(q: Question) -> Exchange:
    """A cut answer with the finish reason of a whole one."""
    return Exchange(text=q.text[: q.rng.randrange(1, len(q.text) + 1)])


def finish_reason_unheard_of(q: Question) -> Exchange:
    """A finish reason that no page lists, or none."""
    return Exchange(text=q.text, finish_reason=q.rng.choice(("banana", None, 7, "", [])))


def failed_midway(q: Question) -> Exchange:
    """A finish reason that says the provider behind the provider failed."""
    return Exchange(text=q.text[: len(q.text) // 2], finish_reason="error")


def no_choices(q: Question) -> Exchange:
    """A completion without an answer."""
    bodies: tuple[Any, ...] = ({"choices": []}, {}, {"choices": None}, {"choices": [{"index": 0}]})
    return Exchange(body=json.dumps(q.rng.choice(bodies)).encode())


def another_choice_only(q: Question) -> Exchange:
    """The second choice without the first."""
    choice = {"index": 1, "message": {"content": q.text}, "finish_reason": "stop"}
    return Exchange(body=json.dumps({"choices": [choice]}).encode())


def error_inside_success(_: Question) -> Exchange:
    """HTTP 200, and an error in the body."""
    return Exchange(body=b'{"error": {"message": "rate limited", "code": "rate_limit_exceeded"}}')


def rejected(q: Question) -> Exchange:
    """A 4xx that says what is wrong with the request."""
    return _status(q.rng.choice((400, 404, 413, 422)), "context_length_exceeded")


def key_not_accepted(q: Question) -> Exchange:
    """The key is wrong, or its credit is used up."""
    return _status(*q.rng.choice(((401, "invalid_api_key"), (402, "insufficient_quota"))))


def rate_limited(_: Question) -> Exchange:
    """A 429."""
    return _status(429, "rate_limit_exceeded")


def server_error(q: Question) -> Exchange:
    """A 5xx with a JSON body."""
    return _status(q.rng.choice((500, 502, 503, 504, 529)), "server_error")


def error_page(q: Question) -> Exchange:
    """A 5xx of a proxy in between, as a web page."""
    return Exchange(status=q.rng.choice((502, 503)), body=b"<html><h1>Bad Gateway</h1></html>")


def page_inside_success(_: Question) -> Exchange:
    """HTTP 200, and a web page."""
    return Exchange(body=b"<!doctype html><html>Sign in to the network</html>")


def body_not_utf8(q: Question) -> Exchange:
    """Bytes that are no text."""
    return Exchange(body=Exchange(text=q.text).whole().replace(b"}", b"\xff\xfe", 1))


def body_cut_off(q: Question) -> Exchange:
    """A response's body cut at any byte."""
    body = Exchange(text=q.text).whole()
    return Exchange(body=body[: q.rng.randrange(len(body))])


def body_of_another_type(q: Question) -> Exchange:
    """JSON that is no object."""
    return Exchange(body=q.rng.choice((b"[]", b"null", b'"ok"', b"7", b"[" * 5_000)))


def times_out(_: Question) -> Exchange:
    """No answer in time."""
    return Exchange(error=UpstreamTimeout("The provider did not answer in time."))


def connection_reset(_: Question) -> Exchange:
    """The connection breaks before an answer."""
    return Exchange(error=UpstreamUnavailable("The connection to the provider broke."))


def stream_stops(q: Question) -> Exchange:
    """A stream ends midway, without a word."""
    return _stream(q, "stops")


def stream_repeats(q: Question) -> Exchange:
    """A stream sends a chunk twice."""
    return _stream(q, "repeats")


def stream_unfinished(q: Question) -> Exchange:
    """A stream sends all its text and no finish reason."""
    return _stream(q, "unfinished")


def stream_broken(q: Question) -> Exchange:
    """A stream holds an event that is not JSON."""
    return _stream(q, "broken")


def stream_error(q: Question) -> Exchange:
    """A stream reports an error in its middle."""
    return _stream(q, "error")


def _tool_call(q: Question, name: str, arguments: str) -> Exchange:
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return Exchange(
        text=q.rng.choice((None, "")),
        message={"tool_calls": [call]},
        finish_reason=q.rng.choice(("tool_calls", "stop")),
    )


def _status(status: int, code: str) -> Exchange:
    body = {"error": {"message": "no", "type": code, "code": code}}
    return Exchange(status=status, body=json.dumps(body).encode())


def _stream(q: Question, fault: StreamFault) -> Exchange:
    """Asked for whole, the same answer is cut off in transit where its stream would end early."""
    if fault == "repeats":
        return Exchange(text=q.text, stream_fault=fault)
    return Exchange(text=q.text, finish_reason=None, stream_fault=fault)


ENVELOPES: Final[tuple[Way, ...]] = (
    refusal_field,
    content_filter,
    null_content,
    tool_call_instead_of_text,
    tool_call_of_another_name,
    content_in_parts,
    content_of_another_type,
    usage_missing,
    usage_nonsense,
    said_to_be_cut,
    said_to_be_whole,
    finish_reason_unheard_of,
    failed_midway,
    no_choices,
    another_choice_only,
    error_inside_success,
    rejected,
    key_not_accepted,
    rate_limited,
    server_error,
    error_page,
    page_inside_success,
    body_not_utf8,
    body_cut_off,
    body_of_another_type,
    times_out,
    connection_reset,
    stream_stops,
    stream_repeats,
    stream_unfinished,
    stream_broken,
    stream_error,
)
