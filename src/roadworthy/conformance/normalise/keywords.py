"""What JSON Schema's keywords are to a normaliser: which say something about a value, of which
kind of value, and in which drafts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

__all__ = ["APPLIES_TO", "ASSERTIONS", "draft_of", "format_binds", "says_something"]

# fmt: off
APPLIES_TO: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
        frozenset({"string"})),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        frozenset({"number", "integer"})),
    **dict.fromkeys(
        ("items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems",
         "contains", "minContains", "maxContains", "unevaluatedItems"), frozenset({"array"})),
    **dict.fromkeys(
        ("properties", "required", "additionalProperties", "patternProperties", "propertyNames",
         "minProperties", "maxProperties", "unevaluatedProperties", "dependencies",
         "dependentRequired", "dependentSchemas"), frozenset({"object"})),
}
"""Keywords that bind one kind of value and pass over all others."""
# fmt: on
_ANY: Final = frozenset(
    (
        *("type", "enum", "const", "$ref", "$dynamicRef", "$recursiveRef"),
        *("allOf", "anyOf", "oneOf", "not", "if", "then", "else"),
    )
)
ASSERTIONS: Final = _ANY | APPLIES_TO.keys()
"""Keywords that can make a value fail; all others are annotations."""
_NO_FORMAT: Final = "\x00 {\\ ["
"""A text of no format at all."""
_SINCE_6: Final = frozenset(("const", "contains", "propertyNames"))
_SINCE_7: Final = frozenset(("if", "then", "else"))
_CONTENT: Final = frozenset(("contentEncoding", "contentMediaType"))
"""Annotations since 2019-09; the validator checks them in drafts 6 and 7."""
_SINCE_2019: Final = frozenset(
    (
        *("dependentRequired", "dependentSchemas", "minContains", "maxContains"),
        *("unevaluatedItems", "unevaluatedProperties", "$recursiveRef", "prefixItems"),
        "$dynamicRef",
    )
)


@lru_cache(maxsize=512)
def format_binds(name: str, draft: str) -> bool:
    """Whether the validator checks this format in a draft; drafts have come to know more."""
    schema = {"$schema": draft, "format": name} if draft else {"format": name}
    try:
        validator = jsonschema_rs.validator_for(schema, validate_formats=True, offline=True)
    except ValueError:
        return False
    return not validator.is_valid(_NO_FORMAT)


def says_something(keyword: str, value: Any, draft: int) -> bool:
    """Whether the keyword can make a value fail in this draft."""
    if keyword not in ASSERTIONS:
        return False
    if (draft < 6 and keyword in _SINCE_6) or (draft < 7 and keyword in _SINCE_7):
        return False
    if draft <= 7 and keyword in _SINCE_2019:
        return False
    if keyword in _CONTENT and draft > 7:
        return False
    return not _is_empty(keyword, value)


def _is_empty(keyword: str, value: Any) -> bool:
    """Values with which a keyword lets everything through."""
    if keyword in ("minItems", "minLength", "minProperties"):
        return value in (0, None)
    if keyword == "uniqueItems":
        return value is False
    if keyword in ("items", "additionalItems", "additionalProperties", "propertyNames"):
        return value is True or value == {}
    if keyword in ("unevaluatedItems", "unevaluatedProperties"):
        return value is True or value == {}
    return keyword in ("properties", "patternProperties", "required", "allOf") and not value


def draft_of(root: dict[str, Any]) -> int:
    """The draft that the schema is written for: 3, 4, 6, 7, or 2020 for all since."""
    named = root.get("$schema")
    text = named if isinstance(named, str) else ""
    for number in (3, 4, 6, 7):
        if f"draft-0{number}" in text:
            return number
    return 2020
