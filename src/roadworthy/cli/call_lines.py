"""One recorded call as one line. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from roadworthy.core import format_usd
from roadworthy.core.visible import visible
from roadworthy.storage import CallRow
from roadworthy.storage.trees import step_label

__all__ = ["HEADER", "line_of"]

_COLUMNS = (
    "{time:<19}  {id:<18}  {task:<24}  {outcome:<10}  {ms:>8}  {tokens:>11}  {cost:>9}  {note}"
)
HEADER = _COLUMNS.format(
    time="TIME (UTC)",
    id="CALL",
    task="TASK",
    outcome="OUTCOME",
    ms="MS",
    tokens="TOKENS",
    cost="COST",
    note="",
).rstrip()


def line_of(row: CallRow, *, as_json: bool = False) -> str:
    if as_json:
        return msgspec.json.encode(row).decode()
    return _COLUMNS.format(
        time=datetime.fromtimestamp(row.started_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        # The beginning of a UUIDv7 is its time: 18 characters tell microseconds apart, and
        # `roadworthy call` takes them.
        id=row.id[:18],
        task=row.task[:24],
        outcome=row.outcome,
        ms=f"{row.duration_us / 1000:,.0f}",
        tokens=f"{_count(row.input_tokens)}→{_count(row.output_tokens)}",
        cost=format_usd(row.cost_nusd),
        note=_note(row),
    ).rstrip()


def _note(row: CallRow) -> str:
    notes = [row.error_code or ""]
    if row.parent_id is not None:
        notes.append(f"step {visible(step_label(row))} of {row.parent_id[:18]}")
    if row.resumes is not None:
        notes.append(f"resumes {row.resumes[:18]}")
    if row.attempts > 1:
        notes.append(f"{row.attempts} attempts")
    if row.repairs:
        notes.append(f"{row.repairs} repairs")
    return ", ".join(note for note in notes if note)


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else str(tokens)
