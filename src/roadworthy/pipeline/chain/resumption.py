"""Going on with a chain that failed: what its call becomes when it is made again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from roadworthy.core import ANSWERED, UNCOUNTED, Call, Surface
from roadworthy.core.errors import InvalidRequest
from roadworthy.pipeline.chain.resume import Tree, recorded_before, recorded_steps
from roadworthy.pipeline.request import CallRequest
from roadworthy.pipeline.resolve import TASK_PREFIX
from roadworthy.pipeline.selectors import WORKING
from roadworthy.storage import StoredCall

__all__ = ["Resumption", "resumption_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """A chain's call, to be made again from where it failed."""

    call_id: str
    task: str
    version: str | None
    """The published version that served; None: it was a working copy, of which the present one
    goes on."""
    input: dict[str, Any]
    recorded: dict[str, Any]
    """What steps answered, as `CallRequest.recorded` takes it."""
    tried_out: bool
    """Whether the call was made to try something out, and counts in no figure."""
    conversation_id: str | None = None
    unit: str | None = None

    def request(self, surface: Surface) -> CallRequest:
        """The call to make, in this process."""
        reference = self.task if self.version is None else f"{self.task}@{self.version}"
        return CallRequest(
            target=TASK_PREFIX + reference,
            surface="test" if self.tried_out else surface,
            input=self.input,
            conversation_id=self.conversation_id,
            unit=self.unit,
            recorded=self.recorded,
            resumes=self.call_id,
        )


def resumption_of(
    stored: StoredCall, below: Iterable[Call], tree_of: Callable[[str], Tree] | None = None
) -> Resumption:
    """How to go on with this call; ``below`` are all calls within it, with their texts. Where it
    went on from another itself, ``tree_of`` that one's id gives the same of it.

    Raises:
        InvalidRequest: it answered, is no chain's, is a step itself, or what it would go on from
            was not recorded.
    """
    call, steps = stored.call, list(below)
    _require_resumable(stored, steps)
    before = {} if tree_of is None else recorded_before(call, tree_of)
    return Resumption(
        call_id=call.id,
        task=call.task,
        version=None if call.version in ("", WORKING) else call.version,
        input=call.input or {},
        recorded=before | recorded_steps(call, steps),
        tried_out=call.surface in UNCOUNTED,
        conversation_id=call.conversation_id,
        unit=call.unit,
    )


def _require_resumable(stored: StoredCall, steps: list[Call]) -> None:
    call = stored.call
    if call.parent_id is not None:
        outer = call.root_id or call.parent_id
        raise InvalidRequest(
            f"{call.id} is a step of a chain; resume the chain's own call: {outer}"
        )
    if call.outcome in ANSWERED:
        raise InvalidRequest(f"{call.id} has been answered ({call.outcome}): nothing is left to do")
    if call.attempts or (call.model and not steps):
        raise InvalidRequest(
            f"{call.id} is no chain's call, and has no steps to go on from; make it again with"
            f" `roadworthy run {call.task}`"
        )
    if not stored.texts_kept or call.input is None:
        raise InvalidRequest(
            f"the texts of {call.id} are not kept, so that there is nothing to go on from: the"
            " project records none ([record] texts = false), or they have expired"
        )
