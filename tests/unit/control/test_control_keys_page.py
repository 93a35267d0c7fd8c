"""The page on which owners make and revoke keys."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from dashboard import Page, client_of, empty_source
from keyed import Installation, form_token
from starlette.testclient import TestClient

from roadworthy.access import KEY_PATTERN


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def make(browser: TestClient, name: str, role: str) -> Any:
    data = {"csrf": form_token(browser, "/keys"), "name": name, "role": role}
    return browser.post("/keys", data=data)


def secret_in(text: str) -> str:
    (found,) = set(re.findall(KEY_PATTERN, text))
    return str(found)


def test_the_first_key_is_shown_once_and_locks_the_door(house: Installation) -> None:
    browser = house.browser()
    assert "No key was ever made here" in browser.get("/keys").text
    answer = make(browser, "Ada", "owner")
    page = Page(answer.text)
    assert page.faults == []
    assert "log in" in page.text
    assert answer.headers["cache-control"] == "no-store"
    assert browser.get("/keys").status_code == 303
    again = house.logged_in(secret_in(answer.text))
    assert re.findall(KEY_PATTERN, again.get("/keys").text) == []


def test_an_owner_makes_and_revokes_keys(house: Installation) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    made = make(browser, "Grace <b>", "viewer")
    grace = house.program(secret_in(made.text))
    assert grace.get("/api/me").json()["name"] == "Grace <b>"
    page = browser.get("/keys")
    assert Page(page.text).faults == []
    (action,) = re.findall(r'action="(/keys/[^"]+)"', page.text)
    assert "the last owner's; make another first" in " ".join(Page(page.text).text.split())
    answer = browser.post(action, data={"csrf": form_token(browser, "/keys")})
    assert answer.headers["location"] == "/keys"
    assert grace.get("/api/me").status_code == 401
    assert "revoked" in Page(browser.get("/keys").text).text


@pytest.mark.parametrize(
    ("name", "role", "told"),
    [
        ("", "owner", "1 to 100 printable characters"),
        ("Ada", "owner", "There is a key named"),
        ("Eve", "admin", "Choose a role"),
        ("Eve", "", "Choose a role"),
    ],
)
def test_a_key_that_cannot_be_made_is_told_and_what_was_typed_stays(
    house: Installation, name: str, role: str, told: str
) -> None:
    browser = house.logged_in(house.key("Ada").secret)
    answer = make(browser, name, role)
    page = Page(answer.text)
    assert (answer.status_code, page.faults) == (422, [])
    assert told in page.text
    assert name in [field.get("value") for field in page.all("input") if field["name"] == "name"]
    assert len(house.keys.listed()) == 1


def test_the_last_owners_key_cannot_be_revoked_by_hand_either(house: Installation) -> None:
    ada = house.key("Ada")
    browser = house.logged_in(ada.secret)
    data = {"csrf": form_token(browser, "/keys")}
    answer = browser.post(f"/keys/{ada.key.id}/revoke", data=data)
    assert answer.status_code == 403
    assert "Create another one first" in Page(answer.text).text
    assert browser.post("/keys/nobody/revoke", data=data).status_code == 404


def test_viewers_have_no_such_page(house: Installation) -> None:
    house.key("Ada")
    browser = house.logged_in(house.key("Grace", "viewer").secret)
    assert browser.get("/keys").status_code == 403
    assert "/keys" not in Page(browser.get("/").text).links()
    assert make_by_force(browser).status_code == 403
    assert len(house.keys.listed()) == 2


def make_by_force(browser: TestClient) -> Any:
    data = {"csrf": form_token(browser, "/"), "name": "x", "role": "owner"}
    return browser.post("/keys", data=data)


def test_owners_find_the_page_and_those_without_keys_to_keep_do_not(house: Installation) -> None:
    assert "/keys" in Page(house.browser().get("/").text).links()
    assert "/keys" not in Page(client_of(empty_source()).get("/").text).links()
