"""Asks how likely the values of one field are, until each is told from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from roadworthy.conformance import plan_request
from roadworthy.core import Message, Purpose
from roadworthy.core.errors import OutputRefused
from roadworthy.models import Choice
from roadworthy.pipeline.choosing.closed import ClosedFields
from roadworthy.pipeline.choosing.distribution import Distribution
from roadworthy.pipeline.generate import Generation
from roadworthy.pipeline.prepare import with_instruction
from roadworthy.tasks import content_digest

__all__ = ["Question"]

NEGLIGIBLE: Final = 0.01
"""Values that are less likely than this together share their probability evenly: to tell them
apart would cost a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """For the likelihood of one field's values, after those that are fixed."""

    generation: Generation
    closed: ClosedFields
    field: str
    fixed: Mapping[str, Any]

    @property
    def values(self) -> tuple[str, ...]:
        return self.closed.values[self.field]

    async def ask(self, messages: Sequence[Message], purpose: Purpose) -> Distribution | None:
        """The probabilities of the field's values, in their order; None: what the model wrote was
        none of them.

        Raises:
            OutputRefused: the model refused.
            UpstreamError: it could not be asked, or does not say how likely its words are.
        """
        found = [0.0] * len(self.values)
        groups = [(tuple(range(len(self.values))), 1.0)]
        while groups:
            group, mass = groups.pop()
            told = await self._told(group, messages, purpose)
            if told is None:
                if len(group) == len(self.values):
                    return None
                told = [((index,), 1 / len(group)) for index in group]
            for part, share in told:
                if len(part) == 1:
                    found[part[0]] += mass * share
                elif mass * share > NEGLIGIBLE and len(part) < len(group):
                    groups.append((part, mass * share))
                else:
                    for index in part:
                        found[index] += mass * share / len(part)
        return tuple(found)

    async def _told(
        self, group: tuple[int, ...], messages: Sequence[Message], purpose: Purpose
    ) -> list[tuple[tuple[int, ...], float]] | None:
        """How a group's probability is divided among its values, as far as one answer tells."""
        texts = tuple(self.values[index] for index in group)
        schema = self.closed.only(self.field, self.fixed, texts)
        # Providers tell no log-probabilities of what is written into a function's parameters.
        modes = tuple(m for m in self.generation.prepared.modes if m != "tool") or ("prompt",)
        plan = plan_request(schema, modes)
        asked = list(messages)
        if plan.instruction is not None:
            asked = with_instruction(asked, plan.instruction)
        choice = Choice(field=self.field, values=texts, fixed=dict(self.fixed))
        reply = await self.generation.weigh(asked, plan, choice, purpose=purpose)
        if reply.refusal is not None or reply.stop_reason in ("refusal", "content_filter"):
            raise OutputRefused(f"The model refused to say which {self.field!r} it is.")
        if not reply.shares:
            return None
        return [
            (tuple(group[value] for value in share.values), math.exp(share.log_p))
            for share in reply.shares
        ]

    def key(self, messages: Sequence[Message]) -> str:
        """Digest of all that the answer depends on."""
        model = self.generation.prepared.model
        return content_digest(
            (
                (model.provider, model.upstream, model.base_url),
                (self.field, self.values, list(self.fixed.items())),
                list(messages),
            )
        )
