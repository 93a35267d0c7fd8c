"""Which comments are asked about, in which order, and when it is enough. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from roadworthy.cli.demo.comments import Comment

__all__ = ["ASKED_AGAIN", "AT_LEAST", "BUDGET_S", "ROUNDS", "Asking", "Schedule", "representative"]

BUDGET_S: Final = 240.0
AT_LEAST: Final = 60
"""Comments asked about even where that takes longer than the budget."""
ASKED_AGAIN: Final = 20
ROUNDS: Final = 3
"""How often those are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One comment to ask about, once in each way."""

    comment: Comment
    round: int = 0


def representative(comments: Sequence[Comment]) -> list[Comment]:
    """The comments in an order whose every beginning holds each label in its proportion.

    Comments of one label keep their order; without labels, so do all.
    """
    by_label: dict[str | None, list[Comment]] = defaultdict(list)
    for comment in comments:
        by_label[comment.expected].append(comment)
    # The i-th of n stands at (i + ½)/n of the way; a label's place in the file breaks ties.
    placed = [
        ((position + 0.5) / len(group), order, comment)
        for order, group in enumerate(by_label.values())
        for position, comment in enumerate(group)
    ]
    return [comment for _, _, comment in sorted(placed, key=lambda entry: entry[:2])]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The whole plan; `askings` in order, as far as `enough` lets it go."""

    comments: Sequence[Comment]
    """In the order of asking."""
    budget_s: float | None = BUDGET_S
    """None: ask about all of them."""
    at_least: int = AT_LEAST
    asked_again: int = ASKED_AGAIN

    def askings(self) -> Iterator[Asking]:
        """The opening comments once, then again twice, then the others once each.

        Between two askings of a comment stand those of all the others, so that no cache of a
        prompt's beginning answers faster the second time.
        """
        for round_ in range(ROUNDS):
            for comment in self.comments[: self.asked_again]:
                yield Asking(comment=comment, round=round_)
        for comment in self.comments[self.asked_again :]:
            yield Asking(comment=comment)

    def must(self) -> int:
        """How many askings are made whatever time they take."""
        count = len(self.comments)
        if self.budget_s is not None:
            count = min(count, self.at_least)
        return count + (ROUNDS - 1) * min(self.asked_again, len(self.comments))

    def total(self) -> int:
        """How many askings there would be without a budget."""
        return len(self.comments) + (ROUNDS - 1) * min(self.asked_again, len(self.comments))

    def enough(self, done: int, *, elapsed_s: float) -> bool:
        """Whether to stop after this many askings: one more of mean length would not fit."""
        if done < self.must() or self.budget_s is None:
            return done >= self.total()
        return elapsed_s + elapsed_s / max(done, 1) > self.budget_s

    def progress(self, done: int, *, elapsed_s: float) -> float:
        """How much of the run is over, from 0 to 1."""
        of_all = done / max(self.total(), 1)
        if self.budget_s is None:
            return of_all
        of_must = done / max(self.must(), 1)
        return min(1.0, max(of_all, min(of_must, elapsed_s / self.budget_s)))
