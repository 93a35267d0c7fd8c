from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.tasks.definition import Template
from roadworthy.tasks.template_check import check_templates, included_blocks
from roadworthy.tasks.template_source import assigned_names, includes, line_of_name, tags

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "comment": {"type": "string"},
        "order": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "by": {"$ref": "#/$defs/Person"}},
            "additionalProperties": False,
        },
        "extra": {"type": "object"},
    },
    "$defs": {
        "Person": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "additionalProperties": False,
        }
    },
}
BLOCKS = {
    "voice.md": "Be {{ tone }}.",
    "plain.md": "{% include 'footer.md' %}",
    "footer.md": "Bye.",
    "unused.md": "{{ nobody }}",
    "loop.md": "{% include 'loop.md' %}",
}


def check(source: str, schema: dict[str, Any] = SCHEMA) -> list[str]:
    templates = [Template(role="user", source=source, file="u.md")]
    blocks, faults = included_blocks(templates, BLOCKS)
    faults += check_templates(
        templates, blocks=blocks, input_schema=schema, schema_file="task.toml"
    )
    return [str(fault) for fault in faults]


@pytest.mark.parametrize(
    "source",
    [
        "{{ comment }} {{ order.by.name }} {{ extra.anything.at.all }}",
        "{% for key, value in order|items %}{{ loop.index }}{{ key }}{{ value }}{% endfor %}",
        "{% for key in order.items() %}{{ key }}{% endfor %}",
        "{% set tone = 'kind' %}{% include 'voice.md' %}",
        "{% include 'plain.md' %}{% include ['none.md', 'footer.md'] %}",
        "{% include 'none.md' ignore missing %}",
        "{% raw %}{{ nobody }}{% include 'none.md' %}{% endraw %}{# {{ nobody }} #}",
        "{% if comment is defined and comment is not none %}{{ comment|upper|trim }}{% endif %}",
        "{{ '{{ nobody }} |nofilter' }}",
        "{% macro hi(name) %}Hi {{ name }}{% endmacro %}{{ hi(comment) }}",
        "{% for i in range(3) %}{{ i }}{% endfor %}",
    ],
)
def test_a_sound_template_has_no_fault(source: str) -> None:
    assert check(source) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("one\n{{ coment }}", 'u.md:2: unknown variable "coment"; did you mean "comment"?'),
        ("{{ order.idd }}", 'u.md:1: unknown field "order.idd"; did you mean "id"?'),
        ("{{ order.by.nme }}", 'u.md:1: unknown field "order.by.nme"; did you mean "name"?'),
        ("\n{{ comment|uper }}", 'u.md:2: unknown filter "uper"; did you mean "upper"?'),
        ("{{ comment|attr('x') }}", 'u.md:1: unknown filter "attr"'),
        ("{% if comment is nne %}{% endif %}", 'u.md:1: unknown test "nne"; did you mean "none"?'),
        ("{{ nofunction() }}", 'u.md:1: unknown variable "nofunction"'),
        ("a\n{{ comment", "u.md:2: unexpected end of input"),
        ("{% include 'vioce.md' %}", 'u.md:1: no block "vioce.md"; did you mean "voice.md"?'),
        ("{% include comment %}", "u.md:1: an included block's name must be written out"),
        ("{% include 'voice' ~ '.md' %}", "u.md:1: an included block's name must be written out"),
        ("{% include '../roadworthy.toml' %}", 'u.md:1: no block "../roadworthy.toml"'),
        ("{% include 'voice.md' %}", 'blocks/voice.md:1: unknown variable "tone"'),
        ("{% include 'loop.md' %}", 'blocks/loop.md:1: block "loop.md" includes itself'),
    ],
)
def test_a_template_at_fault_names_the_nearest(source: str, fault: str) -> None:
    found = check(source)
    assert len(found) == 1, found
    assert found[0].startswith(fault)


def test_a_task_without_input_is_told_how_to_declare_it() -> None:
    found = check("{{ comment }}", {"type": "object", "properties": {}})
    assert found == [
        'u.md:1: unknown variable "comment"; the task declares no input:'
        " add [input.fields.comment] to task.toml"
    ]


def test_an_open_input_may_hold_any_field() -> None:
    assert check("{{ whatever }}", {"type": "object", "additionalProperties": True}) == []


def test_only_the_blocks_that_are_reached_belong_to_a_task() -> None:
    templates = [
        Template(role="user", source="{% include 'plain.md' %}", file="u.md"),
        Template(role="user", source="{% include 'unused.md' %}", file="e.jsonl", literal=True),
    ]
    assert list(included_blocks(templates, BLOCKS)[0]) == ["footer.md", "plain.md"]


def test_tags_know_their_lines() -> None:
    source = "a\n{{ one }}{# two\n #}\n{%- set three = '%}' -%}{% raw %}{{ four }}{% endraw %}{{ x"
    assert [(tag.statement, tag.body, tag.line) for tag in tags(source)] == [
        (False, "one", 2),
        (True, "set three = '%}'", 4),
        (False, "x", 4),
    ]
    assert assigned_names(source) == {"three"}
    assert line_of_name("{{ a.b\n + b }}", "b") == 2


PIECES = ["{{", "}}", "{%", "%}", "{#", "#}", "raw", "endraw", "include ", "'", '"', "[", "]"]


@given(st.lists(st.sampled_from([*PIECES, "a.md", "\\", "\n", "-", "|", " is "])))
def test_no_text_makes_the_check_raise(pieces: list[str]) -> None:
    source = "".join(pieces)
    includes(source)
    check(source)
