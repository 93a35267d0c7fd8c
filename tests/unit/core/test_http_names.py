from __future__ import annotations

import pytest

from roadworthy.core.http_names import host_of, usable_request_id


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("localhost:8700", "localhost"),
        ("LOCALHOST", "localhost"),
        ("[::1]:8700", "::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("", ""),
    ],
)
def test_the_host_is_found_in_an_authority(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize("authority", ["localhost@evil.example", "evil.example", "[evil"])
def test_a_foreign_host_is_not_taken_for_loopback(authority: str) -> None:
    assert host_of(authority) not in {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize("given", ["", "a" * 129, "a\nb", "é"])
def test_a_request_id_that_cannot_stand_in_a_header_is_not_used(given: str) -> None:
    assert usable_request_id(given) is None


def test_a_plain_request_id_is_kept() -> None:
    assert usable_request_id("req-1") == "req-1"
