"""The path of one call, in order: the one place where a call is served.

::

    resolve → check → rule → render → generate → conform → settle

`Pipeline.run` serves a whole answer, `Pipeline.stream` one that flows. Both write every stage
into the `Call`, and both hand it to the journal before the caller has the answer, whatever
happened: an error, a deadline, a caller who went away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from roadworthy.core import Call, Clock, Outcome, new_id
from roadworthy.core.errors import InvalidRequest, JournalUnavailable, Overloaded, RoadworthyError
from roadworthy.models import Upstream
from roadworthy.pipeline.answering import answer_whole
from roadworthy.pipeline.checked import check_request
from roadworthy.pipeline.decided import Decided, decide
from roadworthy.pipeline.fields import Fields
from roadworthy.pipeline.flow import Flow, Whole
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.prepare import prepare
from roadworthy.pipeline.recorder import Recorder, bug_error, without_texts
from roadworthy.pipeline.request import CallRequest, CallStream, Finished
from roadworthy.pipeline.resolve import TASK_PREFIX, resolve
from roadworthy.pipeline.state import ServingState

__all__ = ["Journal", "Load", "Pipeline"]

_log = logging.getLogger(__name__)


class Journal(Protocol):
    """Where finished calls are written down."""

    def append(self, call: Call) -> None:
        """Raises JournalUnavailable where the call could not be written."""
        ...


@dataclass(slots=True)
class Load:
    """How much is under way in this process."""

    under_way: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Serves calls from the state that holds when each one begins."""

    state: Callable[[], ServingState]
    upstream: Upstream
    journal: Journal
    clock: Clock
    gateway: str = ""
    load: Load = field(default_factory=Load)

    async def run(self, request: CallRequest) -> Finished:
        """The answer, or why there is none; either way the call stands in the journal.

        Raises:
            RoadworthyError: no model was asked, or none answered. An answer that came and may
                not be delivered is no exception here: it is `Finished.error`.
        """
        state, recorder = self._begin(request)
        with self._settled_on_error(state, recorder):
            decided = await self._decide(state, request, recorder)
            finished = decided.finished
            if finished is None:
                prepared = prepare(decided, recorder)
                finished = await answer_whole(Generation(self.upstream, prepared, recorder))
        self._settle(state, recorder, recorder.call.outcome, finished.error)
        return finished

    async def stream(self, request: CallRequest) -> CallStream:
        """The answer while it is written, as far as `StreamMode` lets it.

        Raises:
            RoadworthyError: as `run`, and OutputError too, before anything was sent.
        """
        state, recorder = self._begin(request)
        settle = partial(self._settle, state, recorder)
        with self._settled_on_error(state, recorder):
            decided = await self._decide(state, request, recorder)
            finished = decided.finished
            if finished is None:
                prepared = prepare(decided, recorder)
                generation = Generation(self.upstream, prepared, recorder)
                if prepared.stream == "buffered":
                    finished = await answer_whole(generation)
        if finished is None:
            flows = Flow if prepared.stream == "raw" else Fields
            return CallStream(call=recorder.call, deltas=await flows(generation, settle).open())
        settle(recorder.call.outcome, finished.error)
        if finished.error is not None:
            raise finished.error
        return CallStream(call=recorder.call, deltas=Whole(finished))

    async def _decide(
        self, state: ServingState, request: CallRequest, recorder: Recorder
    ) -> Decided:
        call = recorder.call
        with recorder.stage("resolve"):
            target = await resolve(state, request)
            call.task, call.model = target.label, target.model.name
            call.version = target.task.definition.version if target.task else ""
        checked = check_request(state, request, recorder, target)
        return decide(state, checked, recorder)

    def _begin(self, request: CallRequest) -> tuple[ServingState, Recorder]:
        state = self.state()
        if self.load.under_way >= state.snapshot.settings.limits.max_concurrent_calls:
            raise Overloaded(
                f"{self.load.under_way} calls are under way in this gateway, which is its limit"
                " (max_concurrent_calls under [limits]); try again shortly",
                retry_after_s=1,
            )
        now_us = self.clock.now_us()
        call = Call(
            id=new_id(now_us),
            task=request.task_label or _name_in(request.target),
            surface=request.surface,
            stream=request.stream,
            started_us=now_us,
            conversation_id=request.conversation_id,
            unit=request.unit,
            gateway=self.gateway,
            messages=request.messages,
            input=request.input,
        )
        self.load.under_way += 1  # every call that begins is settled, once
        return state, Recorder(call, self.clock)

    @contextmanager
    def _settled_on_error(self, state: ServingState, recorder: Recorder) -> Iterator[None]:
        try:
            yield
        except RoadworthyError as error:
            outcome: Outcome = "rejected" if isinstance(error, InvalidRequest) else "errored"
            self._settle(state, recorder, outcome, error)
            raise
        except asyncio.CancelledError:
            self._settle(state, recorder, "cancelled", None)
            raise
        except Exception as bug:
            _log.exception("call %s failed inside the gateway", recorder.call.id)
            failure = bug_error(recorder.call)
            self._settle(state, recorder, "errored", failure)
            raise failure from bug

    def _settle(
        self,
        state: ServingState,
        recorder: Recorder,
        outcome: Outcome,
        error: RoadworthyError | None,
    ) -> None:
        """Fix how the call ended and write it down.

        Raises:
            JournalUnavailable: it could not be, and the project asked to refuse such calls.
        """
        self.load.under_way -= 1
        if error is not None:
            error.call_id, error.version = recorder.call.id, recorder.call.version
        recorder.finish(outcome, error)
        record = state.snapshot.settings.record
        call = recorder.call if record.texts else without_texts(recorder.call)
        try:
            self.journal.append(call)
        except JournalUnavailable:
            # Counted by the journal and shown by /readyz and the dashboard.
            if record.when_full == "refuse":
                raise


def _name_in(target: str) -> str:
    """What a call is counted for that reaches nothing; its selector is no part of that."""
    if target.startswith(TASK_PREFIX):
        return target.removeprefix(TASK_PREFIX).partition("@")[0]
    return target
