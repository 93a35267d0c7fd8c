from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.conformance import compile_schema
from roadworthy.conformance.pointer import parts_of, pointer_of
from roadworthy.conformance.reasons import MAX_REASONS, MAX_STEPS, general_path, reasons_of
from roadworthy.core import Attempt, Call, Reason, Repair, Violation

ORDER = compile_schema(
    {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "notes": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "$defs": {"item": {"properties": {"price": {"type": "number"}}, "required": ["sku/no"]}},
        "const": {"properties": {"Mrs Miller": {}}},
    }
)


def a_call(outcome: Any, *violated: tuple[str, ...], repairs: tuple[str, ...] = ()) -> Call:
    """Each of ``violated`` is what one attempt violates, as ``keyword path``."""
    return Call(
        id="1",
        task="order",
        started_us=0,
        outcome=outcome,
        repairs=tuple(Repair(path=p, kind="number", before="a", after="b") for p in repairs),
        attempts=[
            Attempt(
                model="m",
                provider="p",
                violations=tuple(
                    Violation(keyword=v.split()[0], path=v.split()[1], message="secret")
                    for v in broken
                ),
            )
            for broken in violated
        ],
    )


def told(call: Call) -> list[tuple[str, str, str]]:
    return [(reason.kind, reason.name, reason.path) for reason in reasons_of(call, ORDER)]


@pytest.mark.parametrize(
    ("pointer", "general"),
    [
        ("", ""),
        ("/items/3/price", "/items/*/price"),
        ("/items/0/sku~1no", "/items/*/sku~1no"),
        ("/notes/Mrs Miller", "/notes/*"),
        ("/notes/Mrs Miller/items", "/notes/*/items"),
        ("/a/b/c/d/e/f/g/h", "/*" * 8),
        ("/a/b/c/d/e/f/g/h/i/j", "/*" * 8 + "/…"),
    ],
)
def test_a_path_tells_only_what_the_schema_declares(pointer: str, general: str) -> None:
    assert general_path(pointer, ORDER) == general


@given(st.lists(st.text() | st.integers(0, 10**6) | st.sampled_from(["items", "price"])))
def test_no_name_of_an_answer_comes_through(parts: list[str | int]) -> None:
    steps = parts_of(general_path(pointer_of(parts), ORDER))
    assert set(steps) <= {"items", "notes", "price", "sku/no", "*", "…"}
    assert len(steps) <= MAX_STEPS + 1


def test_a_repaired_call_is_told_by_its_repairs_each_once() -> None:
    call = a_call("repaired", (), repairs=("/items/1/price", "/items/2/price", ""))
    assert told(call) == [("repair", "number", "/items/*/price"), ("repair", "number", "")]


def test_what_a_further_question_mended_is_no_failure() -> None:
    call = a_call("reasked", ("type /items",), ("enum /notes",), (), repairs=("/items",))
    assert told(call) == [
        ("repair", "number", "/items"),
        ("reask", "type", "/items"),
        ("reask", "enum", "/notes"),
    ]


def test_what_the_last_answer_violates_is_why_a_call_failed() -> None:
    call = a_call("failed", ("type /items", "parse /notes"), ("type /items",))
    assert told(call) == [
        ("failure", "type", "/items"),
        ("reask", "type", "/items"),
        ("reask", "parse", "/notes"),
    ]


@pytest.mark.parametrize("outcome", ["refused", "truncated"])
def test_a_stop_is_a_reason_and_what_the_torn_answer_lacks_is_none(outcome: str) -> None:
    call = a_call(outcome, ("enum /notes",), ("required /items",))
    assert told(call) == [("failure", outcome, ""), ("reask", "enum", "/notes")]


@pytest.mark.parametrize("outcome", ["first_pass", "errored", "cancelled", "unchecked"])
def test_where_no_answer_was_judged_there_is_no_reason(outcome: str) -> None:
    assert told(a_call(outcome, ("enum /notes",))) == []


def test_reasons_are_few() -> None:
    many = tuple(f"word{n} /items" for n in range(200))
    assert len(told(a_call("failed", many))) == MAX_REASONS


def test_a_reason_holds_no_message() -> None:
    (reason,) = reasons_of(a_call("failed", ("enum /notes/x",)), ORDER)
    assert reason == Reason(kind="failure", name="enum", path="/notes/*")
