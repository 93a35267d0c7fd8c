"""What a target's strict mode would not enforce of a schema, whatever model a task names."""

from __future__ import annotations

from typing import Any

from roadworthy.conformance.normalise.loss import Loss, NotStrict, Target
from roadworthy.conformance.normalise.strict import strict_form
from roadworthy.conformance.schema import OutputSchema

__all__ = ["loss_report"]


def loss_report(schema: OutputSchema | dict[str, Any], target: Target) -> tuple[Loss, ...]:
    """Every keyword of this schema that the target will not enforce; empty: it enforces all.

    One loss with an empty keyword: the schema has no form there at all.
    """
    source = schema.source if isinstance(schema, OutputSchema) else schema
    try:
        return strict_form(source, target).losses
    except NotStrict as error:
        return (Loss(mode="strict", path="", keyword="", reason=f"cannot be used: {error}"),)
