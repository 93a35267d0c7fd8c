"""What a target's strict mode would not enforce of a schema, whatever model a task names."""

from __future__ import annotations

from typing import Any

from roadworthy.conformance.normalise.llguidance import grammar_form
from roadworthy.conformance.normalise.loss import CANNOT_BE_USED, Loss, NotStrict, Target
from roadworthy.conformance.normalise.strict import strict_form
from roadworthy.conformance.schema import OutputSchema
from roadworthy.core import Mode

__all__ = ["loss_report"]


def loss_report(schema: OutputSchema | dict[str, Any], target: Target) -> tuple[Loss, ...]:
    """Every keyword of this schema that the target will not enforce; empty: it enforces all.

    One loss with an empty keyword: the schema has no form there at all.
    """
    source = schema.source if isinstance(schema, OutputSchema) else schema
    try:
        form = grammar_form(source) if target == "llguidance" else strict_form(source, target)
    except NotStrict as error:
        mode: Mode = "grammar" if target == "llguidance" else "strict"
        return (Loss(mode=mode, path="", keyword="", reason=f"{CANNOT_BE_USED}: {error}"),)
    return form.losses
