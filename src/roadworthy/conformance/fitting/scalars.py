"""One scalar under its schema: each reading as (value, cost, kind of repair), or None.

``kind`` is empty where nothing was changed.
"""

from __future__ import annotations

import json
from typing import Any, Final, Protocol, TypeAlias

from roadworthy.conformance.fitting.folding import EDGES, match
from roadworthy.conformance.fitting.mentions import mentioned
from roadworthy.conformance.fitting.numbers import number_in
from roadworthy.conformance.parsing.nodes import Fields, Items, Node, Plain, Text, natural
from roadworthy.conformance.strict_json import MISSING

__all__ = [
    "FAIL",
    "Said",
    "as_boolean",
    "as_null",
    "as_number",
    "as_option",
    "as_string",
    "spelled",
]

Said: TypeAlias = tuple[Any, int, str]

FAIL: Final = 1_000
"""The cost of one thing that is missing or of the wrong type."""
_SPELLED: Final = 2
_UNIT: Final = 4
_NAMED: Final = 6
_AS_TEXT: Final = 3
_WRITTEN: Final = 12
_BOOLEANS: Final = {"true": [True], "yes": [True], "false": [False], "no": [False]}
_SENTENCE_BOOLEANS: Final = {"true": [True], "false": [False], "yes": [True], "no": [False]}
_NULLS: Final = frozenset(("null", "none", "undefined", "nil"))
_NOT_NUMBERS: Final = frozenset(("nan", "inf", "-inf", "infinity", "-infinity"))


class Scalar(Protocol):
    """What of a schema is needed here."""

    bounds: dict[str, Any]
    options: list[Any] | None
    choices: dict[str, Any]

    def takes(self, wanted: str) -> bool: ...


def as_null(node: Plain | Text, _: Scalar, __: str) -> Said | None:
    if isinstance(node, Plain):
        return (None, 0, "") if node.value is None else None
    word = node.value.strip(EDGES).casefold()
    if word in _NULLS:
        return None, _SPELLED, "null"
    # JavaScript's and Python's numbers that are none; JSON writes null for them.
    return (None, _UNIT, "null") if word in _NOT_NUMBERS and not node.quoted else None


def as_boolean(node: Plain | Text, _: Scalar, __: str) -> Said | None:
    if isinstance(node, Plain):
        if isinstance(node.value, bool):
            return node.value, 0, ""
        # The integers that every language takes for the two.
        return (bool(node.value), _SPELLED, "boolean") if node.value in (0, 1) else None
    found = match(node.value, _BOOLEANS)
    if found is not None:
        return found[0][0], _SPELLED, "boolean"
    named = mentioned(node.value, _SENTENCE_BOOLEANS) if node.prose else None
    return None if named is None else (named[0], _NAMED, "mention")


def as_number(node: Plain | Text, shape: Scalar, wanted: str) -> Said | None:
    cost, kind = 0, ""
    if isinstance(node, Plain):
        value = node.value
        if value is None or isinstance(value, bool):
            return None
    else:
        value = number_in(node.value, shape.bounds)
        if value is MISSING:
            return None
        plain = node.value.strip().lstrip("+-").replace(".", "", 1).isdigit()
        cost, kind = (_SPELLED, "number") if plain else (_UNIT, "number")
    if wanted == "integer" and isinstance(value, float):
        if not value.is_integer():
            return None
        return int(value), max(cost, 1), "number"
    return value, cost, kind


def as_string(node: Node, _: Scalar, __: str) -> Said | None:
    if isinstance(node, Text):
        return node.value, 0, ""
    if isinstance(node, Plain):
        return None if node.value is None else (node.spelled, _AS_TEXT, "string")
    return spelled(node), _WRITTEN, "string"


def as_option(node: Node, shape: Scalar) -> Said | None:
    """The option of an enum or const that the node is, or names."""
    value = natural(node)
    for option in shape.options or ():
        if _same(option, value) and not ("tail" in node.notes and _is_cut(str(value), shape)):
            return option, 0, ""
    if isinstance(node, Fields | Items):
        return None
    word = node.value if isinstance(node, Text) else node.spelled
    if "tail" in node.notes and _is_cut(word, shape):
        return None
    if (found := match(word, shape.choices)) is not None:
        return found[0][0], 1 + found[1], "enum"
    named = mentioned(word, shape.choices) if isinstance(node, Text) else None
    return None if named is None else (named[0], _NAMED, "mention")


def _is_cut(word: str, shape: Scalar) -> bool:
    """Whether a longer option may have been meant, had the answer gone on."""
    return any(name != word and name.startswith(word) for name in shape.choices)


def _same(option: Any, value: Any) -> bool:
    if isinstance(option, bool) or isinstance(value, bool):
        return option is value
    return bool(option == value)


def spelled(node: Node) -> str:
    """The node as it was written."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Plain):
        return node.spelled
    return node.written or json.dumps(natural(node), ensure_ascii=False)
