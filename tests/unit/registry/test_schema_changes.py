from __future__ import annotations

import copy
from typing import Any

import pytest

from roadworthy.registry.schema_changes import input_changes, output_changes

Schema = dict[str, Any]


def record(**fields: Any) -> Schema:
    return {"type": "object", "properties": fields, "additionalProperties": False}


def told(old: Schema, new: Schema) -> list[str]:
    return [f"{change.place}: {change.what}" for change in input_changes(old, new)]


def test_a_definition_that_is_used_often_is_told_where_it_is_used_within_bounds() -> None:
    fields = {f"f{n}": {"$ref": "#/$defs/Box"} for n in range(200)}
    old = {**record(**fields), "$defs": {"Box": record(size={"type": "integer"})}}
    new = {**old, "$defs": {"Box": record(size={"type": "number"})}}
    changes = told(old, new)
    assert changes[:2] == [
        "input./f0/size: type widened from integer to number",
        "input./f1/size: type widened from integer to number",
    ]
    assert len(changes) == 50


def test_alternatives_that_multiply_are_not_searched_to_the_end_and_count_as_breaking() -> None:
    groups = [
        {"anyOf": [record(**{f"f{g}": {"const": n}, "x": {"maxLength": n}}) for n in range(8)]}
        for g in range(30)
    ]
    old = {"type": "object", "allOf": groups}
    new = copy.deepcopy(old)
    new["allOf"][3]["anyOf"].append(record(f3={"const": 9}))  # type: ignore[index]
    changes = input_changes(old, new)
    assert any(change.breaking and "cannot be shown" in change.what for change in changes)


@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07"])
def test_schemas_of_earlier_drafts_are_compared_by_field_too(draft: str) -> None:
    old = {"$schema": f"http://json-schema.org/{draft}/schema#", **record(a={"type": "string"})}
    new = {**old, "properties": {"a": {"type": "string", "maxLength": 3}}}
    assert told(old, new) == ["input./a: maxLength 3 added"]
    assert not any(change.breaking for change in input_changes(new, old))


def test_another_draft_is_harmless_where_both_mean_the_same() -> None:
    old = record(a={"type": "string"})
    new = {"$schema": "http://json-schema.org/draft-07/schema#", **old}
    assert told(old, new) == ["input: written differently, with the same meaning"]
    dated = record(a={"type": "string", "format": "date"})
    newer = {"$schema": "http://json-schema.org/draft-07/schema#", **dated}
    assert any(change.breaking for change in input_changes(dated, newer))


def test_what_cannot_be_read_is_harmless_only_if_it_is_the_same() -> None:
    old = {"type": "object", "properties": {"a": {}}, "unevaluatedProperties": False}
    described = {**old, "description": "x"}
    assert told(old, described) == ["input: description added"]
    assert any(c.breaking for c in input_changes(old, {**old, "properties": {"a": {}, "b": {}}}))


def test_among_fields_that_changed_their_names_each_finds_its_own() -> None:
    text, number = {"type": "string"}, {"type": "integer"}
    old = record(comment={**text, "description": "Said"}, amount=number, title=text)
    new = record(remark={**text, "description": "Said"}, amounts=number, heading=text)
    changes = output_changes(old, new)
    assert [(c.place, c.what) for c in changes if "renamed" in c.what] == [
        ("output./comment", 'output field renamed to "remark"'),
        ("output./amount", 'output field renamed to "amounts"'),
    ]
    assert [c.place for c in changes if c.what == "output field removed"] == ["output./title"]


def test_a_field_with_slashes_and_tildes_has_one_place() -> None:
    old = record(**{"a/b~c": {"type": "string"}})
    new = record(**{"a/b~c": {"type": "integer"}})
    assert [c.place for c in output_changes(old, new)] == ["output./a~1b~0c"]


@pytest.mark.parametrize("reference", ["#/$defs/A", "#/$defs/B"])
def test_references_that_only_lead_to_each_other_come_to_an_end(reference: str) -> None:
    old = {"$ref": reference, "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}
    new = copy.deepcopy(old)
    new["$defs"]["B"] = {"type": "object"}  # type: ignore[index]
    assert input_changes(old, new)
    assert output_changes(new, old)
