"""Logging in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from dashboard import Page
from hypothesis import given
from hypothesis import strategies as st
from keyed import Installation, form_token, log_in

from roadworthy.access import make_secret
from roadworthy.access.sessions import SESSION_US
from roadworthy.control.entry.session_routes import local_path


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def session_cookie(house: Installation) -> str:
    return f"roadworthy_session_{house.access.signer.suffix}"


def test_a_key_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(
    house: Installation,
) -> None:
    browser = house.browser()
    answer = log_in(browser, f" {house.key('Ada').secret}\n", next="/calls?since=7d")
    assert answer.headers["location"] == "/calls?since=7d"
    (cookie,) = [c for c in answer.headers.get_list("set-cookie") if "session" in c]
    assert cookie.startswith(f"{session_cookie(house)}=")
    attributes = set(cookie.split("; ")[1:])
    assert attributes == {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"}
    assert browser.get("/api/me").json() == {"name": "Ada", "role": "owner", "by": "session"}


@pytest.mark.parametrize("origin", ["https://board.test", "http://board.test"])
def test_the_cookie_is_for_https_alone_where_the_browser_came_by_it(
    house: Installation, origin: str
) -> None:
    house.key("Ada")
    browser = house.browser(base="http://board.test")
    answer = browser.post(
        "/login",
        data={"csrf": form_token(browser), "key": house.key("Grace").secret},
        headers={"origin": origin},
    )
    secure = "Secure" in answer.headers["set-cookie"].split("; ")
    assert secure == origin.startswith("https")


def test_the_login_page_is_valid_and_says_what_a_key_is(house: Installation) -> None:
    house.key("Ada")
    response = house.browser().get("/login?next=/calls")
    page = Page(response.text)
    assert page.faults == []
    assert "rw_o_" in page.text
    assert "Roadworthy 0" not in page.text  # which release this is, strangers are not told
    assert {"next": "/calls"}.items() <= {
        field.get("name"): field.get("value") for field in page.all("input")
    }.items()
    assert response.headers["cache-control"] == "no-store"


def test_a_wrong_key_is_told_and_not_repeated(house: Installation) -> None:
    house.key("Ada")
    browser, wrong = house.browser(), make_secret("owner").secret
    answer = log_in(browser, wrong, next="/calls")
    assert answer.status_code == 401
    page = Page(answer.text)
    assert page.faults == []
    assert "not known here" in page.text
    assert wrong not in answer.text
    assert 'value="/calls"' in answer.text
    assert house.paused == [0.25]
    assert browser.get("/api/me").status_code == 401


def test_whoever_is_known_needs_no_login_page(house: Installation) -> None:
    assert house.browser().get("/login?next=/calls").headers["location"] == "/calls"
    browser = house.logged_in(house.key("Ada").secret)
    assert browser.get("/login").headers["location"] == "/"


def test_a_login_begins_a_new_session_whatever_the_browser_brought(house: Installation) -> None:
    victim, attacker = house.key("Ada"), house.key("Eve")
    planted = house.logged_in(attacker.secret).cookies[session_cookie(house)]
    browser = house.browser()
    token = form_token(browser)
    form_cookie = f"roadworthy_form_{house.access.signer.suffix}"
    cookies = f"{session_cookie(house)}=fixed; {form_cookie}={browser.cookies[form_cookie]}"
    answer = browser.post(
        "/login", data={"csrf": token, "key": victim.secret}, headers={"cookie": cookies}
    )
    assert answer.status_code == 303
    assert "fixed" not in answer.headers["set-cookie"]
    assert browser.cookies[session_cookie(house)] != planted
    assert browser.get("/api/me").json()["name"] == "Ada"


def test_a_login_form_of_another_site_logs_nobody_in(house: Installation) -> None:
    eve = house.key("Eve")
    answer = house.browser().post("/login", data={"key": eve.secret})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers or "session" not in answer.headers["set-cookie"]


def test_logging_out_ends_the_session_for_every_copy_of_the_cookie(house: Installation) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    copy = browser.cookies[session_cookie(house)]
    answer = browser.post("/logout", data={"csrf": form_token(browser, "/")})
    assert answer.headers["location"] == "/login"
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert browser.get("/api/me").status_code == 401
    thief = house.browser()
    thief.cookies.set(session_cookie(house), copy)
    assert thief.get("/api/me").status_code == 401


def test_a_viewer_may_log_out(house: Installation) -> None:
    house.key("Ada")
    browser = house.logged_in(house.key("Grace", "viewer").secret)
    answer = browser.post("/logout", data={"csrf": form_token(browser, "/")})
    assert answer.status_code == 303
    assert browser.get("/").headers["location"] == "/login"


def test_a_key_that_is_revoked_takes_its_sessions_along(house: Installation) -> None:
    house.key("Ada")
    grace = house.key("Grace")
    browsers = [house.logged_in(grace.secret) for _ in range(2)]
    house.keys.revoke(grace.key.id)
    assert [browser.get("/api/me").status_code for browser in browsers] == [401, 401]


def test_a_session_ends_after_a_week_and_needs_a_clock_that_is_right(house: Installation) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    house.clock.us += SESSION_US - 1
    assert browser.get("/api/me").status_code == 200
    house.clock.us += 1
    assert browser.get("/api/me").status_code == 401
    house.clock.us -= 2 * SESSION_US
    assert browser.get("/api/me").status_code == 401


def test_a_changed_cookie_is_no_session(house: Installation) -> None:
    cookie = house.logged_in(house.key("Ada").secret).cookies[session_cookie(house)]
    content, _, signature = cookie.partition(".")
    for forged in (
        content,
        f"{content}.",
        f"{content}.{signature}x",
        f"x{cookie}",
        f".{signature}",
    ):
        thief = house.browser()
        thief.cookies.set(session_cookie(house), forged)
        assert thief.get("/api/me").status_code == 401


def test_a_planted_cookie_of_the_same_name_does_not_hide_ours(house: Installation) -> None:
    cookie = house.logged_in(house.key("Ada").secret).cookies[session_cookie(house)]
    browser = house.browser()
    both = f"{session_cookie(house)}=planted; {session_cookie(house)}={cookie}"
    assert browser.get("/api/me", headers={"cookie": both}).status_code == 200


def test_every_page_shows_who_one_is_and_how_to_leave(house: Installation) -> None:
    house.key("Ada")
    browser = house.logged_in(house.key("Grace <b>", "viewer").secret)
    for path in ("/", "/calls", "/tasks", "/conformance", "/nowhere"):
        page = Page(browser.get(path).text)
        assert page.faults == []
        assert "Grace <b> · viewer" in " ".join(page.text.split())
        assert "/logout" in [form.get("action") for form in page.all("form")]


def test_pages_of_an_open_machine_have_nobody_to_log_out(house: Installation) -> None:
    assert "/logout" not in house.browser().get("/").text


@pytest.mark.parametrize(
    "path", ["/", "/calls", "/calls?since=7d&task=a%2Fb", "/tasks/model:a%2Fb", "/#top", "/a;b"]
)
def test_addresses_of_ours_are_gone_on_to(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "calls",
        "https://evil.test",
        "//evil.test",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/ /evil.test",
        "\t//evil.test",
        "/calls\r\nset-cookie: a=b",
        "javascript:alert(1)",
        "/a\\..\\..\\evil",
        "/\u2028/evil.test",
        "http:/calls",
        "/login",
        "/logout",
        "/login?next=/login",
        "/[",
        "/" + "x" * 2_001,
    ],
)
def test_any_other_address_becomes_the_first_page(path: str | None) -> None:
    assert local_path(path) in ("/", "/[")


@given(st.text(st.sampled_from("/\\:?#@.[]% \t\n\r\x00évil"), max_size=12))
def test_nothing_leads_to_another_host(path: str) -> None:
    target = local_path(path)
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    assert not set(target) & set("\\\t\n\r\x00 ")


def test_the_way_back_is_checked_when_it_is_used_too(house: Installation) -> None:
    browser = house.browser()
    answer = log_in(browser, house.key("Ada").secret, next="//evil.test")
    assert answer.headers["location"] == "/"
    browser = house.logged_in(house.key("Grace").secret)
    assert browser.get("/login?next=//evil.test").headers["location"] == "/"
