"""What a chain's call becomes when it is made again from where it failed."""

from __future__ import annotations

from typing import Any

import pytest

from roadworthy.core import Attempt, Call
from roadworthy.core.errors import InvalidRequest
from roadworthy.pipeline.chain.resumption import resumption_of
from roadworthy.storage import StoredCall


def failed(**changes: Any) -> StoredCall:
    fields: dict[str, Any] = {
        "id": "root",
        "task": "sheet",
        "version": "1.2.0",
        "started_us": 0,
        "outcome": "errored",
        "input": {"name": "Mug"},
        "conversation_id": "c1",
        "unit": "u1",
    }
    return StoredCall(call=Call(**(fields | changes)), texts_kept=True)


def step(name: str, outcome: Any = "first_pass", **changes: Any) -> Call:
    place = {"parent_id": "root", "root_id": "root", "step": name}
    return Call(id=name, task=name, started_us=0, outcome=outcome, **(place | changes))


def test_the_call_is_made_again_with_what_its_steps_have_answered() -> None:
    below = [step("facts", value={"size": 3}), step("copy", "errored")]
    found = resumption_of(failed(), below)
    request = found.request("python")
    assert (request.target, request.surface, request.resumes) == (
        "task:sheet@1.2.0",
        "python",
        "root",
    )
    assert request.recorded == {"facts": {"size": 3}}
    assert (request.input, request.conversation_id, request.unit) == ({"name": "Mug"}, "c1", "u1")


def test_a_working_copy_goes_on_as_it_is_now() -> None:
    assert resumption_of(failed(version="working"), [step("a")]).request("task").target == (
        "task:sheet"
    )


def test_what_was_tried_out_counts_nowhere_again() -> None:
    assert resumption_of(failed(surface="test"), []).request("python").surface == "test"


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (failed(outcome="chain"), "has been answered"),
        (failed(parent_id="p", root_id="r"), "is a step of a chain; resume .*: r$"),
        (failed(attempts=[Attempt(model="m", provider="p")]), "no chain's call"),
        (failed(model="local"), "no chain's call"),
        (failed(input=None), "the texts of root are not kept"),
        (StoredCall(call=failed().call, texts_kept=False), "are not kept"),
    ],
    ids=["answered", "step", "attempts", "plain", "no input", "no texts"],
)
def test_there_must_be_something_to_go_on_with(stored: StoredCall, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        resumption_of(stored, [])
