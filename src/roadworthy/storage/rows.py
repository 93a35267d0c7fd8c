"""Makes of a call the row that the database holds of it, and back; pure."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.core import Call

__all__ = ["MAX_NAME", "call_of", "column_text", "row_of"]

MAX_NAME = 200
"""Characters of a name that a column holds; a caller may send longer ones, and an index entry
must fit a page. The call itself keeps them whole."""
_MAX_INT = 2**63 - 1
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Call)


def row_of(call: Call) -> dict[str, Any]:
    """The columns of a call whose texts were taken away.

    Raises:
        ValueError: a number does not fit the database.
    """
    row: dict[str, Any] = {
        "id": column_text(call.id),
        "task": column_text(call.task),
        "version": column_text(call.version),
        "model": column_text(call.model),
        "surface": call.surface,
        "stream": call.stream,
        "started_us": call.started_us,
        "duration_us": call.duration_us,
        "outcome": call.outcome,
        "error_code": None if call.error is None else column_text(call.error.code),
        "mode": call.mode,
        "input_tokens": call.usage.input_tokens,
        "output_tokens": call.usage.output_tokens,
        "cost_nusd": call.cost_nusd,
        "attempts": len(call.attempts),
        "repairs": len(call.repairs),
        "conversation_id": _optional_text(call.conversation_id),
        "schema_digest": _optional_text(call.schema_digest),
        "unit": _optional_text(call.unit),
        "gateway": column_text(call.gateway),
        "rest": _ENCODER.encode(call),
        "parent_id": _optional_text(call.parent_id),
        "root_id": _optional_text(call.root_id),
        "step": None if call.parent_id is None else column_text(call.step),
        "item": call.item,
        "resumes": _optional_text(call.resumes),
    }
    for name in ("started_us", "duration_us", "input_tokens", "output_tokens", "cost_nusd"):
        if not -_MAX_INT <= (row[name] or 0) <= _MAX_INT:
            raise ValueError(f"{name} does not fit 64 bits: {row[name]}")
    return row


def call_of(rest: bytes) -> Call:
    """The call without its texts, of the column `rest`."""
    return _DECODER.decode(rest)


def column_text(text: str) -> str:
    """A name as a column holds it: cut to `MAX_NAME`, without what a database refuses (the
    character NUL, lone surrogates)."""
    if len(text) <= MAX_NAME and text.isascii() and "\0" not in text:
        return text  # nearly always, and in a tenth of the time
    return text[:MAX_NAME].replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def _optional_text(text: str | None) -> str | None:
    return None if text is None else column_text(text)
