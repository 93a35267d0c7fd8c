"""What holds of every address that there is, whoever added it."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from keyed import Installation

PUBLIC = {"/login", "/healthz", "/static/{name}"}
OF_EVERYBODY_KNOWN = {"/logout"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    house = Installation(tmp_path_factory.mktemp("house"))
    house.key("Ada")
    return house


def routes_of(house: Installation) -> list[tuple[str, str]]:
    """Methods and paths, without those that are for anybody."""
    application = house.app._app._app  # type: ignore[attr-defined]  # behind guard and door
    routes = list(application.routes)
    for router in routes:
        routes += getattr(getattr(router, "original_router", None), "routes", ())
    found = []
    for route in routes:
        if isinstance(route, APIRoute) and route.path not in PUBLIC:
            found += [(method, route.path) for method in sorted(route.methods or ())]
    return found


def filled(path: str) -> str:
    return re.sub(r"{[^}]+}", "x", path)


def test_there_are_many_and_some_write(house: Installation) -> None:
    routes = routes_of(house)
    assert len(routes) > 35
    assert len([method for method, _ in routes if method != "GET"]) > 8


def test_none_lets_a_stranger_in(house: Installation) -> None:
    stranger = house.browser(address="203.0.113.9")
    for method, path in routes_of(house):
        status = stranger.request(method, filled(path)).status_code
        assert status == (401 if path.startswith("/api/") else 303), (method, path)


def test_none_lets_a_viewer_write(house: Installation) -> None:
    viewer = house.program(house.key("Grace", "viewer").secret)
    for method, path in routes_of(house):
        if method != "GET" and path not in OF_EVERYBODY_KNOWN:
            answer = viewer.request(method, filled(path), json={})
            assert answer.status_code == 403, (method, path)


def test_none_that_writes_is_open_to_a_cookie_without_a_token(house: Installation) -> None:
    browser = house.logged_in(house.key("Grete").secret)
    for method, path in routes_of(house):
        if method != "GET":
            for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
                headers = {"content-type": kind}
                answer = browser.request(method, filled(path), content="{}", headers=headers)
                assert answer.status_code == 403, (method, path)


def test_each_does_one_thing_by_one_method(house: Installation) -> None:
    routes = routes_of(house)
    assert len(set(routes)) == len(routes)
    assert {method for method, _ in routes} == {"GET", "POST", "DELETE"}
