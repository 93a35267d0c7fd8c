"""What the control plane asks of the rest of the house: the port of this room.

`roadworthy.control.keeping.stored` answers from the database; `roadworthy.control.samples.memory`
answers from a list of calls, for tests and for looking at the pages. Methods may block: the
application calls them from threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from roadworthy.models import Model
from roadworthy.storage.ledger_views import Dimension, Ledger, LedgerFilter
from roadworthy.storage.views import (
    MAX_TREE,
    CallFilter,
    CallPage,
    CallTree,
    Overview,
    StoredCall,
    TaskRuleFigures,
)
from roadworthy.tasks import TaskDefinition

__all__ = ["CallSource", "Definition", "GatewayStatus", "ServedTask", "Status"]


class ServedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the snapshot that the gateways serve now."""

    name: str
    version: str
    model: str
    description: str = ""
    inputs: tuple[str, ...] = ()
    """Names of the required input fields, for the commands that an empty page shows."""
    checked: bool = True
    """Whether it declares an output schema."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """All that serving a task takes: what its files say, and the model they name."""

    task: TaskDefinition
    model: Model
    """Nameless where steps or rules answer."""


class GatewayStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway process, as its supervisor sees it."""

    name: str
    alive: bool
    pid: int | None = None
    started_us: int | None = None
    """None: it has not been started yet."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What is running, and whether the records keep up with it."""

    revision: str
    """Of the snapshot that is served; empty before the first."""
    tasks: list[ServedTask] = []
    gateways: list[GatewayStatus] = []
    journal_lag_s: float | None = None
    """Age of the oldest call that is journalled but not in the database; None: unknown."""
    lost_calls: int = 0
    """Calls of the last day that were served but not recorded."""
    faults: tuple[str, ...] = ()
    """What is wrong with the project's files; the last good revision is served meanwhile."""
    draft_faults: tuple[str, ...] = ()
    """What is wrong with working copies where versions are served: it hinders nobody yet."""
    waiting: tuple[str, ...] = ()
    """Tasks that are there and not in production."""
    lost: tuple[str, ...] = ()
    """Tasks that are served on although the registry does not know that any more."""
    unservable: dict[str, str] = {}
    """Why a task that should be served is not, by its name."""


class CallSource(Protocol):
    """Recorded calls and the state of the installation."""

    def list_calls(self, where: CallFilter, *, limit: int, before: str | None) -> CallPage:
        """Calls that match, newest first, older than the call `before`."""
        ...

    def find_call(self, call_id: str) -> StoredCall:
        """One call by its id or by a prefix that only it has.

        Raises:
            NotFound: no such call, or more than one.
        """
        ...

    def call_tree(self, root_id: str, *, limit: int = MAX_TREE) -> CallTree:
        """The call of this id with the first of those below it, as far as they are recorded."""
        ...

    def rules(
        self, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
    ) -> list[TaskRuleFigures]:
        """Rules that took effect, by task, over the span of an overview."""
        ...

    def overview(
        self, *, since_us: int, until_us: int, task: str | None = None, buckets: int = 60
    ) -> Overview: ...

    def conformance(
        self,
        where: LedgerFilter,
        *,
        since_us: int,
        until_us: int,
        by: Sequence[Dimension] = (),
        buckets: int = 60,
    ) -> Ledger:
        """How often answers conformed, and why not, in a span and in the one before it."""
        ...

    def task_names(self) -> list[str]:
        """Names of all tasks that ever had a call, implicit ones included; sorted."""
        ...

    def find_task(self, name: str) -> Definition | None:
        """The task that is served under this name; None: none is."""
        ...

    def model_names(self) -> list[str]:
        """Logical models that are bound here, sorted."""
        ...

    def status(self) -> Status: ...
