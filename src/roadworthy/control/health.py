"""What an operator must know before reading any figure. Pure."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from roadworthy.control.drawing.formats import count, duration_ms
from roadworthy.control.keeping.serving_plan import told_of_lost
from roadworthy.control.source import Status

__all__ = ["Health", "health_of"]

# Records normally arrive within a second; beyond this the figures visibly lag what was served.
LATE_S: Final = 15.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The installation, and what is wrong with it."""

    status: Literal["ok", "degraded"]
    reasons: list[str]
    """One sentence each, with the remedy; empty: all is well."""
    version: str
    """Of Roadworthy."""
    installation: Status


def health_of(status: Status, *, version: str) -> Health:
    reasons = [*_project(status), *_tasks(status), *_gateways(status), *_records(status)]
    return Health(
        status="degraded" if reasons else "ok",
        reasons=reasons,
        version=version,
        installation=status,
    )


def _project(status: Status) -> list[str]:
    if status.faults:
        served = f"revision {status.revision[:12]} is" if status.revision else "nothing is"
        noun = "a fault" if len(status.faults) == 1 else f"{len(status.faults)} faults"
        return [f"The project's files have {noun}; {served} served until that is mended."]
    if not status.revision:
        return ["No project is served yet. Run roadworthy serve in its folder."]
    return []


def _tasks(status: Status) -> list[str]:
    lost = [told_of_lost(status.lost)] if status.lost else []
    return lost + [f"Task {name} is not served: {why}." for name, why in status.unservable.items()]


def _gateways(status: Status) -> list[str]:
    dead = [g.name for g in status.gateways if not g.alive and g.started_us is not None]
    if dead and len(dead) == len(status.gateways):
        return ["No gateway is running: callers get no answer. See its log."]
    return [
        f"{name} is not running; its supervisor starts it again. If it stays down, its log "
        "says why."
        for name in dead
    ]


def _records(status: Status) -> list[str]:
    reasons = []
    if status.journal_lag_s is not None and status.journal_lag_s > LATE_S:
        reasons.append(
            f"Records are {duration_ms(status.journal_lag_s * 1000)} behind: these figures lag "
            "what was served. If it grows, check the disk and the keeper's log."
        )
    if status.lost_calls:
        reasons.append(
            f"In the last day {_calls(status.lost_calls)} served but not recorded. Check the disk "
            "of the state folder and the keeper's log."
        )
    return reasons


def _calls(number: int) -> str:
    return "1 call was" if number == 1 else f"{count(number)} calls were"
