"""The test of tasks: from names to a report.

::

    session = Session(project=load_project(Path(".")), options=Options(replay=Path("said.jsonl")))
    report = asyncio.run(run_tests(session, ("triage",)))
    assert report.status == "passed"

`roadworthy test` is this, with tables. From a project's own tests it runs without a registry, and
with ``replay`` without a provider.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

from roadworthy.core import NUSD_PER_USD
from roadworthy.core.errors import InvalidInput
from roadworthy.evaluation.recorded_states import with_calls
from roadworthy.evaluation.report import Report, TaskReport
from roadworthy.evaluation.session import Found, Options, Session
from roadworthy.evaluation.states import (
    State,
    read_states,
    require_cases,
    require_chain,
    with_channel,
    with_own_suites,
)
from roadworthy.evaluation.subjects import WORKING, Selection
from roadworthy.evaluation.summary import task_report
from roadworthy.registry import Miss, MoveRequest, Registry

__all__ = ["WORKING", "Options", "Report", "Selection", "Session", "TaskReport", "run_tests"]


async def run_tests(
    session: Session, tasks: Sequence[str] = (), *, version: str | None = None
) -> Report:
    """Test working copies, or a version with all the cases that its gate asks for; without names,
    all tasks that have cases.

    Raises:
        ProjectError: an expectation does not fit its task; a model is not bound, or has no price
            where the cost is limited.
        UnknownTask, NotFound: there is no such task or version.
        InvalidInput: a task has no case, or none with the tags; no call of it is recorded, where
            calls are asked for; none is a chain, where steps are to be blamed; the cassette cannot
            be read.
    """
    options = session.options

    def read(registry: Registry | None) -> list[State]:
        if options.from_calls is not None and not tasks:
            raise InvalidInput("recorded calls are those of a task; name it")
        states = read_states(session.project, tasks, version, registry)
        if options.from_calls is not None:
            folder = session.state_folder
            states = [with_calls(state, folder, options.from_calls) for state in states]
        elif registry is not None and version not in (None, WORKING):
            states = [with_channel(state, registry, options.channel) for state in states]
        if options.blame:
            require_chain(states)
            states = [with_own_suites(state, session.project, registry) for state in states]
        require_cases(states, options.selection.tags)
        return states

    states, found = await session.measure(read)
    reports = await asyncio.to_thread(_reports, session, states, found)
    return Report(
        tasks=tuple(reports),
        environment=session.project.environment,
        replayed=options.replay is not None,
        left_out=found.left_out,
        unkept=found.unkept,
        spent_usd=found.spent_nusd / NUSD_PER_USD,
        judges_usd=found.judges_nusd / NUSD_PER_USD,
        judged=found.judged,
        seconds=round(found.seconds, 3),
    )


def _reports(session: Session, states: Sequence[State], found: Found) -> list[TaskReport]:
    partial = session.options.partial
    asks_registry = session.options.replay is None and not partial and found.unkept is None
    with session.reading() if asks_registry else nullcontext() as registry:
        return [
            task_report(
                of_state,
                gate=state.gate,
                misses=_misses(session, state, registry),
                partial=partial,
                recorded=state.recorded,
            )
            for state, of_state in zip(states, found.runs, strict=True)
        ]


def _misses(session: Session, state: State, registry: Registry | None) -> tuple[Miss, ...] | None:
    """What the gate of the registry finds missing; None: it knows nothing of this state."""
    if registry is None or state.version == WORKING:
        return None
    channel = session.options.channel
    request = MoveRequest(task=state.task, channel=channel, to=state.version)
    return registry.weigh(request).misses
