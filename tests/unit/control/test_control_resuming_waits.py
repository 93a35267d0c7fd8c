"""How long a chain that goes on is waited for."""

from __future__ import annotations

import io
from typing import Any

import pytest

from roadworthy.control.keeping import operator_call
from roadworthy.control.keeping.operator_call import resume_as_operator
from roadworthy.pipeline.chain.resumption import Resumption

FAILED = Resumption(
    call_id="c1", task="sheet", version="1.0.0", input={}, recorded={}, tried_out=False
)


class Waiting:
    """In place of a gateway: remembers how long one would wait for it."""

    def __init__(self) -> None:
        self.most_s: list[float] = []

    def open(self, request: Any, *, timeout: float) -> io.BytesIO:
        self.most_s.append(timeout)
        return io.BytesIO(b"{}")


@pytest.mark.parametrize("timeout_s", [1.0, 600.0, None])
def test_a_chain_is_waited_for_as_long_as_it_may_take(
    monkeypatch: pytest.MonkeyPatch, timeout_s: float | None
) -> None:
    gateway = Waiting()
    monkeypatch.setattr(operator_call, "_OPENER", gateway)
    resume_as_operator("http://127.0.0.1:9", "t", FAILED, timeout_s)
    (most_s,) = gateway.most_s
    assert most_s > (3_600 if timeout_s is None else timeout_s)
