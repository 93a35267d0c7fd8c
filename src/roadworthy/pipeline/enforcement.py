"""What enforces a task's output schema: its model's mode, and what that mode leaves to us.

For people: `roadworthy check` and the task's page. Serving does not come here; it validates every
answer against the whole schema, whatever a mode promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from roadworthy.conformance import Loss, Target, compile_schema, loss_report, plan_request
from roadworthy.conformance.normalise.loss import CANNOT_BE_USED, CANNOT_COME_BACK
from roadworthy.core import Mode
from roadworthy.models import Model, modes_from
from roadworthy.tasks import TaskDefinition

__all__ = [
    "TARGETS",
    "ComparedKeyword",
    "Comparison",
    "Enforcement",
    "Hold",
    "compare_targets",
    "enforcement_by",
    "enforcement_of",
    "hold_of",
]

TARGETS: Final[Mapping[Target, str]] = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "gemini": "Gemini",
    "llguidance": "llguidance",
}
"""Whose forms are known, as people call them; the last is the grammar of the embedded model."""

Hold: TypeAlias = Literal["enforced", "told", "validated", "narrowed"]
"""How a keyword holds there: enforced while the model writes; told to the model in words, or not
even that, and validated afterwards; or held so narrowly that some valid answers cannot be given."""


class Enforcement(msgspec.Struct, frozen=True, kw_only=True):
    """How one output schema is asked for, and what of it only our own validation enforces."""

    mode: Mode
    losses: tuple[Loss, ...] = ()
    """Keywords that the mode does not enforce, by their place in the schema."""
    remarks: tuple[str, ...] = ()
    """What holds of the schema as a whole: stronger modes that it does not fit, with the reason; a
    mode that binds nothing."""

    @property
    def binds(self) -> bool:
        """Whether the mode enforces anything of the schema."""
        return self.mode in ("grammar", "strict", "tool")

    @property
    def everything(self) -> bool:
        """Whether nothing is left to validation."""
        return self.binds and not self.losses


class ComparedKeyword(msgspec.Struct, frozen=True, kw_only=True):
    """One keyword that some target does not enforce, and how it holds at each."""

    path: str
    keyword: str
    holds: dict[Target, Hold]
    reasons: dict[Target, str]
    """For those targets that do not enforce it."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One schema in the forms of all targets."""

    keywords: tuple[ComparedKeyword, ...] = ()
    """In the order of their places; those that all enforce are left out."""
    unusable: dict[Target, str] = {}
    """Targets that the schema has no form for, and why: nothing is enforced there."""
    remarks: dict[Target, tuple[str, ...]] = {}
    counts: dict[Target, int] = {}
    """Keywords that the target does not enforce; of the unusable, none are counted."""


def enforcement_of(task: TaskDefinition, model: Model) -> Enforcement | None:
    """How the task's answers are asked for on this model; None: they are free text."""
    if task.output_schema is None:
        return None
    modes = modes_from(model.capabilities.modes, task.mode)
    plan = plan_request(compile_schema(task.output_schema), modes, name=task.name)
    return _enforcement(plan.mode, plan.losses)


def enforcement_by(schema: dict[str, Any], target: Target) -> Enforcement:
    """As `enforcement_of`, in the strictest form that this target has."""
    mode: Mode = "grammar" if target == "llguidance" else "strict"
    losses = loss_report(compile_schema(schema), target)
    if any(not loss.keyword and loss.reason.startswith(CANNOT_BE_USED) for loss in losses):
        mode = "prompt"
    return _enforcement(mode, losses)


def compare_targets(schema: dict[str, Any]) -> Comparison:
    """What each target enforces of this schema, side by side."""
    return _compared(msgspec.json.encode(schema))


def hold_of(loss: Loss) -> Hold:
    """How a keyword holds that is lost so."""
    if CANNOT_COME_BACK in loss.reason:
        return "narrowed"
    return "told" if loss.told else "validated"


@lru_cache(maxsize=128)
def _compared(encoded: bytes) -> Comparison:
    schema = msgspec.json.decode(encoded)
    found = {target: enforcement_by(schema, target) for target in TARGETS}
    usable = {target: e for target, e in found.items() if e.binds}
    places = {(loss.path, loss.keyword) for e in usable.values() for loss in e.losses}
    lost = {
        target: {(loss.path, loss.keyword): loss for loss in e.losses}
        for target, e in usable.items()
    }
    return Comparison(
        keywords=tuple(
            ComparedKeyword(
                path=path,
                keyword=keyword,
                holds={
                    target: hold_of(at[path, keyword]) if (path, keyword) in at else "enforced"
                    for target, at in lost.items()
                },
                reasons={
                    target: at[path, keyword].reason
                    for target, at in lost.items()
                    if (path, keyword) in at
                },
            )
            for path, keyword in sorted(places)
        ),
        unusable={
            target: "; ".join(e.remarks) for target, e in found.items() if target not in usable
        },
        remarks={target: e.remarks for target, e in usable.items() if e.remarks},
        counts={target: len(at) for target, at in lost.items()},
    )


def _enforcement(mode: Mode, losses: Iterable[Loss]) -> Enforcement:
    told = tuple(losses)
    return Enforcement(
        mode=mode,
        losses=tuple(sorted((x for x in told if x.keyword), key=lambda x: (x.path, x.keyword))),
        remarks=tuple(f"{x.mode}: {x.reason}" for x in told if not x.keyword),
    )
