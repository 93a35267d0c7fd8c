from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.client.partial import PartialReader
from roadworthy.client.stream import piece_of
from roadworthy.client.typed import typed
from roadworthy.conformance.pointer import parts_of, value_at
from roadworthy.core.errors import OutputNonconforming
from roadworthy.models.sse import Event

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
documents = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@given(documents, st.integers(1, 9))
def test_what_is_closed_stays_as_it_is(document: dict[str, Any], size: int) -> None:
    text = json.dumps(document)
    reader = PartialReader(is_json=True)
    partials = [reader.feed(text[i : i + size]) for i in range(0, len(text), size)]
    for partial in partials:
        for path in partial.closed:
            closed, final = (value_at(v, parts_of(path)) for v in (partial.value, document))
            assert json.dumps(closed) == json.dumps(final)
    assert "".join(partial.text_delta for partial in partials) == text
    assert json.dumps(partials[-1].value) == text
    assert "" in partials[-1].closed


def test_a_partial_is_a_snapshot() -> None:
    reader = PartialReader(is_json=True)
    before = reader.feed('{"a":[{"b":"x"},{"c":"y')
    reader.feed('es"},1],"d":2}')
    assert before.value == {"a": [{"b": "x"}, {"c": "y"}]}
    assert before.open == ("", "/a", "/a/1", "/a/1/c")
    assert before.closed == {"/a/0", "/a/0/b"}
    assert not before.is_closed("/d")


def test_nothing_is_known_before_the_value_begins() -> None:
    partial = PartialReader(is_json=True).feed(" ")
    assert (partial.value, partial.closed) == (None, frozenset())


def test_free_text_is_open_until_its_end() -> None:
    reader = PartialReader(is_json=False)
    assert reader.feed("{Hello").value == "{Hello"
    assert reader.feed(" you").value == "{Hello you"
    assert not reader.feed("").is_closed("")


class Struct(msgspec.Struct):
    a: int


@dataclass
class Data:
    a: int


@pytest.mark.parametrize("output", [Struct, Data])
def test_a_value_takes_the_class_that_declares_it(output: Any) -> None:
    assert typed({"a": 1}, output) == output(a=1)
    with pytest.raises(ValueError, match="a"):
        typed({"b": 1}, output)


def test_the_events_of_the_task_surface_are_pieces() -> None:
    assert piece_of(Event(b"call", b'{"form": "json"}')) is True
    assert piece_of(Event(b"call", b'{"form": "text"}')) is False
    assert piece_of(Event(b"text", b'{"text": "x"}')) == "x"
    told = {"error": {"message": "no", "code": "output_nonconforming"}, "status": 422, "call": "c"}
    with pytest.raises(OutputNonconforming) as caught:
        piece_of(Event(b"error", msgspec.json.encode(told)))
    assert caught.value.call_id == "c"
