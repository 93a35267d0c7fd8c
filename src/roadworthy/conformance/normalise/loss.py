"""What a mode will not enforce, and what a provider's strict mode is called here."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from roadworthy.core import Mode

__all__ = ["CANNOT_BE_USED", "CANNOT_COME_BACK", "Loss", "NotStrict", "Target"]

Target: TypeAlias = Literal["openai", "anthropic", "gemini", "llguidance"]
"""Whose form a schema is brought into: a provider's strict mode, or the grammar compiler."""


CANNOT_BE_USED = "cannot be used"
"""Begins the reason of the one loss of a schema that has no form in the mode."""
CANNOT_COME_BACK = "cannot come back"
"""In the reason of each loss by which the mode's form is narrower than the schema."""


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """Something of the schema that a mode will not enforce; validation still does."""

    mode: Mode
    path: str
    """JSON pointer into the schema: where the keyword stands."""
    keyword: str
    """Empty where the mode cannot be used at all."""
    reason: str
    told: bool = False
    """Whether the model reads of it in words, in a description."""


class NotStrict(ValueError):
    """The schema has no form in the mode; the message says which keyword and why."""
