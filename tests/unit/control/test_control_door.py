"""Who gets in, as what, and what they may do there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from keyed import TOKEN, Installation, form_token
from starlette.testclient import TestClient

from roadworthy.access import make_secret
from roadworthy.control.entry.access import MOST_WAITING

PAGES = ("/", "/calls", "/tasks", "/conformance", "/calls/0123", "/nowhere")
API = ("/api/overview", "/api/calls", "/api/me", "/api/keys", "/api/openapi.json", "/api/nowhere")


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_without_keys_this_machine_is_the_owner(house: Installation) -> None:
    for address in ("127.0.0.1", "127.9.9.9", "::1"):
        me = house.browser(address=address).get("/api/me").json()
        assert me == {"name": "local", "role": "owner", "by": "open"}
    assert house.browser().get("/").status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.1", "::ffff:203.0.113.9", "", "board"])
def test_without_keys_nobody_else_is_let_in(house: Installation, address: str) -> None:
    client = house.browser(address=address)
    assert client.get("/api/me").status_code == 401
    assert client.get("/").status_code == 303
    assert "only this machine itself is let in" in client.get("/login").text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "board.test"},
        {"x-forwarded-for": "127.0.0.1"},
        {"forwarded": "for=127.0.0.1"},
        {"via": "1.1 proxy"},
        {"x-real-ip": "203.0.113.9"},
    ],
)
def test_without_keys_whoever_comes_through_a_proxy_may_only_look(
    house: Installation, headers: dict[str, str]
) -> None:
    client = house.browser()
    client.headers.update(headers)
    assert client.get("/api/me").json() == {"name": "local", "role": "viewer", "by": "open"}
    assert client.get("/").status_code == 200
    answer = client.post("/api/keys", json={"name": "Eve", "role": "owner"})
    assert answer.status_code == 403
    assert "through a proxy" in answer.json()["error"]["message"]
    assert client.get("/api/keys").status_code == 403
    assert house.keys.listed() == []


@pytest.mark.parametrize("path", API)
def test_a_program_without_a_key_is_told_so(house: Installation, path: str) -> None:
    house.key("Ada")
    answer = house.browser().get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login_required")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert house.browser().post(path, json={}).status_code == 401


@pytest.mark.parametrize("path", PAGES)
def test_a_person_without_a_key_is_led_to_the_login_page_and_back(
    house: Installation, path: str
) -> None:
    house.key("Ada")
    answer = house.browser().get(f"{path}?since=7d&task=a%26b")
    assert answer.status_code == 303
    assert answer.text == ""
    location = answer.headers["location"]
    assert location.startswith("/login?next=%2F")
    assert house.browser().post(path, json={}).headers["location"] == "/login"


def test_what_is_public_tells_nothing(house: Installation) -> None:
    house.key("Ada")
    client = house.browser(address="203.0.113.9")
    health = client.get("/healthz").json()
    assert health["status"] == "degraded"
    assert (health["reasons"], health["version"]) == ([], "")
    page = client.get("/login").text
    assert "Overview" not in page
    assert client.get("/static/nothing.css").status_code == 404
    for path in ("/login/", "/login/x", "/static", "/staticx", "//login", "/healthz/", "/Login"):
        assert client.get(path).status_code == 303, path


@pytest.mark.parametrize(
    "path", ["/static/%2e%2e/api/keys", "/static/..%2fapi/keys", "/login/%2e%2e/api/keys"]
)
def test_a_winding_path_leads_nowhere(house: Installation, path: str) -> None:
    house.key("Ada")
    answer = house.browser().get(path)
    assert answer.status_code in (303, 401, 404)
    assert "rw_o_" not in answer.text


def test_a_key_is_shown_as_bearer(house: Installation) -> None:
    ada, grace = house.key("Ada"), house.key("Grace", "viewer")
    assert house.program(ada.secret).get("/api/me").json() == {
        "name": "Ada",
        "role": "owner",
        "by": "key",
    }
    assert house.program(grace.secret).get("/api/me").json()["role"] == "viewer"
    assert house.program(grace.secret).get("/").status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {}x", "Bearer x{}", "Token {}"],
)
def test_anything_but_a_bearer_is_no_key(house: Installation, header: str) -> None:
    secret = house.key("Ada").secret
    client = house.browser()
    client.headers["authorization"] = header.format(secret)
    assert client.get("/api/me").status_code == 401


def test_a_revoked_key_is_refused_with_the_next_request(house: Installation) -> None:
    house.key("Ada")
    grace = house.key("Grace", "viewer")
    client = house.program(grace.secret)
    assert client.get("/api/me").status_code == 200
    house.keys.revoke(grace.key.id)
    assert client.get("/api/me").status_code == 401


def test_a_viewer_reads_and_changes_nothing(house: Installation) -> None:
    house.key("Ada")
    client = house.program(house.key("Grace", "viewer").secret)
    assert client.get("/api/overview").status_code == 200
    for method, path in (
        ("POST", "/api/keys"),
        ("DELETE", "/api/keys/abc"),
        ("POST", "/api/results"),
        ("POST", "/tasks/a/channels"),
        ("PUT", "/api/nowhere"),
        ("PATCH", "/"),
        ("OPTIONS", "/api/keys"),
        ("post", "/api/keys"),
    ):
        answer = client.request(method, path, json={"name": "x", "role": "owner"})
        assert answer.status_code == 403, (method, path)
        assert "viewer" in answer.text


def test_a_viewer_does_not_see_who_has_keys(house: Installation) -> None:
    house.key("Ada")
    client = house.program(house.key("Grace", "viewer").secret)
    assert client.get("/api/keys").json()["error"]["code"] == "forbidden"


def test_no_header_makes_a_viewer_an_owner(house: Installation) -> None:
    house.key("Ada")
    client = house.program(house.key("Grace", "viewer").secret)
    for headers in (
        {"x-roadworthy-actor": "Ada"},
        {"x-http-method-override": "GET"},
        {"x-forwarded-for": "127.0.0.1"},
        {"x-roadworthy-role": "owner"},
    ):
        assert client.post("/api/keys", json={"name": "x"}, headers=headers).status_code == 403
        assert client.get("/api/me", headers=headers).json()["name"] == "Grace"


def test_a_question_with_a_body_is_no_change_unless_it_says_so_twice(house: Installation) -> None:
    house.key("Ada")
    client = house.program(house.key("Grace", "viewer").secret)
    for path, status in (
        ("/api/tasks/a/versions?preview=true", 400),
        ("/api/tasks/a/channels/production?weigh=true", 400),
        ("/api/tasks/a/versions?preview=true&preview=false", 403),
        ("/api/tasks/a/versions?preview=false", 403),
        ("/api/tasks/a/versions?preview=1", 403),
        ("/api/tasks/a/channels/production?preview=true", 403),
        ("/api/results?preview=true", 403),
        ("/api/keys?weigh=true", 403),
        ("/api/tasks/a/b/versions?preview=true", 403),
    ):
        assert client.post(path, json={}).status_code == status, path


def test_the_local_token_is_an_owners_and_says_for_whom(house: Installation) -> None:
    house.key("Grace Hopper")
    client = house.program(TOKEN)
    assert client.get("/api/me").json() == {"name": "local", "role": "owner", "by": "token"}
    named = client.get(
        "/api/me", headers={"x-roadworthy-actor": "Ada%20Lovelace%0A%C3%A9%E2%80%AE"}
    )
    assert named.json()["name"] == "Ada Lovelaceé"
    long = client.get("/api/me", headers={"x-roadworthy-actor": "x" * 500})
    assert len(long.json()["name"]) == 100


def test_no_local_token_is_good_where_there_is_none(house: Installation) -> None:
    house.key("Ada")
    house.access.owner_token = None
    for given in (TOKEN, "None", ""):
        assert house.program(given).get("/api/me").status_code == 401


def test_wrong_keys_wait_longer_and_longer_and_right_ones_never(house: Installation) -> None:
    right = house.key("Ada").secret
    wrong = make_secret("owner").secret
    for _ in range(4):
        assert house.program(wrong).get("/api/me").status_code == 401
    assert house.paused == [0.25, 0.5, 1.0, 2.0]
    assert house.program(right).get("/api/me").status_code == 200
    assert len(house.paused) == 4


def test_a_flood_of_wrong_keys_holds_few_connections_and_locks_nobody_out(
    house: Installation,
) -> None:
    right = house.key("Ada").secret
    house.access.waiting = MOST_WAITING
    answer = house.program(make_secret("owner").secret).get("/api/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert house.program(right).get("/api/me").status_code == 200


def test_no_answer_repeats_a_key(house: Installation) -> None:
    house.key("Ada")
    wrong = make_secret("owner").secret
    client = house.program(wrong)
    for path in ("/api/me", "/", f"/api/calls/{wrong}"):
        assert wrong not in client.get(path).text


def test_the_use_of_a_key_is_written_down_beside_the_request(house: Installation) -> None:
    ada = house.key("Ada")
    with house.program(ada.secret) as client:
        client.get("/api/me")
        client.get("/api/me")
    assert house.keys.listed()[0].last_used_us == house.clock.us


# Cross-site requests.


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
def test_on_an_open_machine_a_form_that_is_not_ours_changes_nothing(
    house: Installation, kind: str
) -> None:
    client = house.browser()
    for origin in ({}, {"origin": "http://localhost:8701"}):
        answer = client.post(
            "/api/keys",
            content='{"name":"x","role":"owner"}',
            headers={"content-type": kind, **origin},
        )
        assert answer.status_code == 403
    assert house.keys.listed() == []


def test_on_an_open_machine_a_program_needs_no_token(house: Installation) -> None:
    made = house.browser().post("/api/keys", json={"name": "Ada", "role": "owner"})
    assert made.status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.test"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}],
)
def test_another_sites_page_is_refused_even_with_a_token(
    house: Installation, headers: dict[str, str]
) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    token = form_token(browser, "/")
    answer = browser.post("/logout", data={"csrf": token}, headers=headers)
    assert (answer.status_code, browser.get("/api/me").status_code) == (403, 200)


@pytest.mark.parametrize("given", [None, "", "x", "{other}", "{visitors}"])
def test_a_session_changes_something_only_with_its_own_token(
    house: Installation, given: str | None
) -> None:
    ada, grace = house.key("Ada"), house.key("Grace")
    browser, other = house.logged_in(ada.secret), house.logged_in(grace.secret)
    tokens = {
        "other": form_token(other, "/"),
        "visitors": form_token(house.browser(address="9.9.9.9")),
    }
    data = {} if given is None else {"csrf": given.format(**tokens)}
    for origin in ({}, {"origin": "http://localhost:8701"}):
        assert browser.post("/logout", data=data, headers=origin).status_code == 403
    answer = browser.post("/api/keys", json={"name": "x", "role": "owner"})
    assert answer.json()["error"]["code"] == "forbidden"
    assert browser.delete(f"/api/keys/{grace.key.id}").status_code == 403
    assert len(house.keys.listed()) == 2


def test_a_session_may_use_the_api_with_its_token_in_a_header(house: Installation) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    headers = {"x-csrf-token": form_token(browser, "/")}
    made = browser.post("/api/keys", json={"name": "x", "role": "viewer"}, headers=headers)
    assert made.status_code == 201


def test_another_cookie_of_the_name_does_not_make_its_token_good(house: Installation) -> None:
    """A cookie that another site of the same domain could set is worth nothing without the token
    that only we can make for it."""
    house.key("Ada")
    browser = house.browser()
    name = f"roadworthy_form_{house.access.signer.suffix}"
    browser.cookies.set(name, "A" * 24, domain="localhost.local")
    answer = browser.post("/login", data={"csrf": "A" * 24, "key": "x"})
    assert answer.status_code == 403


def test_a_form_is_bounded(house: Installation) -> None:
    browser: TestClient = house.browser()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert browser.post("/login", content=b"a=" + b"x" * 2_000_000, headers=kind).status_code == 413

    def pieces() -> object:
        yield from (b"x" * 100_000 for _ in range(30))

    assert browser.post("/login", content=pieces(), headers=kind).status_code == 413  # type: ignore[arg-type]
    many = "&".join(f"a{n}=" for n in range(1_001))
    assert browser.post("/login", content=many, headers=kind).status_code == 400
    assert browser.post("/login", content=b"a=\xff", headers=kind).status_code == 400


@pytest.mark.parametrize(
    ("path", "kind"), [("/login", "application/x-www-form-urlencoded"), ("/api/keys", "text/json")]
)
def test_a_client_that_leaves_while_it_sends_leaves_no_trace(
    house: Installation, path: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", kind.encode())],
        "client": ("127.0.0.1", 1),
    }

    async def ask() -> None:
        await house.app(scope, receive, send)

    asyncio.run(ask())
    assert caplog.records == []
    assert all(message.get("status", 400) == 400 for message in sent)
