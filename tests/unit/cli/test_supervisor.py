from __future__ import annotations

import pytest

from roadworthy.cli.serve.supervisor import listen, url_of
from roadworthy.core.errors import StoreError


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_an_address_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(StoreError, match="other machines may reach"):
        listen(host, 0, "port")


def test_a_free_port_is_found_and_named() -> None:
    with listen("127.0.0.1", 0, "port") as sock:
        assert url_of(sock).startswith("http://127.0.0.1:")


def test_a_taken_port_names_the_setting_to_change() -> None:
    says = "another control_port under"
    with listen("127.0.0.1", 0, "port") as sock, pytest.raises(StoreError, match=says):
        listen("127.0.0.1", sock.getsockname()[1], "control_port")
