from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.core.toml_lines import KeyPath, key_lines


def test_every_way_to_write_a_key_is_found() -> None:
    text = '''\
# a comment = 1
top = 1
a.b . "c.d" = """
not = "a key" \\""" still not
"""
[models."gpt 4"]   # why
list = [
  1, # one
  { x = 1, y.z = [2, 3] },
]
when = 1979-05-27 07:32:00
[[step]]
task = 'a'
[[step]]
[step.wires]
in = 1
'''
    lines = key_lines(text)
    assert lines[("top",)] == 2
    assert lines[("a", "b", "c.d")] == 3
    assert lines[("models", "gpt 4")] == 6
    assert lines[("models", "gpt 4", "list", 0)] == 8
    assert lines[("models", "gpt 4", "list", 1, "y", "z", 1)] == 9
    assert lines[("models", "gpt 4", "when")] == 11
    assert lines[("step", 0, "task")] == 13
    assert lines[("step", 1, "wires", "in")] == 16


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


def to_toml(value: Any) -> str:
    """A value in TOML's inline forms; JSON's strings are TOML's basic strings."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {to_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n".join(to_toml(item) for item in value) + "]"
    return json.dumps(value)


# No lone surrogates and nothing beyond the BMP: JSON would escape it in a way TOML refuses.
TEXT = st.text(st.characters(max_codepoint=0xD7FF, exclude_characters="\x7f"), max_size=6)
VALUES = st.recursive(
    st.integers(-(2**40), 2**40) | st.booleans() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(st.dictionaries(TEXT, VALUES, max_size=3), st.lists(st.dictionaries(TEXT, VALUES)))
def test_exactly_the_keys_that_tomllib_sees_are_found(
    top: dict[str, Any], tables: list[dict[str, Any]]
) -> None:
    top.pop("t", None)
    lines = [f"{json.dumps(key)} = {to_toml(value)}" for key, value in top.items()]
    for table in tables:
        lines += ["[[t]] # x", *(f"{json.dumps(k)} = {to_toml(v)}" for k, v in table.items())]
    text = "\n".join(lines)
    found = key_lines(text)
    assert found.keys() == set(paths(tomllib.loads(text)))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@given(st.text())
def test_a_text_that_is_not_toml_gives_no_error(text: str) -> None:
    key_lines(text)
