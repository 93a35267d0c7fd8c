"""Forgets what is older than it should be: texts by the day, calls by the row."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from sqlalchemy import Engine, delete, select

from roadworthy.storage.database import writing
from roadworthy.storage.folder import StateFolder
from roadworthy.storage.loader import DAMAGED_SUFFIX
from roadworthy.storage.schema import calls, ledger, ledger_reasons
from roadworthy.storage.texts import day_of, remove_texts

__all__ = ["LEDGER_KEPT_DAYS", "expire_calls", "expire_ledger", "expire_texts"]

LEDGER_KEPT_DAYS: Final = {60: 2, 600: 14}
"""Days for which the ledger keeps its narrowest spans, by their width in seconds. Wider ones stay
and count the same calls, but nobody looks at a minute of last month."""
_DAY_US: Final = 86_400_000_000


def expire_texts(folder: StateFolder, keep_days: int, *, now_us: int) -> list[date]:
    """Remove the texts of days before the last ``keep_days`` full ones; the days removed.

    Journals that were set aside as damaged hold texts too, and go when they were last written
    before then.
    """
    first_kept = day_of(now_us) - timedelta(days=keep_days)
    expired = [day for day in folder.text_days() if day < first_kept]
    for day in expired:
        remove_texts(folder, day)
    for path in folder.journal.glob(f"*{DAMAGED_SUFFIX}"):
        if day_of(int(path.stat().st_mtime) * 1_000_000) < first_kept:
            path.unlink(missing_ok=True)
    return expired


def expire_calls(engine: Engine, before_us: int, *, chunk: int = 1_000) -> int:
    """Remove calls that started before a time; how many. Rollups keep counting them.

    One transaction a chunk, so that the loader waits for none of them for long.
    """
    removed = 0
    oldest = select(calls.c.seq).where(calls.c.started_us < before_us)
    some = oldest.order_by(calls.c.started_us).limit(chunk)
    while True:
        with writing(engine) as connection:
            count = connection.execute(delete(calls).where(calls.c.seq.in_(some))).rowcount
        removed += count
        if count < chunk:
            return removed


def expire_ledger(engine: Engine, *, now_us: int) -> None:
    """Remove spans of the ledger that are narrower than anybody will look at."""
    for width_s, days in LEDGER_KEPT_DAYS.items():
        before_us = now_us - days * _DAY_US
        for table in (ledger, ledger_reasons):
            old = table.c.width_s == width_s, table.c.start_us < before_us
            with writing(engine) as connection:
                connection.execute(delete(table).where(*old))
