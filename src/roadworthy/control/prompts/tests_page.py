"""What the page of test results says: versions beside tags, and cases that cannot decide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from roadworthy.control.drawing.charts import Chart, Column, Layer, Panel
from roadworthy.control.drawing.formats import count, share, short
from roadworthy.control.links import version_link
from roadworthy.control.prompts.tallies import Tally, tallies_by_definition
from roadworthy.registry import Pointer, VersionRow
from roadworthy.registry.counts import CaseTally
from roadworthy.stats import wilson_interval

__all__ = ["FlakyCase", "ResultLine", "ResultsView", "TagCell", "results_view"]

MAX_TAGS: Final = 12
MAX_FLAKY: Final = 60


class TagCell(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of one tag on one version."""

    tag: str
    passed: int
    cases: int
    share: str
    """Empty: nothing was measured."""
    interval: str
    worse: bool = False
    """Whether fewer pass than on the line below, the version before."""


class ResultLine(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one version."""

    row: VersionRow
    href: str
    channels: tuple[str, ...]
    tally: Tally | None
    whole: TagCell
    tags: tuple[TagCell, ...]
    same_as: str
    """The newer version that shares these results, since their definitions are equal."""


class FlakyCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case that passed in some runs and failed in others."""

    case: str
    version: str
    href: str
    passed: int
    runs: int


class ResultsView(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    lines: tuple[ResultLine, ...]
    tags: tuple[str, ...]
    more_tags: int
    flaky: tuple[FlakyCase, ...]
    more_flaky: int
    chart: Chart | None
    """None: nothing was measured."""


def results_view(
    rows: Sequence[VersionRow],
    *,
    pointers: Iterable[Pointer],
    cases: Sequence[CaseTally],
    tags: Mapping[str, Sequence[str]],
) -> ResultsView:
    """The results of these versions, newest first. ``tags`` are those of each question, by its
    digest."""
    by_definition: dict[str, list[CaseTally]] = {}
    for case in cases:
        by_definition.setdefault(case.definition, []).append(case)
    names = sorted({tag for found in tags.values() for tag in found})
    at: dict[str, list[str]] = {}
    for pointer in pointers:
        at.setdefault(pointer.version, []).append(pointer.channel)
    seen: dict[str, str] = {}
    lines = []
    for row in rows:
        own = by_definition.get(row.definition_digest, [])
        lines.append(_line(row, own, names[:MAX_TAGS], tags, at.get(row.version, ()), seen))
        seen.setdefault(row.definition_digest, row.version)
    flaky = tuple(_flaky(rows, by_definition))
    return ResultsView(
        lines=tuple(_compared(lines)),
        tags=tuple(names[:MAX_TAGS]),
        more_tags=max(0, len(names) - MAX_TAGS),
        flaky=flaky[:MAX_FLAKY],
        more_flaky=max(0, len(flaky) - MAX_FLAKY),
        chart=_chart(rows, by_definition) if cases else None,
    )


def _line(
    row: VersionRow,
    cases: Sequence[CaseTally],
    names: Sequence[str],
    tags: Mapping[str, Sequence[str]],
    channels: Sequence[str],
    seen: Mapping[str, str],
) -> ResultLine:
    by_tag = {
        name: [case for case in cases if name in tags.get(case.question, ())] for name in names
    }
    return ResultLine(
        row=row,
        href=version_link(row.task, row.version),
        channels=tuple(channels),
        tally=Tally.of(cases, definition=row.definition_digest) if cases else None,
        whole=_cell("", cases),
        tags=tuple(_cell(name, found) for name, found in by_tag.items()),
        same_as=seen.get(row.definition_digest, "") if cases else "",
    )


def _cell(tag: str, cases: Sequence[CaseTally]) -> TagCell:
    decided = [case.verdict for case in cases if case.verdict is not None]
    passed = decided.count(True)
    if not decided:
        return TagCell(tag=tag, passed=0, cases=0, share="", interval="")
    low, high = wilson_interval(passed, len(decided))
    return TagCell(
        tag=tag,
        passed=passed,
        cases=len(decided),
        share=share(passed, len(decided)),
        interval=f"{100 * low:.0f} to {100 * high:.0f}%",
    )


def _compared(lines: Sequence[ResultLine]) -> Iterable[ResultLine]:
    """The lines with marks where fewer pass than in the next one down that was measured."""
    for index, line in enumerate(lines):
        before = next((old for old in lines[index + 1 :] if old.whole.cases), None)
        if before is None or not line.whole.cases:
            yield line
            continue
        pairs = zip(line.tags, before.tags, strict=True)
        yield msgspec.structs.replace(
            line,
            whole=_marked(line.whole, before.whole),
            tags=tuple(_marked(now, then) for now, then in pairs),
        )


def _marked(now: TagCell, then: TagCell) -> TagCell:
    if not now.cases or not then.cases:
        return now
    worse = now.passed * then.cases < then.passed * now.cases
    return msgspec.structs.replace(now, worse=worse)


def _flaky(
    rows: Sequence[VersionRow], by_definition: Mapping[str, Sequence[CaseTally]]
) -> Iterable[FlakyCase]:
    told = set()
    for row in rows:
        if row.definition_digest in told:
            continue
        told.add(row.definition_digest)
        for case in by_definition.get(row.definition_digest, ()):
            if case.flaky:
                yield FlakyCase(
                    case=short(case.case_id, 80),
                    version=row.version,
                    href=version_link(row.task, row.version),
                    passed=case.passed,
                    runs=case.runs,
                )


def _chart(rows: Sequence[VersionRow], by_definition: Mapping[str, Sequence[CaseTally]]) -> Chart:
    """Cases by what became of them, a bar a version, the oldest first."""
    oldest_first = rows[::-1]
    sums = tallies_by_definition(case for found in by_definition.values() for case in found)
    tallies = [sums.get(row.definition_digest) for row in oldest_first]
    every = max(1, -(-len(oldest_first) // 12))
    panel = Panel(
        key="cases",
        label="cases",
        layers=[
            Layer(key="passed", label="passed", values=[t.passed if t else None for t in tallies]),
            Layer(
                key="unscored",
                label="no verdict",
                values=[t.unscored if t else None for t in tallies],
            ),
            Layer(
                key="failed-cases",
                label="failed",
                values=[t.failed if t else None for t in tallies],
            ),
        ],
        show=count,
        whole=True,
        height_px=110,
    )
    return Chart(
        key="results",
        title="Cases by version",
        description="How many cases passed, failed or have no verdict, for each version.",
        columns=[
            Column(
                label=row.version,
                tick=row.version if index % every == 0 else "",
                href=version_link(row.task, row.version),
            )
            for index, row in enumerate(oldest_first)
        ],
        panels=[panel],
        nothing="not tested",
        centred=True,
    )
