"""The ledger of conformance: how often answers conform, and why not; pure.

Every call with an output schema is counted once in each width of span, in the cell of the task,
version, provider, model, mode and schema that it was answered by, and once under each of its
reasons. Callers may send any schema with every call, so what one span of one task may hold is
bounded (`roadworthy.storage.ledger_room`): sums stay exact, and what does not fit stands as
`OTHER`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from roadworthy.core import UNCOUNTED, Attempt, Call, Reason
from roadworthy.storage.rollups import CHECKED, WIDTHS_S, plus
from roadworthy.storage.rows import column_text

__all__ = [
    "OTHER",
    "UNRECORDED",
    "Cause",
    "CauseCount",
    "Cell",
    "Entry",
    "LedgerSums",
    "Tally",
    "entry_of",
]

OTHER: Final = "(other)"
"""Stands for whatever a span had no room for, and for places that are not known."""
UNRECORDED: Final = "unrecorded"
"""The name of a reason where a call's record does not say why it did not conform."""

MAX_PATH: Final = 120
"""Characters; an index entry must fit a page."""
MAX_SHORT: Final = 60
_COUNTED: Final = frozenset(
    (
        *("first_pass", "repaired", "reasked", "failed", "refused", "truncated"),
        *("errored", "cancelled"),
    )
)


class Tally(msgspec.Struct, kw_only=True):
    """Counts of calls that had an output schema and for which a model was asked."""

    calls: int = 0
    first_pass: int = 0
    repaired: int = 0
    reasked: int = 0
    failed: int = 0
    refused: int = 0
    truncated: int = 0
    errored: int = 0
    """The provider or the gateway failed: no answer to judge."""
    cancelled: int = 0
    """The caller went away: no answer to judge."""
    otherwise: int = 0
    """Ended in another way, such as with a call of the caller's own tools."""
    reasks: int = 0
    """Further questions, whatever came of them."""
    reask_input_tokens: int | None = None
    """Spent on further questions; None: there were none, or the provider did not say."""
    reask_output_tokens: int | None = None
    reask_cost_nusd: int | None = None
    """None: there were none, or the cost of none of them is known."""
    reasks_unpriced: int = 0
    """Further questions whose cost is unknown; the sum above leaves them out."""

    @property
    def conforming(self) -> int:
        """Calls whose answer was delivered, and so conforms."""
        return self.first_pass + self.repaired + self.reasked

    @property
    def checked(self) -> int:
        """Calls that reached a model's answer, which conforms or was not delivered."""
        return self.conforming + self.failed + self.refused + self.truncated

    def add(self, other: Tally) -> None:
        # Spelled out: the loader does this six times a call, and a loop takes five times as long.
        self.calls += other.calls
        self.first_pass += other.first_pass
        self.repaired += other.repaired
        self.reasked += other.reasked
        self.failed += other.failed
        self.refused += other.refused
        self.truncated += other.truncated
        self.errored += other.errored
        self.cancelled += other.cancelled
        self.otherwise += other.otherwise
        if other.reasks:
            self.reasks += other.reasks
            self.reask_input_tokens = plus(self.reask_input_tokens, other.reask_input_tokens)
            self.reask_output_tokens = plus(self.reask_output_tokens, other.reask_output_tokens)
            self.reask_cost_nusd = plus(self.reask_cost_nusd, other.reask_cost_nusd)
            self.reasks_unpriced += other.reasks_unpriced


class Cell(NamedTuple):
    """What the ledger counts by. Provider, model and mode are those of the attempt that answered;
    what was asked again counts for the answer that made it necessary."""

    width_s: int
    start_us: int
    task: str
    version: str
    provider: str
    """Empty: no model was reached."""
    model: str
    mode: str
    schema_digest: str


class Cause(NamedTuple):
    """A reason as the ledger counts it."""

    kind: str
    name: str
    path: str


class CauseCount(msgspec.Struct):
    """In how many calls, and in which one last; of those counted earlier, any."""

    calls: int
    call_id: str


class Entry(NamedTuple):
    """What one call adds."""

    cell: Cell
    tally: Tally
    causes: tuple[Cause, ...]
    call_id: str


class LedgerSums:
    """What some calls add to the ledger, in every width."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.tallies: dict[Cell, Tally] = {}
        self.causes: dict[tuple[Cell, Cause], CauseCount] = {}
        for entry in entries:
            self.count(entry.cell, entry.tally)
            for cause in entry.causes:
                self.blame(entry.cell, cause, CauseCount(1, entry.call_id))
        for narrow, wide in pairwise(WIDTHS_S):
            self._widen(narrow, wide)

    def count(self, cell: Cell, tally: Tally) -> None:
        known = self.tallies.get(cell)
        if known is None:
            known = self.tallies[cell] = Tally()
        known.add(tally)

    def blame(self, cell: Cell, cause: Cause, count: CauseCount) -> None:
        known = self.causes.get((cell, cause))
        if known is None:
            self.causes[cell, cause] = CauseCount(count.calls, count.call_id)
        else:
            known.calls += count.calls
            known.call_id = max(known.call_id, count.call_id)  # ids are in the order of time

    def _widen(self, narrow: int, wide: int) -> None:
        for cell, tally in list(self.tallies.items()):
            if cell.width_s == narrow:
                self.count(_widened(cell, wide), tally)
        for (cell, cause), count in list(self.causes.items()):
            if cell.width_s == narrow:
                self.blame(_widened(cell, wide), cause, count)


def entry_of(call: Call) -> Entry | None:
    """What this call adds to the narrowest spans; None: it had no schema, no model was to be asked
    (a rule ended it, or its body is a chain, whose steps count for themselves), or it was made to
    try something out."""
    if call.schema_digest is None or not _asks_a_model(call) or call.surface in UNCOUNTED:
        return None
    width_us = WIDTHS_S[0] * 1_000_000
    answered = _answering(call)
    cell = Cell(
        width_s=WIDTHS_S[0],
        start_us=call.started_us // width_us * width_us,
        task=column_text(call.task),
        version=column_text(call.version),
        provider=column_text(answered.provider if answered else ""),
        model=column_text(answered.model if answered else call.model),
        mode=answered.mode if answered else call.mode,
        schema_digest=column_text(call.schema_digest),
    )
    return Entry(cell, _tally(call), _causes(call), column_text(call.id))


def _asks_a_model(call: Call) -> bool:
    if call.attempts or call.outcome in CHECKED:
        return bool(call.attempts) and call.outcome != "rejected"
    return call.model != "" and call.outcome not in ("rejected", "rule")


def _answering(call: Call) -> Attempt | None:
    """The attempt that wrote the answer: the last of those with this purpose that did not fail,
    or simply the last of them. Of votes, which write it together, that stands for all."""
    answers = [attempt for attempt in call.attempts if attempt.purpose in ("answer", "vote")]
    candidates = [attempt for attempt in answers if attempt.error is None] or answers
    return candidates[-1] if candidates else None


def _tally(call: Call) -> Tally:
    tally = Tally(calls=1)
    outcome = call.outcome if call.outcome in _COUNTED else "otherwise"
    setattr(tally, outcome, 1)
    for attempt in call.attempts:
        if attempt.purpose == "reask":
            tally.reasks += 1
            tally.reask_input_tokens = plus(tally.reask_input_tokens, attempt.usage.input_tokens)
            tally.reask_output_tokens = plus(tally.reask_output_tokens, attempt.usage.output_tokens)
            tally.reask_cost_nusd = plus(tally.reask_cost_nusd, attempt.cost_nusd)
            tally.reasks_unpriced += attempt.cost_nusd is None
    return tally


_MUST_SAY: Final = {
    "repaired": "repair",
    "reasked": "reask",
    "failed": "failure",
    "refused": "failure",
    "truncated": "failure",
}


def _causes(call: Call) -> tuple[Cause, ...]:
    """Each reason once; where the record does not say what must have a reason, that."""
    found = dict.fromkeys(_cause(reason) for reason in call.reasons)
    wanted = _MUST_SAY.get(call.outcome)
    if wanted is not None and all(cause.kind != wanted for cause in found):
        stopped = call.outcome in ("refused", "truncated")
        name, path = (call.outcome, "") if stopped else (UNRECORDED, OTHER)
        found[Cause(wanted, name, path)] = None
    return tuple(found)


def _cause(reason: Reason) -> Cause:
    path = column_text(reason.path)
    return Cause(
        kind=reason.kind,
        name=column_text(reason.name)[:MAX_SHORT],
        path=path if len(path) <= MAX_PATH else path[: MAX_PATH - 1] + "…",
    )


def _widened(cell: Cell, width_s: int) -> Cell:
    width_us = width_s * 1_000_000
    return cell._replace(width_s=width_s, start_us=cell.start_us // width_us * width_us)
