"""How each outcome is named, told, drawn and coloured; one table for pages and charts.

Colour never carries the meaning alone: every outcome has a name and an icon of its own, and
charts draw answered calls and the others in panels of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from roadworthy.core import ANSWERED

__all__ = ["NOT_ANSWERED", "OUTCOMES", "Family", "OutcomeStyle", "not_answered", "style_of"]

Family: TypeAlias = Literal["answered", "withheld", "caller"]
"""Answered; not answered, and the model or the machinery was at fault; not answered, and the
caller was."""


class OutcomeStyle(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome, for people."""

    name: str
    label: str
    family: Family
    sentence: str
    icon: str
    """An SVG path in a box of 12 by 12, drawn as a line."""


def _style(name: str, family: Family, sentence: str, icon: str) -> OutcomeStyle:
    label = name.replace("_", " ").replace("reasked", "re-asked").capitalize()
    return OutcomeStyle(name=name, label=label, family=family, sentence=sentence, icon=icon)


_CIRCLE = "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1Z"

OUTCOMES: Final[Mapping[str, OutcomeStyle]] = {
    style.name: style
    for style in (
        _style(
            "first_pass",
            "answered",
            "The model's first answer conformed to the schema, as it came.",
            "M2 6.5 5 9.5 10.5 3",
        ),
        _style(
            "repaired",
            "answered",
            "The answer conformed after a repair.",
            _CIRCLE + "M3.6 6.2 5.4 8 8.5 4.4",
        ),
        _style(
            "reasked",
            "answered",
            "The answer conformed after the failing fields were asked again.",
            "M10 6a4 4 0 1 1-1.2-2.9M10.2 1v2.6H7.6",
        ),
        _style(
            "unchecked",
            "answered",
            "Answered. No output schema was given, so there was nothing to check it by.",
            _CIRCLE,
        ),
        _style(
            "rule",
            "answered",
            "A rule of the task answered; no model was asked.",
            "M2 2.5h8v7H2ZM2 6h8",
        ),
        _style(
            "chain",
            "answered",
            "The task's steps answered, each of them a call of its own.",
            "M1 6a2 2 0 1 0 4 0A2 2 0 1 0 1 6ZM7 6a2 2 0 1 0 4 0A2 2 0 1 0 7 6ZM5 6h2",
        ),
        _style(
            "failed",
            "withheld",
            "The answer did not conform to the schema, so it was not delivered.",
            "M2.5 2.5l7 7M9.5 2.5l-7 7",
        ),
        _style(
            "errored",
            "withheld",
            "The provider or the gateway failed; there was no answer.",
            "M6 1.2 11 10.5H1ZM6 4.6v2.8M6 8.8v.4",
        ),
        _style(
            "truncated",
            "withheld",
            "The token limit cut the answer off.",
            "M1.5 2.5h9M1.5 6h5.5M1.5 9.5h2.5",
        ),
        _style(
            "refused",
            "withheld",
            "The model refused to answer, or a rule denied it.",
            _CIRCLE + "M2.6 2.6l6.8 6.8",
        ),
        _style(
            "rejected",
            "caller",
            "The request was at fault; no model was asked.",
            "M10.5 2.5v4.5H2M5 4 2 7l3 3",
        ),
        _style(
            "cancelled",
            "caller",
            "The caller went away before the answer was complete.",
            "M2.5 6h7",
        ),
    )
}
"""In the order in which charts stack and legends list them."""

NOT_ANSWERED: Final = tuple(name for name in OUTCOMES if name not in ANSWERED)


def style_of(name: str) -> OutcomeStyle:
    """How to show this outcome; one that this version does not know shows by its name."""
    return OUTCOMES.get(name) or _style(name, "withheld", "", _CIRCLE)


def not_answered(outcomes: Mapping[str, int]) -> dict[str, int]:
    """Of these counts those that delivered no answer, most frequent first."""
    rest = {name: n for name, n in outcomes.items() if name not in ANSWERED and n}
    return dict(sorted(rest.items(), key=lambda item: -item[1]))
