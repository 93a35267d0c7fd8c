"""The path of one call, in order: the one place where a call is served.

::

    resolve → check → rule → (steps | render → generate) → conform → settle

`Pipeline.run` serves a whole answer, `Pipeline.stream` one that flows. Both write every stage
into the `Call`, and both hand it to the journal before the caller has the answer, whatever
happened: an error, a deadline, a caller who went away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from roadworthy.core import Call, Clock, Outcome, new_id
from roadworthy.core.errors import InvalidRequest, JournalUnavailable, Overloaded, RoadworthyError
from roadworthy.models import Upstream
from roadworthy.pipeline.answering import answer_whole
from roadworthy.pipeline.chain.answering import answer_by_steps
from roadworthy.pipeline.chain.errand import Errand
from roadworthy.pipeline.chain.streaming import StepEnded, StepStream
from roadworthy.pipeline.checked import check_request
from roadworthy.pipeline.decided import Decided, decide
from roadworthy.pipeline.fields import Fields
from roadworthy.pipeline.filling import with_filled
from roadworthy.pipeline.flow import Flow, Settle, Whole
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.prepare import prepare
from roadworthy.pipeline.purse import purse_of
from roadworthy.pipeline.recorder import Recorder, bug_error, without_texts
from roadworthy.pipeline.request import CallRequest, CallStream, Deltas, Finished
from roadworthy.pipeline.resolve import TASK_PREFIX, Target, resolve
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
            finished = decided.finished or await self._answer(state, decided, recorder)
        self._settle(state, recorder, recorder.call.outcome, finished.error)
        return finished

    async def stream(self, request: CallRequest) -> CallStream:
        """The answer while it is written, as far as `StreamMode` lets it; a chain's last step.

        Raises:
            RoadworthyError: as `run`, and OutputError too, before anything was sent.
        """
        state, recorder = self._begin(request)
        with self._settled_on_error(state, recorder):
            decided = await self._decide(state, request, recorder)
            return await self._flow(
                state, decided, recorder, partial(self._settle, state, recorder)
            )

    async def _decide(
        self, state: ServingState, request: CallRequest, recorder: Recorder
    ) -> Decided:
        call = recorder.call
        with recorder.stage("resolve"):
            target = await resolve(state, request)
            call.task, call.model = target.label, target.model.name
            if target.task is not None:
                definition = target.task.definition
                call.version = definition.version
                if definition.max_cost_usd is not None:
                    recorder.purse = purse_of(definition.max_cost_usd, call.task, None)
        return decide(check_request(state, request, recorder, target), recorder)

    def _answer(
        self, state: ServingState, decided: Decided, recorder: Recorder
    ) -> Coroutine[Any, Any, Finished]:
        """The whole answer, of steps or of a model; not settled yet."""
        run_step = partial(self._step, state, recorder)
        if decided.is_chain:
            return answer_by_steps(decided, recorder, run_step)
        generation = Generation(self.upstream, prepare(decided, recorder), recorder)
        answer = answer_whole(generation, run_step)
        return _and_filled(answer, decided) if decided.filled else answer

    async def _flow(
        self, state: ServingState, decided: Decided, recorder: Recorder, settle: Settle
    ) -> CallStream:
        """As `_answer`, while it is written. ``settle`` is called before the last of it."""
        if decided.finished is None and decided.is_chain:
            steps = StepStream(decided, recorder, settle)
            last = await steps.all_but_last(partial(self._step, state, recorder))
            if last is not None:
                return await steps.flow(last, partial(self._step_flow, state, recorder))
            finished = steps.finished()
        elif decided.finished is None:
            prepared = prepare(decided, recorder)
            generation = Generation(self.upstream, prepared, recorder)
            if prepared.stream != "buffered":
                flows = Flow if prepared.stream == "raw" else Fields
                return CallStream(call=recorder.call, deltas=await flows(generation, settle).open())
            finished = await answer_whole(generation, partial(self._step, state, recorder))
            finished = with_filled(finished, decided.checked.schema, decided.filled)
        else:
            finished = decided.finished
        settle(recorder.call.outcome, finished.error)
        if finished.error is not None:
            raise finished.error
        return CallStream(call=recorder.call, deltas=Whole(finished))

    async def _step(self, state: ServingState, above: Recorder, errand: Errand) -> Finished:
        """One step of a chain, as `run`, in a call of its own."""
        request, recorder = self._begin_step(above, errand)
        with self._settled_on_error(state, recorder):
            target = Target(recorder.call.task, errand.task.model, errand.task)
            decided = decide(check_request(state, request, recorder, target), recorder)
            finished = decided.finished or await self._answer(state, decided, recorder)
        self._settle(state, recorder, recorder.call.outcome, finished.error)
        return finished

    async def _step_flow(
        self, state: ServingState, above: Recorder, errand: Errand, ended: StepEnded
    ) -> Deltas:
        """One step of a chain, as `stream`; ``ended`` is told once it is settled."""
        request, recorder = self._begin_step(above, errand)

        def settle(outcome: Outcome, error: RoadworthyError | None) -> None:
            try:
                self._settle(state, recorder, outcome, error)
            except JournalUnavailable as lost:
                ended(recorder.call, lost)
                raise
            ended(recorder.call, error)

        with self._settled_on_error(state, recorder):
            target = Target(recorder.call.task, errand.task.model, errand.task)
            decided = decide(check_request(state, request, recorder, target), recorder)
            return (await self._flow(state, decided, recorder, settle)).deltas

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
            resumes=request.resumes,
            gateway=self.gateway,
            messages=request.messages,
            input=request.input,
        )
        self.load.under_way += 1  # every call that begins is settled, once
        recorder = Recorder(call, self.clock)
        if request.steps is not None:
            recorder.below = request.steps
        return state, recorder

    def _begin_step(self, above: Recorder, errand: Errand) -> tuple[CallRequest, Recorder]:
        """A call within a call: its load is the caller's own, so it is never shed."""
        parent, definition = above.call, errand.task.definition
        now_us = self.clock.now_us()
        call = Call(
            id=new_id(now_us),
            task=definition.name,
            version=definition.version,
            model=errand.task.model.name,
            surface=parent.surface,
            started_us=now_us,
            conversation_id=parent.conversation_id,
            unit=parent.unit,
            parent_id=parent.id,
            root_id=parent.root_id or parent.id,
            step=errand.step,
            item=errand.item,
            gateway=self.gateway,
            input=errand.input,
        )
        recorder = Recorder(call, self.clock, above=above)
        recorder.purse = purse_of(definition.max_cost_usd, definition.name, above.purse)
        request = CallRequest(
            target=TASK_PREFIX + definition.name,
            surface=parent.surface,
            input=errand.input,
            conversation_id=parent.conversation_id,
            unit=parent.unit,
            timeout_s=errand.timeout_s,
            recorded=errand.recorded,
        )
        return request, recorder

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
        if recorder.settled:  # a chain ends with the step that it streams
            return
        recorder.settled = True
        if recorder.above is None:
            self.load.under_way -= 1
        if error is not None:
            error.call_id, error.version = recorder.call.id, recorder.call.version
        recorder.finish(outcome, error)
        if recorder.above is not None:
            recorder.above.below += [*recorder.below, recorder.call]
        record = state.snapshot.settings.record
        call = recorder.call if record.texts else without_texts(recorder.call, recorder.schema)
        try:
            self.journal.append(call)
        except JournalUnavailable:
            # Counted by the journal and shown by /readyz and the dashboard.
            if record.when_full == "refuse":
                raise


async def _and_filled(answer: Coroutine[Any, Any, Finished], decided: Decided) -> Finished:
    return with_filled(await answer, decided.checked.schema, decided.filled)


def _name_in(target: str) -> str:
    """What a call is counted for that reaches nothing; its selector is no part of that."""
    if target.startswith(TASK_PREFIX):
        return target.removeprefix(TASK_PREFIX).partition("@")[0]
    return target
