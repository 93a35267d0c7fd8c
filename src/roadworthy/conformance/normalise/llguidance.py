"""A schema as the grammar compiler llguidance reads it, and what its grammar loses.

The compiler takes most of JSON Schema as it stands, so values keep their form. What it refuses is
taken out beforehand and named, because one refused keyword would cost the whole grammar; and what
it reads otherwise than the validator does (siblings of `$ref` in old drafts, `oneOf`) is put into
words that both read alike. Then it is compiled: a form is tried, not believed.

Source: llguidance 1.9.1, `docs/json_schema.md`, and what its compiler answered, November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from roadworthy.conformance.normalise.facts import is_plain_pattern
from roadworthy.conformance.normalise.keywords import ASSERTIONS
from roadworthy.conformance.normalise.loss import Loss, NotStrict
from roadworthy.conformance.normalise.spots import Sources, Spot
from roadworthy.conformance.normalise.unions import are_disjoint
from roadworthy.conformance.pointer import Part, pointer_of

__all__ = ["GrammarForm", "grammar_form"]

_REFUSED: Final = frozenset(
    (
        *("not", "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas"),
        *("uniqueItems", "contains", "minContains", "maxContains", "propertyNames"),
        *("unevaluatedProperties", "unevaluatedItems", "contentEncoding", "contentMediaType"),
        *("$dynamicRef", "$recursiveRef"),
    )
)
_FORMATS: Final = frozenset(
    (
        *("date-time", "time", "date", "duration", "email", "hostname"),
        *("ipv4", "ipv6", "uuid", "uri", "unknown"),
    )
)
# Where the caller's own words for the compiler, and words meant for others, would travel along.
_NOT_SENT: Final = frozenset(
    ("x-guidance", "x-alias", "x-aliases", "$comment", "examples", "default")
)
_WORDS: Final = frozenset(("title", "description", "deprecated", "readOnly", "writeOnly"))
_NO_SCHEMA: Final = frozenset(("enum", "const", "required", "type"))
_MAPS: Final = frozenset(
    ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
)
_BOUNDS: Final = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
# Free white space lets a small model loop in it until the token limit: 2 of 30 answers, measured.
_COMPACT: Final = {"whitespace_flexible": False}
_LENIENT: Final = {**_COMPACT, "lenient": True}
_OF_LEAVES: Final = (
    *("pattern", "format", "minLength", "maxLength", "multipleOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)
_MAX_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class GrammarForm:
    """A schema that the compiler accepts, its options included."""

    schema: dict[str, Any]
    losses: tuple[Loss, ...]


def grammar_form(source: dict[str, Any]) -> GrammarForm:
    """The schema as a grammar can hold it. ``source`` is a schema that compiles.

    Raises:
        NotStrict: the compiler takes no form of it; the message is the compiler's.
    """
    taken = _Taken(Sources(source))
    schema = taken.schema(source, ())
    losses = list(taken.losses.values())
    for without in (None, _without_refused_leaves, _without_counts, _without_beside_references):
        if without is not None:
            schema = without(schema, (), losses)
        tried = {**schema, "x-guidance": _COMPACT}
        refused, messages = _compile(tried)
        if not refused:
            return GrammarForm(tried, (*losses, *_warnings(messages)))
    tried = {**schema, "x-guidance": _LENIENT}
    refused, messages = _compile(tried)
    if refused:
        raise NotStrict("; ".join(message[:_MAX_REASON] for message in messages))
    return GrammarForm(tried, (*losses, *_warnings(messages)))


def _warnings(messages: list[str]) -> Iterator[Loss]:
    return (_loss("", "", message) for message in messages)


def _compile(schema: dict[str, Any]) -> tuple[bool, list[str]]:
    """Whether the compiler refuses, and its reasons or warnings."""
    from llguidance import LLMatcher

    grammar = "%llguidance {}\nstart: %json " + msgspec.json.encode(schema).decode()
    refused, messages = LLMatcher.validate_grammar_with_warnings(grammar)
    reasons = [message.partition("\n")[0].strip() for message in messages]
    return refused, [reason.partition("JSON schema: ")[2] or reason for reason in reasons]


def _loss(path: str, keyword: str, reason: str) -> Loss:
    return Loss(mode="grammar", path=path, keyword=keyword, reason=reason[:_MAX_REASON])


@dataclass(slots=True)
class _Taken:
    sources: Sources
    losses: dict[tuple[str, str], Loss] = field(default_factory=dict)
    _references: list[str] | None = None

    def schema(self, node: dict[str, Any], path: tuple[Part, ...]) -> dict[str, Any]:
        """The node with all that the compiler refuses taken out, here and below."""
        reference = node.get("$ref")
        alone = self.sources.legacy and isinstance(reference, str)
        sent: dict[str, Any] = {}
        for keyword, value in node.items():
            binds = self.sources.binds(keyword, value)
            if keyword in _NOT_SENT or (alone and binds and keyword != "$ref"):
                continue
            if isinstance(reference, str) and keyword in _WORDS:
                continue  # the compiler wants nothing at all beside a reference to what is around
            if keyword in _REFUSED or not self._takes(keyword, value):
                if binds:
                    self._lose(path, keyword)
                continue
            sent[keyword] = self._below(keyword, value, (*path, keyword))
        _modernise_bounds(sent)
        if "oneOf" in sent and "anyOf" not in sent:
            self._join(node, sent, path)
        return sent

    def _takes(self, keyword: str, value: Any) -> bool:
        if keyword == "format":
            return value in _FORMATS
        if keyword == "pattern":
            return isinstance(value, str) and is_plain_pattern(value)
        if keyword == "patternProperties" and isinstance(value, dict):
            return all(map(is_plain_pattern, value))
        return True

    def _below(self, keyword: str, value: Any, path: tuple[Part, ...]) -> Any:
        if keyword in _NO_SCHEMA:
            return value
        if isinstance(value, list):
            return [
                self.schema(sub, (*path, index)) if isinstance(sub, dict) else sub
                for index, sub in enumerate(value)
            ]
        if not isinstance(value, dict):
            return value
        if keyword in _MAPS:
            return {
                name: self.schema(sub, (*path, name)) if isinstance(sub, dict) else sub
                for name, sub in value.items()
            }
        if keyword in ASSERTIONS or self._is_referred_to(path):
            return self.schema(value, path)
        return value

    def _is_referred_to(self, path: tuple[Part, ...]) -> bool:
        """Whether references lead into this value of a keyword that is none."""
        if self._references is None:
            self._references = list(_references(self.sources.root))
        pointer = "#" + pointer_of(path)
        return any(reference.startswith(pointer) for reference in self._references)

    def _join(self, node: dict[str, Any], sent: dict[str, Any], path: tuple[Part, ...]) -> None:
        sent["anyOf"] = sent.pop("oneOf")
        branches = [
            [Spot(branch, (*path, "oneOf", index))]
            for index, branch in enumerate(node["oneOf"])
            if isinstance(branch, dict)
        ]
        if len(branches) != len(node["oneOf"]) or not are_disjoint(self.sources, branches):
            self._lose(path, "oneOf", "becomes anyOf: an answer may fit several alternatives")

    def _lose(self, path: tuple[Part, ...], keyword: str, reason: str = "") -> None:
        pointer = pointer_of((*path, keyword))
        reason = reason or "the grammar does not enforce it"
        self.losses.setdefault((pointer, keyword), _loss(pointer, keyword, reason))


def _references(node: Any) -> Iterator[str]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield unquote(node["$ref"])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _modernise_bounds(schema: dict[str, Any]) -> None:
    """Draft 4's ``exclusiveMinimum: true`` in the words of later drafts."""
    for bound, exclusive in _BOUNDS:
        flag = schema.get(exclusive)
        if isinstance(flag, bool):
            del schema[exclusive]
            if flag and bound in schema:
                schema[exclusive] = schema.pop(bound)


def _without_counts(node: Any, path: tuple[Part, ...], losses: list[Loss]) -> Any:
    """Without counts of properties, which are taken only where none declared may be missing."""

    def counts(schema: dict[str, Any]) -> set[str]:
        return {k for k in ("minProperties", "maxProperties") if isinstance(schema.get(k), int)}

    return _without(node, counts, path, losses)


def _without_refused_leaves(node: Any, path: tuple[Part, ...], losses: list[Loss]) -> Any:
    """Without those constraints on strings and numbers that the compiler refuses by themselves."""
    return _without(node, _refused_leaves, path, losses)


def _without_beside_references(node: Any, path: tuple[Part, ...], losses: list[Loss]) -> Any:
    """Without what binds beside references, which the compiler refuses where they are circular."""

    def beside(schema: dict[str, Any]) -> set[str]:
        return set(schema) & (ASSERTIONS - {"$ref"}) if "$ref" in schema else set()

    return _without(node, beside, path, losses)


def _refused_leaves(schema: dict[str, Any]) -> set[str]:
    named: dict[str, Any] = {k: schema[k] for k in _OF_LEAVES if k in schema}
    if not named:
        return set()
    fragment = named | ({"type": schema["type"]} if "type" in schema else {})
    if not _compile(fragment)[0]:
        return set()
    for keyword in named:
        if not _compile({k: v for k, v in fragment.items() if k != keyword})[0]:
            return {keyword}
    return set(named)


def _without(
    node: Any,
    unwanted: Callable[[dict[str, Any]], set[str]],
    path: tuple[Part, ...],
    losses: list[Loss],
) -> Any:
    """The schema without these keywords of each node; names of properties are no keywords."""
    if isinstance(node, list):
        return [_without(sub, unwanted, (*path, i), losses) for i, sub in enumerate(node)]
    if not isinstance(node, dict):
        return node
    out = set() if path and path[-1] in _MAPS else unwanted(node)
    reason = "the compiler refuses it there"
    losses.extend(_loss(pointer_of((*path, keyword)), keyword, reason) for keyword in sorted(out))
    return {
        key: value if key in _NO_SCHEMA else _without(value, unwanted, (*path, key), losses)
        for key, value in node.items()
        if key not in out
    }
