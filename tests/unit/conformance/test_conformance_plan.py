"""Which mode a schema is asked for in, and what that mode loses."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import pytest

from roadworthy.conformance import compile_schema, plan_request, restore
from roadworthy.core import Mode

PLAIN: dict[str, Any] = {
    "type": "object",
    "properties": {"sentiment": {"enum": ["positive", "negative"]}, "why": {"type": "string"}},
    "required": ["sentiment"],
    "additionalProperties": False,
}


def test_the_first_mode_that_the_schema_fits_is_planned() -> None:
    schema = compile_schema(PLAIN)
    assert plan_request(schema, ("grammar", "strict", "json")).mode == "grammar"
    assert plan_request(schema, ("strict", "json")).mode == "strict"
    assert plan_request(schema, ("json", "prompt")).mode == "json"
    assert plan_request(schema, ("prompt",)).mode == "prompt"
    assert plan_request(schema, ()).mode == "prompt"


def test_a_forced_function_takes_what_the_strict_mode_takes() -> None:
    schema = compile_schema({**PLAIN, "additionalProperties": True})
    strict, tool = plan_request(schema, ("strict",)), plan_request(schema, ("tool",))
    assert strict.structured is not None
    assert tool.structured is not None
    assert tool.structured.schema == strict.structured.schema
    assert [(loss.mode, loss.path) for loss in tool.losses] == [("tool", "/additionalProperties")]
    assert restore({"sentiment": "positive", "why": None}, schema, tool.form) == {
        "sentiment": "positive"
    }


def test_a_grammar_keeps_the_schema_and_forbids_free_white_space() -> None:
    plan = plan_request(compile_schema(PLAIN), ("grammar",))
    assert plan.structured is not None
    assert plan.structured.schema == {**PLAIN, "x-guidance": {"whitespace_flexible": False}}
    assert (plan.losses, plan.instruction, plan.form) == ((), None, "plain")


def test_a_callers_own_grammar_options_are_not_used() -> None:
    schema = compile_schema({**PLAIN, "x-guidance": {"lenient": True, "item_separator": "x"}})
    plan = plan_request(schema, ("grammar",))
    assert plan.structured is not None
    assert plan.structured.schema["x-guidance"] == {"whitespace_flexible": False}


def test_a_keyword_the_compiler_cannot_enforce_is_passed_over_and_listed() -> None:
    schema = compile_schema({"type": "array", "uniqueItems": True, "items": {"type": "string"}})
    plan = plan_request(schema, ("grammar", "prompt"))
    assert plan.mode == "grammar"
    assert plan.structured is not None
    assert "uniqueItems" not in plan.structured.schema
    assert [loss.path for loss in plan.losses] == ["/uniqueItems"]


def test_a_schema_the_compiler_refuses_falls_to_the_next_mode_and_says_why() -> None:
    schema = compile_schema({**PLAIN, "properties": {"sentiment": False}})
    plan = plan_request(schema, ("grammar", "json"))
    assert plan.mode == "json"
    assert [loss.mode for loss in plan.losses] == ["grammar", "json"]


def test_a_schema_without_a_strict_form_falls_to_the_next_mode_and_says_why() -> None:
    schema = compile_schema({"type": "object"})
    plan = plan_request(schema, ("strict", "json"))
    assert plan.mode == "json"
    assert "cannot be used" in plan.losses[0].reason


@pytest.mark.parametrize("mode", ["json", "prompt"])
def test_modes_that_do_not_bind_state_the_schema_in_words(mode: Mode) -> None:
    plan = plan_request(
        compile_schema({"$schema": "http://json-schema.org/schema#", **PLAIN}), (mode,)
    )
    assert plan.instruction is not None
    assert json.loads(plan.instruction.partition("\n")[2]) == PLAIN
    assert "JSON" in plan.instruction  # OpenAI's JSON mode refuses messages without the word


def test_json_mode_wraps_a_root_that_is_no_object() -> None:
    plan = plan_request(compile_schema({"type": "array", "items": {"type": "string"}}), ("json",))
    assert restore({"value": ["a"]}, compile_schema({}), plan.form) == ["a"]
    assert plan.instruction is not None
    assert '"required":["value"]' in plan.instruction


def test_no_mode_at_all_asks_for_nothing_and_says_so() -> None:
    plan = plan_request(compile_schema(PLAIN), ("none",))
    assert (plan.mode, plan.structured, plan.instruction) == ("none", None, None)
    assert len(plan.losses) == 1


def test_a_plan_is_made_once_and_named_as_asked() -> None:
    schema = compile_schema(PLAIN)
    plan = plan_request(schema, ("strict",))
    assert plan_request(schema, ("strict",)) is plan
    named = plan_request(schema, ("strict",), name="feedback")
    assert named.structured is not None
    assert named.structured.name == "feedback"
    assert named.structured.schema == plan.structured.schema if plan.structured else False


def test_plans_go_when_their_schema_goes() -> None:
    from roadworthy.conformance import OutputSchema

    kept = compile_schema(PLAIN)
    schema = OutputSchema(source=kept.source, digest=kept.digest, validator=kept.validator)
    plan_request(schema, ("strict", "json"))
    gone = weakref.ref(schema)
    del schema
    gc.collect()
    assert gone() is None
