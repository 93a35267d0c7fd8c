"""Why an answer was not delivered as it came, without a word of what anybody wrote.

Repairs and violations name places by what stands in the answer: indexes, and names that the model
or the user chose. Here a place is told by the schema's own names alone, so that reasons can be
counted over many calls, and kept where no texts are. The pipeline's recorder is the caller.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from typing import Any, Final

from roadworthy.conformance.pointer import parts_of, pointer_of
from roadworthy.conformance.schema import OutputSchema
from roadworthy.core import Call, Reason, ReasonKind, Violation

__all__ = ["MAX_REASONS", "general_path", "reasons_of"]

MAX_REASONS: Final = 24
MAX_STEPS: Final = 8
MAX_NAME: Final = 60
ANY: Final = "*"
_DEEPER: Final = "…"
_VALUES: Final = frozenset(("const", "default", "enum", "examples"))
"""Keywords that hold values, in which nothing is declared."""


def reasons_of(call: Call, schema: OutputSchema) -> tuple[Reason, ...]:
    """The reasons of a call that has ended, each once, at most `MAX_REASONS`; empty: it conformed
    as it came, or no answer was judged.

    Repairs are those of the delivered value. What was violated counts as ``failure`` in the last
    answer of a call that failed, and else as ``reask``.
    """
    found = dict.fromkeys(_told(call, schema))
    return tuple(found)[:MAX_REASONS]


def general_path(pointer: str, schema: OutputSchema) -> str:
    """The pointer with ``*`` for every step that is no name which the schema declares."""
    declared = _declared(schema)
    parts = parts_of(pointer)
    steps = [part if part in declared else ANY for part in parts[:MAX_STEPS]]
    return pointer_of(steps + [_DEEPER] * (len(parts) > MAX_STEPS))


def _told(call: Call, schema: OutputSchema) -> Iterator[Reason]:
    outcome = call.outcome
    if outcome in ("repaired", "reasked"):
        for repair in call.repairs:
            path = general_path(repair.path, schema)
            yield Reason(kind="repair", name=repair.kind, path=path)
    if outcome in ("refused", "truncated"):
        yield Reason(kind="failure", name=outcome)
    if outcome not in ("reasked", "failed", "refused", "truncated"):
        return
    answers = [attempt.violations for attempt in call.attempts]
    last = answers.pop() if answers and outcome != "reasked" else ()
    if outcome == "failed":
        yield from _violated("failure", last, schema)
    for violations in answers:
        yield from _violated("reask", violations, schema)


def _violated(
    kind: ReasonKind, violations: Iterable[Violation], schema: OutputSchema
) -> Iterator[Reason]:
    for violation in violations:
        path = general_path(violation.path, schema)
        yield Reason(kind=kind, name=violation.keyword, path=path)


_kept: weakref.WeakKeyDictionary[OutputSchema, frozenset[str]] = weakref.WeakKeyDictionary()


def _declared(schema: OutputSchema) -> frozenset[str]:
    names = _kept.get(schema)
    if names is None:
        names = _kept[schema] = frozenset(_names(schema.source))
    return names


def _names(source: dict[str, Any]) -> Iterator[str]:
    """Names of properties, wherever in the schema they are declared."""
    waiting: list[Any] = [source]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
            continue
        if not isinstance(node, dict):
            continue
        properties, required = node.get("properties"), node.get("required")
        for names in (properties, required):
            if isinstance(names, dict | list):
                yield from (n for n in names if isinstance(n, str) and len(n) <= MAX_NAME)
        waiting += [below for keyword, below in node.items() if keyword not in _VALUES]
