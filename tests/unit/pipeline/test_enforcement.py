from __future__ import annotations

from typing import Any

import pytest

from pipelines import MODEL, POEM, TRIAGE
from roadworthy.conformance import Loss, Target, loss_report
from roadworthy.core import Mode
from roadworthy.models import LOCAL_MODEL, Capabilities, Model
from roadworthy.pipeline.enforcement import (
    TARGETS,
    compare_targets,
    enforcement_by,
    enforcement_of,
    hold_of,
)
from roadworthy.tasks import TaskDefinition

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 80},
        "price": {"type": "number", "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
    "required": ["title", "price", "tags"],
}
MANY_UNIONS = {
    "type": "object",
    "properties": {f"p{n}": {"anyOf": [{"type": "string"}, {"type": "array"}]} for n in range(20)},
    "required": [f"p{n}" for n in range(20)],
    "additionalProperties": False,
}


def task(schema: dict[str, Any] | None, mode: Mode | None = None) -> TaskDefinition:
    return TaskDefinition(name="t", model="m", output_schema=schema, mode=mode)


def model(*modes: Mode) -> Model:
    return Model(name="m", provider="openai", upstream="u", capabilities=Capabilities(modes=modes))


def test_a_schema_that_the_mode_holds_whole_is_reported_so() -> None:
    enforced = enforcement_of(TRIAGE, LOCAL_MODEL)
    assert enforced is not None
    assert (enforced.mode, enforced.everything, enforced.losses) == ("grammar", True, ())


def test_free_text_has_nothing_to_enforce() -> None:
    assert enforcement_of(POEM, MODEL) is None


def test_keywords_that_the_mode_does_not_enforce_are_named_with_their_places() -> None:
    enforced = enforcement_of(task(SCHEMA), model("strict"))
    assert enforced is not None
    assert not enforced.everything
    places = {loss.path for loss in enforced.losses}
    assert {"/properties/title/maxLength", "/properties/tags/uniqueItems"} <= places
    assert "/properties/price/minimum" not in places


@pytest.mark.parametrize(("mode", "binds"), [("json", False), ("prompt", False), ("strict", True)])
def test_the_mode_that_the_task_chose_is_the_one_reported(mode: Mode, binds: bool) -> None:
    enforced = enforcement_of(task(SCHEMA, mode), model("strict", "json", "prompt"))
    assert enforced is not None
    assert (enforced.mode, enforced.binds) == (mode, binds)
    assert not enforced.everything
    assert bool(enforced.remarks) is not binds


def test_stronger_modes_that_the_schema_does_not_fit_are_told_of() -> None:
    enforced = enforcement_of(task({"$ref": "#"}), model("strict", "json"))
    assert enforced is not None
    assert enforced.mode == "json"
    assert enforced.remarks[0].startswith("strict: cannot be used")


def test_targets_are_compared_keyword_by_keyword() -> None:
    compared = compare_targets(SCHEMA)
    holds = {row.path: row.holds for row in compared.keywords}
    assert holds["/properties/title/maxLength"] == {
        "openai": "told",
        "anthropic": "told",
        "gemini": "told",
        "llguidance": "enforced",
    }
    assert holds["/additionalProperties"]["openai"] == "narrowed"
    assert holds["/properties/tags/uniqueItems"]["llguidance"] == "validated"
    assert "/properties/title/type" not in holds


@pytest.mark.parametrize("target", TARGETS)
def test_a_comparison_holds_every_loss_of_every_target(target: Target) -> None:
    compared = compare_targets(SCHEMA)
    lost = {(loss.path, loss.keyword) for loss in loss_report(SCHEMA, target)}
    shown = {(r.path, r.keyword) for r in compared.keywords if r.holds[target] != "enforced"}
    assert lost == shown
    assert compared.counts[target] == len(lost)
    assert all(
        target in row.reasons for row in compared.keywords if row.holds[target] != "enforced"
    )


def test_a_target_without_a_form_of_the_schema_enforces_nothing() -> None:
    compared = compare_targets(MANY_UNIONS)
    assert "20 unions" in compared.unusable["anthropic"]
    assert all("anthropic" not in row.holds for row in compared.keywords)
    assert not enforcement_by(MANY_UNIONS, "anthropic").binds


def test_what_only_narrows_the_answers_is_told_apart() -> None:
    narrow = Loss(mode="strict", path="/a", keyword="a", reason="names of others cannot come back")
    assert hold_of(narrow) == "narrowed"
    assert hold_of(Loss(mode="strict", path="", keyword="a", reason="", told=True)) == "told"
    assert hold_of(Loss(mode="grammar", path="", keyword="a", reason="")) == "validated"
