"""The same call asked otherwise: of another model, or for another schema."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.conformance import OutputSchema, plan_request
from roadworthy.core import Message, Mode
from roadworthy.models import Model
from roadworthy.pipeline.prepare import Prepared, with_instruction

__all__ = ["planned"]


def planned(
    prepared: Prepared,
    *,
    schema: OutputSchema | None,
    model: Model | None = None,
    modes: tuple[Mode, ...] | None = None,
    name: str = "answer",
) -> tuple[Prepared, Mode]:
    """What to ask for this schema, of this model and in these modes; left out: as it was. And the
    mode that came of it."""
    model = prepared.model if model is None else model
    modes = prepared.modes if modes is None else modes
    plan = None if schema is None else plan_request(schema, modes, name=name)
    if plan is None:
        return replace(prepared, model=model, modes=modes, schema=None), "none"
    messages: list[Message] = prepared.asked
    if plan.instruction is not None:
        messages = with_instruction(messages, plan.instruction)
    terms = replace(prepared.terms, form=plan.form)
    return (
        replace(
            prepared,
            model=model,
            modes=modes,
            schema=schema,
            messages=messages,
            structured=plan.structured,
            terms=terms,
        ),
        plan.mode,
    )
