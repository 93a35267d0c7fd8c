from __future__ import annotations

from starlette.routing import Router

from roadworthy.core.http_server import http_server


def test_a_server_waits_as_long_as_told_and_says_nothing_of_itself() -> None:
    config = http_server(Router(), grace_s=30, keep_alive_s=75).config
    assert (config.timeout_graceful_shutdown, config.timeout_keep_alive) == (30, 75)
    assert (config.server_header, config.access_log) == (False, False)


def test_nobody_can_say_by_a_header_that_they_are_somebody_else() -> None:
    assert http_server(Router(), grace_s=1).config.proxy_headers is False
