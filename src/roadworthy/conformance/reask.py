"""Asking again for what failed, and for nothing else.

The model is shown what is kept, the places that failed and why, and answers with one flat object
that holds only those places; its answer is merged back. The whole answer is asked again only
where nothing could be read, the root itself fails, or most of it would have to be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from roadworthy.conformance.locate import Located, locate, self_contained
from roadworthy.conformance.pointer import parts_of, pointer_of, replaced
from roadworthy.conformance.read import Reading
from roadworthy.conformance.schema import OutputSchema, compile_schema
from roadworthy.conformance.violations import describe
from roadworthy.core import Message, Violation
from roadworthy.core.errors import InvalidSchema

__all__ = ["Reask", "merge", "plan_reask"]

MAX_PATHS: Final = 8
"""Beyond so many places a patch is longer than the answer."""
_MAX_SHOWN_CHARS: Final = 8_000
_MAX_DRAFT_CHARS: Final = 1_000


class Reask(msgspec.Struct, frozen=True, kw_only=True):
    """One further question to the model."""

    messages: list[Message]
    """All there is to send: they state the schema in words too, so no instruction is missing."""
    schema: dict[str, Any]
    """What the answer to *this* question must conform to."""
    paths: tuple[str, ...]
    """The places asked for; ``("",)`` is the whole answer."""
    names: tuple[str, ...] = ()
    """The patch's properties, one for each path; empty for the whole answer."""

    @property
    def whole(self) -> bool:
        return not self.names


def plan_reask(
    schema: OutputSchema, reading: Reading, *, messages: Sequence[Message], text: str
) -> Reask:
    """The smallest question whose answer can make this reading conform.

    ``messages`` are those that led to ``text``, the model's answer as it came.
    """
    places = _places(schema, reading)
    patch = _patch_schema(schema, places) if places else None
    shown = _encoded(reading.value)
    if patch is None or shown is None:
        return _ask_whole(schema, reading, messages, text)
    paths = tuple(pointer_of(place.parts) for place in places)
    names = _names(places)
    return Reask(
        messages=[
            *messages,
            {"role": "assistant", "content": shown},
            {"role": "user", "content": _patch_text(reading.violations, paths, names, patch)},
        ],
        schema=patch,
        paths=paths,
        names=names,
    )


def merge(value: Any, patch: dict[str, Any], reask: Reask) -> Any:
    """The value with each place that the patch names put in; every other node is left as it is.

    Names that were not asked for are ignored. The value handed in is not changed.
    """
    for name, path in zip(reask.names, reask.paths, strict=True):
        if name in patch:
            value = replaced(value, parts_of(path), patch[name])
    return value


def _places(schema: OutputSchema, reading: Reading) -> list[Located]:
    """What to ask for, outermost places only; empty: ask for the whole."""
    if not reading.found or not isinstance(reading.value, dict | list):
        return []
    found: dict[tuple[str, ...], Located] = {}
    for violation in reading.violations:
        place = locate(schema.source, parts_of(violation.path))
        found[place.parts] = place
    outer = [
        p for p in found.values() if not any(p.parts[:n] in found for n in range(len(p.parts)))
    ]
    if len(outer) > MAX_PATHS or any(not place.parts for place in outer):
        return []
    return outer


def _patch_schema(schema: OutputSchema, places: list[Located]) -> dict[str, Any] | None:
    names = _names(places)
    flat = {
        "type": "object",
        "properties": {n: place.schema for n, place in zip(names, places, strict=True)},
        "required": list(names),
        "additionalProperties": False,
    }
    patch = self_contained(flat, schema.source)
    try:
        return None if patch is None else compile_schema(patch).source
    except InvalidSchema:
        # A part can need what only its whole has: an anchor, an identifier, a dynamic reference.
        return None


def _names(places: list[Located]) -> tuple[str, ...]:
    """Property names that every provider accepts; a field at the root keeps its own."""
    names: list[str] = []
    for place in places:
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", "_".join(place.parts))[:56] or "field"
        choices = (plain, *(f"{plain}_{number}" for number in range(2, MAX_PATHS + 2)))
        names.append(next(name for name in choices if name not in names))
    return tuple(names)


def _encoded(value: Any) -> str | None:
    """The value as JSON; None where it holds what JSON cannot."""
    try:
        return msgspec.json.encode(value).decode()
    except (ValueError, RecursionError):
        return None


def _patch_text(
    violations: Sequence[Violation],
    paths: Sequence[str],
    names: Sequence[str],
    schema: dict[str, Any],
) -> str:
    lines = []
    for path, name in zip(paths, names, strict=True):
        mine = [v for v in violations if v.path == path or v.path.startswith(path + "/")]
        lines.append(f"- {name}: {describe(mine)}")
    return (
        "That answer is accepted except for the following. Give only these again, corrected, as "
        "one JSON object with exactly these properties; all else is kept.\n"
        + "\n".join(lines)
        + "\nIts JSON Schema: "
        + msgspec.json.encode(schema).decode()
    )


def _ask_whole(
    schema: OutputSchema, reading: Reading, messages: Sequence[Message], text: str
) -> Reask:
    text = text.encode(errors="replace").decode()
    # A draft that ran away (loops, prose) would only be continued: a part of it is enough.
    shown = text if reading.found and len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_DRAFT_CHARS]
    request = (
        f"That answer cannot be used: {describe(reading.violations)}. Answer again, as one JSON "
        "value that conforms to the schema, and with nothing else."
    )
    draft: list[Message] = [{"role": "assistant", "content": shown}] if shown.strip() else []
    return Reask(
        messages=[*messages, *draft, {"role": "user", "content": request}],
        schema=schema.source,
        paths=("",),
    )
