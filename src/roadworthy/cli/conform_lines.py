"""One line of `roadworthy conform --jsonl` to one line of its output.

Whatever a line holds, one line comes out for it, at its place: what cannot be used is a `failed`
line whose error names the line and the remedy. Only blank lines give none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, get_args

import msgspec

from roadworthy.conformance import ConformResult, OutputSchema, RepairLevel, compile_schema, conform
from roadworthy.core import Repair, StopReason
from roadworthy.core.errors import InvalidInput, InvalidSchema, MalformedBody, OutputNonconforming

__all__ = ["MAX_LINE_BYTES", "Filter", "lines_of"]

MAX_LINE_BYTES: Final = 16_000_000
"""A longer line is not held in memory."""
_BOM: Final = b"\xef\xbb\xbf"
_STOP_REASONS: Final = get_args(StopReason)
_NO_ID: Final = msgspec.Raw()


class _Line(msgspec.Struct):
    """What is looked at of a line; whatever else it holds is left alone."""

    input: Any = msgspec.UNSET
    schema: Any = None
    stop_reason: Any = None
    id: msgspec.Raw = _NO_ID


class _Answer(msgspec.Struct, kw_only=True):
    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    outcome: str
    value: Any = None
    repairs: tuple[Repair, ...] = ()
    error: str | None = None


class Filter:
    """Answers lines. ``schema`` and ``stop_reason`` are for lines without their own."""

    def __init__(
        self,
        schema: OutputSchema | None = None,
        *,
        repair: RepairLevel = "schema",
        stop_reason: StopReason = "unknown",
    ) -> None:
        # Without any schema every JSON value will do.
        self._schema = compile_schema({}) if schema is None else schema
        self._repair = repair
        self._stop_reason = stop_reason
        self._decoder = msgspec.json.Decoder(_Line)
        self._encoder = msgspec.json.Encoder()

    def answer(self, number: int, line: bytes) -> bytes | None:
        """The line that stands for this one, with its end; None for a blank one."""
        line = line.removeprefix(_BOM) if number == 1 else line
        if not line.strip():
            return None
        if len(line) > MAX_LINE_BYTES:
            return self._failed(
                MalformedBody.code,
                f"line {number} is longer than {MAX_LINE_BYTES:,} bytes. Cut it, or call "
                "roadworthy.conform on its text.",
            )
        try:
            given = self._decoded(line)
        except (ValueError, RecursionError) as error:
            return self._failed(
                MalformedBody.code,
                f"line {number} is not a JSON object: {error}. Write one object with the text "
                "under `input`, in UTF-8.",
            )
        return self._answered(number, given)

    def _decoded(self, line: bytes) -> _Line:
        try:
            return self._decoder.decode(line)
        except ValueError:
            if b"\\ud" not in line.lower():
                raise
        # Half of a surrogate pair, escaped: no text, but Python's own `json` writes it, and the
        # line's id should not be lost with it.
        given = json.loads(line)
        if not isinstance(given, dict):
            raise ValueError("Expected `object`")
        known = {name: given[name] for name in ("input", "schema", "stop_reason") if name in given}
        given_id = json.dumps(given["id"]).encode() if "id" in given else b""
        return _Line(**known, id=msgspec.Raw(given_id))

    def _answered(self, number: int, line: _Line) -> bytes:
        try:
            if not isinstance(line.input, str):
                raise InvalidInput(_about_input(line.input))
            schema = self._schema if line.schema is None else compile_schema(line.schema)
            stop_reason = line.stop_reason or self._stop_reason
            if stop_reason not in _STOP_REASONS:
                allowed = ", ".join(_STOP_REASONS)
                raise InvalidInput(f"`stop_reason` is none of {allowed}. Write one, or none.")
        except (InvalidInput, InvalidSchema) as error:
            return self._failed(error.code, f"line {number}: {error.message}", line.id)
        result = conform(line.input, schema, stop_reason=stop_reason, repair=self._repair)
        return self._written(result, line.id)

    def _written(self, result: ConformResult, given_id: msgspec.Raw) -> bytes:
        if result.outcome == "failed":
            return self._failed(OutputNonconforming.code, str(result.error), given_id)
        answer = _Answer(outcome=result.outcome, value=result.value, repairs=result.repairs)
        return self._encoded(answer, given_id)

    def _failed(self, code: str, message: str, given_id: msgspec.Raw = _NO_ID) -> bytes:
        error = f"{code}: {message}".encode(errors="replace").decode()  # lone surrogates
        return self._encoded(_Answer(outcome="failed", error=error), given_id)

    def _encoded(self, answer: _Answer, given_id: msgspec.Raw) -> bytes:
        if len(given_id):
            answer.id = given_id
        return self._encoder.encode(answer) + b"\n"


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream as they come; of one that is too long, a part that is too long."""
    while line := source.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = source.readline(MAX_LINE_BYTES + 1)


def _about_input(given: object) -> str:
    if given is msgspec.UNSET:
        return "there is no `input`. Put the answer's text under it."
    return (
        f"`input` is of type {type(given).__name__}, not text. Put the answer under it as a "
        "string, JSON or not."
    )
