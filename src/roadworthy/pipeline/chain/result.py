"""The stage conform of a chain: what its steps gave, put together and held to its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from roadworthy.conformance import describe
from roadworthy.conformance.pointer import pointer_of
from roadworthy.conformance.reasons import MAX_REASONS, general_path
from roadworthy.core import Call, Confidence, Reason, Violation
from roadworthy.core.errors import OutputError, OutputNonconforming
from roadworthy.pipeline.decided import Decided
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import Finished
from roadworthy.tasks.chain.paths import ABSENT, EACH

__all__ = ["chain_result"]


def chain_result(
    decided: Decided, recorder: Recorder, value: Any, calls: Mapping[str, Call]
) -> Finished:
    """The chain's answer, or why it may not be delivered. Nothing is asked again: what a step
    gave has been held to its own schema and constraints. ``calls`` are the steps', by name."""
    call = recorder.call
    violations = _violations(decided, recorder, value)
    if violations:
        call.outcome, call.reasons = "failed", _reasons(decided, violations)
        return Finished(call=call, error=_nonconforming(violations), steps=recorder.below)
    call.outcome, call.value = "chain", value
    call.confidence = _confidence(decided, calls)
    is_text = decided.checked.schema is None and isinstance(value, str)
    text = value if is_text else msgspec.json.encode(value).decode()
    return Finished(call=call, text=text, steps=recorder.below)


def _violations(decided: Decided, recorder: Recorder, value: Any) -> tuple[Violation, ...]:
    if value is ABSENT:
        message = "no step gave an output; give the one that was skipped a default"
        return (Violation(path="", keyword="required", message=message),)
    checked = decided.checked
    if checked.schema is not None and not checked.schema.is_valid(value):
        return checked.schema.violations(value)
    task = checked.task
    if task is None or task.constraints is None:
        return ()
    return task.constraints.violations(recorder.call.input or {}, value, decided.variables)


def _confidence(decided: Decided, calls: Mapping[str, Call]) -> dict[str, Confidence]:
    """What was measured of the fields that were taken over from a step, as they were."""
    task = decided.checked.task
    if task is None or task.chain is None:
        return {}
    output = task.chain.output
    wired = (
        [("", output.whole)] if output.whole else [(pointer_of([n]), p) for n, p in output.fields]
    )
    found: dict[str, Confidence] = {}
    for target, path in wired:
        if path.source not in calls or EACH in path.parts:
            continue
        source = pointer_of([part for part in path.parts if part is not EACH])
        for pointer, confidence in calls[path.source].confidence.items():
            if pointer == source or pointer.startswith(source + "/"):
                found[target + pointer.removeprefix(source)] = confidence
    return found


def _reasons(decided: Decided, violations: tuple[Violation, ...]) -> tuple[Reason, ...]:
    """What is counted of it: no model's attempt tells, as it does of other calls."""
    schema = decided.checked.schema
    if schema is None:
        return ()
    found = dict.fromkeys(
        Reason(kind="failure", name=v.keyword, path=general_path(v.path, schema))
        for v in violations
    )
    return tuple(found)[:MAX_REASONS]


def _nonconforming(violations: tuple[Violation, ...]) -> OutputError:
    return OutputNonconforming(
        f"What the steps gave does not keep what the chain promises: {describe(violations)}."
        " Mend the step that this part comes from, or the chain's constraint."
    )
