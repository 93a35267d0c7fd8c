from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dashboard import FixedClock, client_of, full_source
from starlette.testclient import TestClient

from roadworthy.control import create_app
from roadworthy.control.entry.guard import CONTENT_SECURITY_POLICY


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of(full_source())


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8701", "[::1]:8701", "LOCALHOST:1", "board.test"]
)
def test_loopback_and_configured_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "", "[::2]", "evil@localhost"],
)
def test_a_name_that_was_rebound_here_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/api/calls", headers={"host": host})
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "host_not_allowed"
    assert "allowed_hosts" in response.json()["error"]["message"]


def test_a_page_is_refused_as_a_page(client: TestClient) -> None:
    response = client.get("/", headers={"host": "evil.test<script>"})
    assert response.status_code == 403
    assert "<script>" not in response.text.replace('<script src="/static/', "")
    assert 'aria-label="Pages"' not in response.text
    assert "Roadworthy 0" not in response.text


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"evil.test"]])
def test_a_request_needs_exactly_one_host(hosts: list[bytes]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/calls",
        "query_string": b"",
        "headers": [(b"host", host) for host in hosts],
    }
    app = create_app(full_source(), clock=FixedClock())

    async def ask() -> None:
        await app(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://[broken"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_may_not_change_anything(
    client: TestClient, headers: dict[str, str]
) -> None:
    response = client.post("/api/calls", headers=headers)
    assert response.status_code == 403
    assert client.get("/api/calls", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://localhost:8701", "sec-fetch-site": "same-origin"}]
)
def test_own_pages_and_programs_get_as_far_as_the_route(
    client: TestClient, headers: dict[str, str]
) -> None:
    response = client.post("/api/calls", headers=headers)
    assert response.status_code == 405
    assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path", ["/", "/calls", "/api/calls", "/nowhere", "/api/nowhere", "/calls?limit=x", "/healthz"]
)
def test_every_response_is_guarded_and_has_an_id(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert len(headers["x-request-id"]) == 36


def test_the_policy_allows_nothing_inline_and_nobody_elses() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    directives = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"


def test_a_callers_own_request_id_is_kept_if_it_is_a_plain_one(client: TestClient) -> None:
    def answered(given: str) -> str:
        return client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"]

    assert answered("deploy-7") == "deploy-7"
    assert len(answered("x" * 129)) == 36


def test_head_answers_as_get_would_without_a_body(client: TestClient) -> None:
    for path in ("/", "/healthz"):
        head, get = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.headers["content-type"] == get.headers["content-type"]
        assert head.content == b""
