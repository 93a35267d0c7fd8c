"""Values on their way to the form that a mode accepts, and back.

A mode has its own form of a schema: every field present, an object at the root, no dictionaries,
no tuples. `normalise` makes that form and, beside it, the way back; here it is gone. Pure, and
not a repair: the model did as it was told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from roadworthy.conformance.codec import Boxed, Codec
from roadworthy.conformance.schema import OutputSchema

__all__ = ["PLAIN", "WRAPPED", "WRAPPER", "Form", "Mapping", "forward", "restore"]

WRAPPER: Final = "value"
PLAIN: Final = "plain"


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """How values of a schema stand in the form that a mode has of it."""

    codec: Codec


Form: TypeAlias = Literal["plain"] | Mapping
"""``plain``: the mode's form of a value is the value."""

WRAPPED: Final = Mapping(Boxed(WRAPPER))
"""Inside ``{"value": …}``, and otherwise as it is."""


def restore(value: Any, _: OutputSchema, form: Form = PLAIN) -> Any:
    """The answer as the original schema has it; what is not in the mode's form stays as it is.

    Never raises, and adds nothing that the answer does not hold: it is put to candidates too that
    do not conform yet.
    """
    if isinstance(form, str):
        return value
    try:
        return form.codec.restore(value)
    except RecursionError:  # deeper than any answer that may be delivered
        return value


def forward(value: Any, form: Form) -> Any:
    """A value of the original schema as the mode would have a model write it."""
    return value if isinstance(form, str) else form.codec.forward(value)
