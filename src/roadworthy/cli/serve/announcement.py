"""What `roadworthy serve` says once it serves: where, what, and what waits to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from roadworthy.tasks import Snapshot, TaskDefinition
from roadworthy.tasks.asked_models import embedded_tasks

__all__ = ["announcement"]

_SHOWN: Final = 10


def announcement(
    gateway_url: str, control_url: str, snapshot: Snapshot, *, draft_faults: int = 0
) -> str:
    """Lines for people; the addresses stand first, in this order, for programs."""
    lines = [
        f"Gateway    {gateway_url}/v1   (OpenAI clients: base_url)",
        f"Dashboard  {control_url}",
        f"Tasks      {_served(snapshot)}",
        *_titled("Waiting", _waiting(snapshot)),
        *_titled("Failing", list(snapshot.unservable.values())),
    ]
    if draft_faults:
        noun = "a fault" if draft_faults == 1 else f"{draft_faults} faults"
        lines.append(
            f"Drafts     {noun} in working copies, which are not served; `roadworthy check`"
            " lists them"
        )
    return "\n".join([*lines, "Press Ctrl-C to stop."])


def _served(snapshot: Snapshot) -> str:
    if snapshot.serves == "working":
        names = sorted(snapshot.tasks)
    else:
        names = [f"{name}@{task.version}" for name, task in sorted(snapshot.tasks.items())]
    if names:
        return ", ".join(names)
    if snapshot.versions and snapshot.serves == "production":
        return "none is in production; plain models are served"
    return "no task yet; plain models are served (try `local`)"


def _waiting(snapshot: Snapshot) -> list[str]:
    """Tasks that are there and not served, with what puts them into production."""
    if snapshot.serves == "working":
        return []
    found = []
    served = _run(snapshot.tasks.values()) | snapshot.tasks.keys()
    for name, index in sorted(snapshot.versions.items()):
        if name in served or name in snapshot.unservable:
            continue
        newest = next(iter(index.digests), None)
        publish = "" if newest else f'`roadworthy publish {name} -m "…"`, then '
        promote = f"`roadworthy promote {name} {newest or '1.0.0'} --to production`"
        found.append(f"{name}: {publish}{promote}")
    return found


def _run(tasks: Iterable[TaskDefinition]) -> set[str]:
    """The names of the tasks that these run themselves, as steps or judges: they bring their own
    versions of them."""
    below = [embedded_tasks(task) for task in tasks]
    return {name for tasks in below for name in tasks.keys() | _run(tasks.values())}


def _titled(title: str, entries: list[str]) -> list[str]:
    more = len(entries) - _SHOWN
    shown = entries[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])
    return [f"{title if index == 0 else '':<11}{entry}" for index, entry in enumerate(shown)]
