"""Which parts to leave out together: the most that answers as well, asked for few times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from roadworthy.evaluation.trimming.parts import Part

__all__ = ["Try", "largest_set"]

Try: TypeAlias = Callable[[Sequence[Part]], Awaitable[bool | None]]
"""Whether the prompt without these answers as well; None: it cannot be asked any more."""
_MOST_ADDITIONS: Final = 8


async def largest_set(ordered: Sequence[Part], attempt: Try) -> list[Part]:
    """The parts to leave out, of those that can each go alone, the safest first.

    All at once; if that is too much, the longest beginning of the order that is not, by halving;
    then, one by one, what else can go with it. Two copies of one example show why: each can go,
    and not both.
    """
    if not ordered:
        return []
    if len(ordered) == 1 or await attempt(ordered):
        return list(ordered)
    good, bad = 1, len(ordered)
    while bad - good > 1:
        middle = (good + bad) // 2
        found = await attempt(ordered[:middle])
        if found is None:
            return list(ordered[:good])
        good, bad = (middle, bad) if found else (good, middle)
    kept = list(ordered[:good])
    # The part at `bad - 1` was asked with exactly these.
    for part in ordered[bad : bad + _MOST_ADDITIONS]:
        found = await attempt([*kept, part])
        if found is None:
            break
        if found:
            kept.append(part)
    return kept
