from __future__ import annotations

import socket

import pytest

from network_guard import NetworkForbidden


def test_connecting_beyond_loopback_fails() -> None:
    with socket.socket() as s, pytest.raises(NetworkForbidden):
        s.connect(("192.0.2.1", 80))


def test_resolving_a_name_fails() -> None:
    with pytest.raises(NetworkForbidden):
        socket.getaddrinfo("example.com", 80)
