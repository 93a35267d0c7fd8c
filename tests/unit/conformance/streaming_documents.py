"""Documents, schemas and cuts for tests of streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from roadworthy.conformance import compile_schema, read_answer
from roadworthy.conformance.streaming import FieldStream

ARTICLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "mood": {"enum": ["glad", "sad", "sadder"]},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
        "share": {"type": "number"},
        "done": {"type": "boolean"},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
        "author": {"anyOf": [{"$ref": "#/$defs/author"}, {"type": "null"}]},
        "places": {"type": "array", "items": {"$ref": "#/$defs/author"}},
        "either": {"anyOf": [{"type": "string"}, {"type": "string", "minLength": 2}]},
    },
    "required": ["title"],
    "additionalProperties": False,
    "$defs": {
        "author": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
            "required": ["name"],
        }
    },
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
authors = st.fixed_dictionaries({"name": texts}, optional={"age": st.integers(0, 99)})
articles = st.fixed_dictionaries(
    {"title": texts},
    optional={
        "mood": st.sampled_from(["glad", "sad", "sadder", "SAD", "none"]),
        "stars": st.one_of(st.integers(0, 6), st.just("3")),
        "share": st.floats(allow_nan=False, allow_infinity=False),
        "done": st.booleans(),
        "code": st.sampled_from(["AB", "abc"]),
        "tags": st.lists(texts, max_size=5),
        "author": st.one_of(st.none(), authors),
        "places": st.lists(authors, max_size=3),
        "either": texts,
        "unknown": texts,
    },
)
"""Most conform; some need a repair, some can only be asked again."""
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def written(draw: st.DrawFn, documents: st.SearchStrategy[Any] = articles) -> str:
    """A document as models write them: with or without spaces and escapes, perhaps in prose."""
    text = json.dumps(
        draw(documents),
        indent=draw(st.sampled_from([None, 0, 2])),
        ensure_ascii=draw(st.booleans()),
    )
    before, after = draw(
        st.sampled_from(
            [
                ("", ""),
                (" \n", "\n"),
                ("```json\n", "\n```"),
                ("Here {you} are [1]:\n", "\nBye!"),
                ("<think>{ maybe }</think>", ""),
            ]
        )
    )
    return before + text + after


def cuts_of(text: str, at: list[int]) -> Iterator[str]:
    """The text in pieces, cut at these places."""
    edges = sorted({0, len(text), *(place % (len(text) + 1) for place in at)})
    for start, end in pairwise(edges):
        yield text[start:end]


def sent_of(text: str, pieces: Iterator[str]) -> tuple[str, str | None, Any]:
    """What was sent while it came, what its end adds, and the value that is delivered."""
    schema = compile_schema(ARTICLE)
    stream = FieldStream(schema)
    sent = "".join([stream.feed(piece) for piece in pieces])
    value = read_answer(text, schema, stop_reason="stop").value
    return sent, stream.finish(value), value
