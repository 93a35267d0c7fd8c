"""Whether what one step gives is what the next one takes, told before anything runs. Pure.

Types, fields and closed sets of values are compared. Bounds on lengths and numbers, patterns and
formats are not: whether a value keeps them is seen when it is there, and the step's call fails
with an error that names the field. A schema that says nothing fits everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from roadworthy.tasks.chain.shapes import Shape

__all__ = ["KIND_NAMES", "kinds_in_words", "misfits"]

KIND_NAMES: Final = {
    "string": "text",
    "int": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "list": "a list",
    "map": "an object",
    "null": "null",
}
_MAX_DEPTH: Final = 12
_MAX_FAULTS: Final = 5


def misfits(given: Shape, taken: Shape, *, name: str) -> list[str]:
    """Why a value of one shape may not be one of the other, in words; empty: nothing is known.
    ``name`` is what the value is called in them."""
    found = []
    for message in _misfits(given, taken, name, _MAX_DEPTH):
        found.append(message)
        if len(found) == _MAX_FAULTS:
            break
    return found


def kinds_in_words(kinds: frozenset[str]) -> str:
    """What a value may be, ``text or null``."""
    return " or ".join(words for kind, words in KIND_NAMES.items() if kind in kinds)


def _misfits(given: Shape, taken: Shape, name: str, depth: int) -> Iterator[str]:
    if depth == 0 or given.says_nothing or taken.says_nothing:
        return
    have, want = given.type.kinds, taken.type.kinds
    odd = have - want - ({"int"} if "double" in want else set())
    if odd == have:
        yield f"{name} is {kinds_in_words(have)}, and {kinds_in_words(want)} is taken"
        return
    if odd:
        yield f"{name} may be {kinds_in_words(odd)}, and {kinds_in_words(want)} is taken"
        return
    if "string" in have:
        yield from _other_texts(given, taken, name)
    if "list" in have:
        yield from _misfits(given.item(), taken.item(), f"{name}[*]", depth - 1)
    if "map" in have:
        yield from _other_fields(given, taken, name, depth)


def _other_texts(given: Shape, taken: Shape, name: str) -> Iterator[str]:
    """Of a closed set of texts, those that the other does not have."""
    allowed = taken.type.options
    if allowed is None:
        return
    listed = ", ".join(f'"{text}"' for text in sorted(allowed)[:8])
    if given.type.options is None:
        yield f"{name} is any text, and one of {listed} is taken"
        return
    for text in sorted(given.type.options - allowed):
        yield f'{name} may be "{text}", and one of {listed} is taken'


def _other_fields(given: Shape, taken: Shape, name: str, depth: int) -> Iterator[str]:
    for field in dict.fromkeys([*taken.type.fields, *given.type.fields]):
        have, want = given.field(field), taken.field(field)
        called = f"{name}.{field}"
        declared = given.type.field(field) is not None and have is not None
        if want is None:
            if declared and field in given.type.fields:
                yield f"{called} is not taken"
        elif have is None or not declared:
            if want.required:
                yield f"{called} is required, and not there"
        elif want.required and not have.required and field in given.type.fields:
            yield f"{called} is required, and may be left out"
        else:
            yield from _misfits(have.shape, want.shape, called, depth - 1)
