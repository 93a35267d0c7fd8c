"""What providers' errors mean."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.core.errors import (
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from roadworthy.models.failures import error_detail, scrub, upstream_error


def meant(payload: Any, status: int | None = None) -> UpstreamError:
    return upstream_error(error_detail(payload), provider="acme", status=status)


@pytest.mark.parametrize(
    "payload",
    [
        {"error": {"message": "too big"}},
        {"error": "too big"},
        {"message": "too big", "object": "error"},
        {"detail": "too big"},
        {"detail": [{"msg": "too big", "loc": ["body"]}]},
        [{"error": {"message": "too big"}}],
    ],
)
def test_the_message_is_found_in_every_dialect(payload: Any) -> None:
    assert meant(payload, 400).message == "acme answered HTTP 400: too big"


@pytest.mark.parametrize("payload", [None, [], "x", 7, {}, {"error": None}, {"error": [1]}])
def test_a_body_that_says_nothing_is_still_an_error(payload: Any) -> None:
    assert meant(payload, 418).message == "acme answered HTTP 418: no reason"


@pytest.mark.parametrize(
    ("status", "kind", "transient"),
    [
        (400, UpstreamRejected, False),
        (404, UpstreamRejected, False),
        (408, UpstreamTimeout, True),
        (409, UpstreamUnavailable, True),
        (425, UpstreamUnavailable, True),
        (429, UpstreamRateLimited, True),
        (500, UpstreamUnavailable, True),
        (504, UpstreamTimeout, True),
        (529, UpstreamUnavailable, True),
    ],
)
def test_a_status_has_its_meaning(status: int, kind: type[UpstreamError], transient: bool) -> None:
    error = meant({"error": {"message": "x"}}, status)
    assert (type(error), error.transient, error.upstream_status) == (kind, transient, status)


@pytest.mark.parametrize(
    ("code", "status"),
    [("rate_limit_exceeded", 429), ("server_error", 500), ("503", 503), (502, 502), (True, None),
     ("context_length_exceeded", 400), ("odd", None), (200, None), (None, None)],
)  # fmt: skip
def test_a_stream_names_its_status_in_the_body(code: Any, status: int | None) -> None:
    assert meant({"error": {"message": "x", "code": code}}).upstream_status == status


@pytest.mark.parametrize("status", [402, 403, 429])
def test_no_credit_is_the_operators_and_does_not_pass(status: int) -> None:
    error = meant({"error": {"message": "x", "code": "insufficient_quota"}}, status)
    assert isinstance(error, UpstreamRejected)
    assert (error.transient, error.status) == (False, 502)
    assert "Add credit" in error.message


def test_a_rejected_parameter_is_named_to_the_caller() -> None:
    payload = {"error": {"message": "bad", "param": "temperature", "code": "unsupported_value"}}
    error = meant(payload, 400)
    assert (error.param, error.status) == ("temperature", 400)


def test_a_rejected_key_is_not_the_callers_401() -> None:
    error = meant({"error": {"message": "Incorrect API key provided: abc"}}, 401)
    assert error.status == 502
    assert "abc" not in error.message


@pytest.mark.parametrize(
    "text",
    ["key s3cr3t-value!", "Incorrect: sk-proj-abc***XYZ9", "sent Bearer abcdef.123456", "gsk_x"],
)
def test_words_of_a_provider_lose_their_credentials(text: str) -> None:
    scrubbed = scrub(text, ("s3cr3t-value", "gsk_x"))
    assert "[credential]" in scrubbed
    assert not {"s3cr3t-value", "XYZ9", "123456", "gsk_x"} & set(scrubbed.split())


def test_words_of_a_provider_are_cut_short() -> None:
    assert len(scrub("x" * 5_000)) == 500
