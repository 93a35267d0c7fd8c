"""A comparison as text for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from roadworthy.cli.columns import columns
from roadworthy.cli.test.table import printable
from roadworthy.evaluation.comparison import CaseChange, Comparison
from roadworthy.evaluation.comparison_rows import (
    HEAD,
    case_line,
    cells,
    power_sentence,
    spent_sentence,
    verdict_sentence,
)

__all__ = ["comparison_text"]

FEW_TAGS = 8
FEW_CASES = 10


def comparison_text(found: Comparison, *, everything: bool = False) -> str:
    """Figures, the cases that moved, and what can be said."""
    return "\n".join(_lines(found, everything))


def _lines(found: Comparison, everything: bool) -> Iterator[str]:
    yield f"{found.task}: A = {found.a} on {found.models[0]}, B = {found.b} on {found.models[1]}"
    if found.same:
        yield verdict_sentence(found)
        return
    if found.pass_rate is not None:
        by_size = sorted(found.tags, key=lambda tag: (not tag.told, -tag.cases, tag.name))
        tags = by_size if everything else by_size[:FEW_TAGS]
        rows = [HEAD, cells(found.pass_rate), *map(cells, tags), *map(cells, found.figures)]
        yield columns(rows, indent=2)
        if len(by_size) > len(tags):
            yield f"  and {len(by_size) - len(tags)} tags more; --all shows them"
    if any(tag.told for tag in found.tags):
        yield f"  Of {len(found.tags)} tags, one in twenty seems to differ by chance alone."
    yield from _cases("Better", found.better, everything)
    yield from _cases("Worse", found.worse, everything)
    if found.better or found.worse:
        yield (
            f"{len(found.better)} better, {len(found.worse)} worse; chance alone is as uneven with"
            f" p = {found.sign_p:.2g} (exact sign test)."
        )
    if found.unpaired:
        yield f"Not compared, for want of a verdict on both sides: {', '.join(found.unpaired)}."
    yield verdict_sentence(found)
    power = power_sentence(found)
    if power:
        yield power
    if found.left_out is not None:
        why = "--max-cost" if found.left_out == "cost" else "Ctrl-C"
        yield f"Not all was asked ({why}); the same command goes on from here."
    yield spent_sentence(found)


def _cases(title: str, cases: Sequence[CaseChange], everything: bool) -> Iterator[str]:
    if not cases:
        return
    yield f"{title}:"
    shown = cases if everything else cases[:FEW_CASES]
    for case in shown:
        yield f"  {case_line(case)}"
        if case.reason:
            yield f"    {printable(case.reason)}"
        if case.call is not None:
            yield f"    roadworthy call {case.call}"
    if len(cases) > len(shown):
        yield f"  and {len(cases) - len(shown)} more; --all shows them"
