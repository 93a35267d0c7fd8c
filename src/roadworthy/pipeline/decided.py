"""The stage rule: what is decided of a call without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from roadworthy.conformance import describe
from roadworthy.core import Violation
from roadworthy.core.errors import DeniedByRule, OutputError, OutputNonconforming
from roadworthy.pipeline.checked import Checked, asked_by
from roadworthy.pipeline.filling import filled_violations
from roadworthy.pipeline.recorder import Recorder
from roadworthy.pipeline.request import Finished
from roadworthy.tasks import Ruling

__all__ = ["Decided", "decide"]


@dataclass(slots=True, kw_only=True)
class Decided:
    """What the task's rules have made of a request."""

    checked: Checked
    """With the model that they chose."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    """``vars`` of templates and constraints."""
    filled: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the output that no model is asked for."""
    finished: Finished | None = None
    """The call, if a rule has ended it; nothing is left but to settle it."""

    @property
    def is_chain(self) -> bool:
        """Whether steps answer, and no model is asked for the whole."""
        task = self.checked.task
        return task is not None and task.chain is not None


def decide(checked: Checked, recorder: Recorder) -> Decided:
    """What the rules of the task decide; those that took effect are written into the call.

    Raises:
        InvalidInput: a rule has no value for this input.
        RuleFailed: a Python function of the rules failed.
    """
    task, call = checked.task, recorder.call
    if task is None or task.rules is None:
        return Decided(checked=checked)
    with recorder.stage("rule"):
        ruling = task.rules.decide(call.input or {})
        call.rules = tuple(ruling.fired)
        finished = _ended(ruling, checked, recorder)
        if finished is None and ruling.model:
            checked = asked_by(checked, task.models[ruling.model])
            call.model = checked.model.name
        # A caller's own schema has none of the task's fields.
        filled = ruling.filled if task.output is not None else {}
    return Decided(checked=checked, variables=ruling.variables, filled=filled, finished=finished)


def _ended(ruling: Ruling, checked: Checked, recorder: Recorder) -> Finished | None:
    """The call, if a rule has ended it."""
    call = recorder.call
    if ruling.denied is None and ruling.answer is msgspec.UNSET and not ruling.filled:
        return None
    if checked.schema is not None:
        call.schema_digest = checked.schema.digest
        recorder.schema = checked.schema
    if ruling.denied is not None:
        call.outcome = "refused"
        return _failed(recorder, DeniedByRule(ruling.denied))
    if ruling.answer is msgspec.UNSET:
        broken = filled_violations(checked, ruling.filled)
        return None if not broken else _nonconforming(recorder, broken)
    broken = _violations(ruling, checked, recorder)
    if broken:
        return _nonconforming(recorder, broken)
    call.outcome, call.value = "rule", ruling.answer
    is_text = checked.schema is None and isinstance(ruling.answer, str)
    text = ruling.answer if is_text else msgspec.json.encode(ruling.answer).decode()
    return Finished(call=call, text=text)


def _violations(ruling: Ruling, checked: Checked, recorder: Recorder) -> tuple[Violation, ...]:
    schema, task = checked.schema, checked.task
    if schema is not None and not schema.is_valid(ruling.answer):
        return schema.violations(ruling.answer)
    if task is None or task.constraints is None:
        return ()
    given = recorder.call.input or {}
    return task.constraints.violations(given, ruling.answer, ruling.variables)


def _nonconforming(recorder: Recorder, violations: tuple[Violation, ...]) -> Finished:
    recorder.call.outcome = "failed"
    return _failed(
        recorder,
        OutputNonconforming(
            f"What the task's rules answered does not conform: {describe(violations)}. Mend the"
            " rule, or the schema or the constraint that it breaks."
        ),
    )


def _failed(recorder: Recorder, error: OutputError) -> Finished:
    error.call_id = recorder.call.id
    return Finished(call=recorder.call, error=error)
