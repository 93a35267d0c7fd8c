"""Ways to spoil the content of an answer whose form is right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from roadworthy.conformance.pointer import replaced
from roadworthy.testing.misbehaviour.exchange import Exchange, Question, Way, written

__all__ = ["CONTENTS"]


def wrong_types(q: Question) -> Exchange:
    """A leaf of another type."""
    return _with_leaf(q, lambda leaf: q.rng.choice((str(leaf), [leaf], {"value": leaf}, True, 0)))


def missing_field(q: Question) -> Exchange:
    """A property or an item is left out."""
    return _with_container(q, _without_one)


def extra_field(q: Question) -> Exchange:
    """A property that nobody asked for, or one item more."""
    return _with_container(q, _with_one_more)


def nulls(q: Question) -> Exchange:
    """Null for what the model does not know."""
    return _with_leaf(q, lambda _: None)


def not_a_number(q: Question) -> Exchange:
    """NaN or an infinity, which Python writes and JSON does not have."""
    return _with_leaf(q, lambda _: float(q.rng.choice(("nan", "inf", "-inf"))))


def huge_number(q: Question) -> Exchange:
    """A number that no machine type holds."""
    marked = written(_replaced_leaf(q, lambda _: "\0"))
    huge = q.rng.choice(("1e400", "9" * 400, "-1e-400", "1" + "0" * 5_000, "0." + "1" * 400))
    return Exchange(text=marked.replace('"\\u0000"', huge))


def out_of_range(q: Question) -> Exchange:
    """Numbers far outside, texts far too long."""
    return _with_leaf(q, lambda leaf: leaf * 1_000 if isinstance(leaf, str) else -12_345.678)


def deep_nesting(q: Question) -> Exchange:
    """A leaf inside hundreds or thousands of brackets."""
    depth = q.rng.choice((150, 250, 900, 5_000))
    marked = written(_replaced_leaf(q, lambda _: "\0"))
    opening, closing = q.rng.choice((("[", "]"), ('{"a":', "}")))
    return Exchange(text=marked.replace('"\\u0000"', opening * depth + "1" + closing * depth))


def lone_surrogate(q: Question) -> Exchange:
    """Half of a character, as an escape or as it is."""
    marked = written(_replaced_leaf(q, lambda leaf: f"{leaf}\0"))
    return Exchange(text=marked.replace("\\u0000", q.rng.choice(("\\ud83d", "\udc00", "\\uD800x"))))


def wrong_case(q: Question) -> Exchange:
    """Every text in capitals, with a full stop."""
    return _with_leaf(q, lambda leaf: f" {leaf.upper()}." if isinstance(leaf, str) else leaf)


def unknown_option(q: Question) -> Exchange:
    """A word of the model's own."""
    return _with_leaf(q, lambda _: q.rng.choice(("mixed", "other", "N/A", "unknown", "")))


def keys_in_another_style(q: Question) -> Exchange:
    """`totalAmount` for `total_amount`, `Total Amount`, `TOTAL_AMOUNT`."""
    style = q.rng.choice((_camel, str.upper, str.title, lambda key: key.replace("_", " ")))
    return Exchange(text=written(_with_keys(q.value, style)))


def wrapped(q: Question) -> Exchange:
    """The answer inside an object or a list that nobody asked for."""
    name = q.rng.choice(("answer", "result", "value", "data"))
    wrapping = ({name: q.value}, [q.value], {"status": "ok", name: q.value}, {"items": [q.value]})
    return Exchange(text=written(q.rng.choice(wrapping)))


def unwrapped(q: Question) -> Exchange:
    """A part of the answer, as if it were all."""
    parts = [part for _, part in _nodes(q.value)]
    return Exchange(text=written(q.rng.choice(parts)))


def other_question(q: Question) -> Exchange:
    """The answer to another question."""
    others: tuple[Any, ...] = (
        {"weather": "rain", "degrees": 7},
        [1, 2, 3],
        "Paris",
        42,
        {},
        [],
        None,
    )
    return Exchange(text=written(q.rng.choice(others)))


def schema_echoed(q: Question) -> Exchange:
    """The schema instead of a value of it."""
    return Exchange(text=written(q.schema or {"type": "object", "properties": {}, "required": []}))


def placeholders(q: Question) -> Exchange:
    """A template to be filled in."""
    return _with_leaf(q, lambda _: q.rng.choice(("<string>", "...", "{{value}}", "TODO")))


def elided(q: Question) -> Exchange:
    """Three dots for the rest."""
    text = q.text
    return Exchange(
        text=text[: -len(text) // 3] + q.rng.choice(("...", "…", "// etc.")) + text[-1:]
    )


def units_on_numbers(q: Question) -> Exchange:
    """Numbers with units, separators or words."""
    shapes: tuple[Callable[[Any], str], ...] = (
        lambda n: f"{n} kg",
        lambda n: f"{n},000",
        lambda n: f"about {n}",
        lambda n: f"${n}",
        lambda n: f"{n}%",
        lambda n: f"{n}-{n}",
    )
    shape = q.rng.choice(shapes)
    return _with_leaf(q, lambda leaf: leaf if isinstance(leaf, str) else shape(leaf))


def words_for_values(q: Question) -> Exchange:
    """Yes, no and number words."""
    return _with_leaf(q, lambda _: q.rng.choice(("yes", "No", "three", "a dozen", "on", "0", "1")))


def changes_the_rest(q: Question) -> Exchange:
    """One field is mended and others are changed on the way, as whole answers to re-asks do."""
    value = _replaced_leaf(q, lambda _: None)
    other = Question(rng=q.rng, value=value, schema=q.schema)
    return Exchange(text=written(_replaced_leaf(other, lambda _: "changed")))


def _with_leaf(q: Question, change: Callable[[Any], Any]) -> Exchange:
    return Exchange(text=written(_replaced_leaf(q, change)))


def _replaced_leaf(q: Question, change: Callable[[Any], Any]) -> Any:
    leaves = [(p, n) for p, n in _nodes(q.value) if not isinstance(n, dict | list)]
    path, leaf = q.rng.choice(leaves or [((), q.value)])
    return replaced(q.value, list(path), change(leaf)) if path else change(leaf)


def _with_container(q: Question, change: Callable[[Question, Any], Any]) -> Exchange:
    containers = [(p, n) for p, n in _nodes(q.value) if isinstance(n, dict | list) and n]
    if not containers:
        return Exchange(text=written([q.value]))
    path, node = q.rng.choice(containers)
    changed = change(q, node)
    return Exchange(text=written(replaced(q.value, list(path), changed) if path else changed))


def _without_one(q: Question, node: Any) -> Any:
    if isinstance(node, dict):
        gone = q.rng.choice(list(node))
        return {key: value for key, value in node.items() if key != gone}
    return node[1:]


def _with_one_more(q: Question, node: Any) -> Any:
    if isinstance(node, dict):
        return {**node, q.rng.choice(("note", "confidence_score", "_id", "")): "more"}
    return [*node, q.rng.choice((node[-1], None, {"more": True}))]


def _nodes(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _nodes(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nodes(item, (*path, str(index)))


def _with_keys(value: Any, style: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {style(key): _with_keys(item, style) for key, item in value.items()}
    return [_with_keys(item, style) for item in value] if isinstance(value, list) else value


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(part.title() for part in rest)


CONTENTS: Final[tuple[Way, ...]] = (
    wrong_types,
    missing_field,
    extra_field,
    nulls,
    not_a_number,
    huge_number,
    out_of_range,
    deep_nesting,
    lone_surrogate,
    wrong_case,
    unknown_option,
    keys_in_another_style,
    wrapped,
    unwrapped,
    other_question,
    schema_echoed,
    placeholders,
    elided,
    units_on_numbers,
    words_for_values,
    changes_the_rest,
)
