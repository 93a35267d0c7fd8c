"""Versions, channels and moves as lines. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from roadworthy.cli.columns import columns, moment
from roadworthy.registry import Evidence, Move, Pointer, Share, VersionRow

__all__ = [
    "channel_lines",
    "evidence_lines",
    "history_lines",
    "percent",
    "several_environments",
    "short_commit",
    "short_evidence",
    "version_lines",
]

_MESSAGE = 60
_COMMIT = 10


def version_lines(rows: Sequence[VersionRow], pointers: Sequence[Pointer], *, tasks: bool) -> str:
    """A line a version; the channels that point to it beside it."""
    here: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pointer in pointers:
        here[pointer.task, pointer.version].append(pointer.channel)
    head = ["TASK"] * tasks + ["VERSION", "PUBLISHED (UTC)", "LEVEL", "AUTHOR", "COMMIT"]
    lines = [[*head, "CHANNELS", "MESSAGE"]]
    lines += [
        [
            *[row.task] * tasks,
            row.version,
            moment(row.published_us),
            row.level,
            row.author[:20],
            short_commit(row.commit),
            ", ".join(sorted(here[row.task, row.version])),
            _one_line(row.message),
        ]
        for row in rows
    ]
    return columns(lines)


def channel_lines(pointers: Sequence[Pointer]) -> str:
    """A line a channel, by task and name."""
    lines = [["TASK", "CHANNEL", "VERSION", "SINCE (UTC)", ""]]
    lines += [
        [
            pointer.task,
            pointer.channel,
            pointer.version,
            moment(pointer.since_us),
            "protected" if pointer.protected else "",
        ]
        for pointer in pointers
    ]
    return columns(lines)


def history_lines(moves: Sequence[Move], *, tasks: bool) -> str:
    """A line a move: when, of what, from where to where, by whom, on what, why. Where moves of
    several installations stand together, each says whose it is."""
    several = several_environments(moves)
    head = ["TASK"] * tasks + ["AT (UTC)"] + ["ENVIRONMENT"] * several
    lines = [[*head, "CHANNEL", "MOVE", "FROM", "TO", "BY", "EVIDENCE", "WHY"]]
    lines += [
        [
            *[move.task] * tasks,
            moment(move.at_us),
            *[move.environment] * several,
            move.channel,
            f"{move.kind}, forced" if move.forced else move.kind,
            move.from_version or "",
            move.to_version,
            move.by.name[:20],
            short_evidence(move.evidence),
            _one_line(move.why),
        ]
        for move in moves
    ]
    return columns(lines)


def several_environments(moves: Sequence[Move]) -> bool:
    """Whether moves of more than one installation stand among these."""
    return len({move.environment for move in moves}) > 1


def short_evidence(evidence: Evidence | None) -> str:
    """The figure that counts most, in a few words."""
    if evidence is None:
        return ""
    words = []
    if evidence.figures.pass_rate is not None:
        share = evidence.figures.pass_rate
        words.append(f"{percent(share.value)} of {share.n} pass")
    if evidence.misses:
        words.append(f"{len(evidence.misses)} missed")
    if evidence.lowered:
        words.append("gate lowered")
    return ", ".join(words)


def evidence_lines(evidence: Evidence, *, indent: int = 2) -> str:
    """Every figure that was measured, on which model, and what was left out."""
    figures = evidence.figures
    rows: list[tuple[str, str]] = []
    if figures.pass_rate is not None:
        rows.append(("pass rate", _share(figures.pass_rate)))
    rows += [(f"  {tag}", _share(share)) for tag, share in sorted(figures.tags.items())]
    if figures.conformance is not None:
        rows.append(("conformance", _share(figures.conformance)))
    if figures.stability is not None:
        rows.append(("stability", percent(figures.stability)))
    if figures.p95_ms is not None:
        rows.append(("p95", f"{figures.p95_ms:,.0f} ms"))
    if figures.cost_usd is not None:
        rows.append(("cost", f"${figures.cost_usd:.6f} a run"))
    if figures.unscored and figures.runs:
        rows.append(("unscored", f"{figures.unscored} of {figures.cases} cases"))
    if figures.flaky:
        rows.append(("flaky", ", ".join(figures.flaky)))
    if evidence.measured_us is None:
        rows.append(("tests", "none of this prompt on this model"))
    rows += [(f"model {name}", model) for name, model in sorted(evidence.bindings.items())]
    if evidence.measured_us is not None:
        where = f" in {evidence.environment}" if evidence.environment else ""
        rows.append(("measured", f"{moment(evidence.measured_us)} UTC{where}"))
    if evidence.invalid_cases:
        rows.append(("left out", f"input no longer valid: {', '.join(evidence.invalid_cases)}"))
    if evidence.lowered:
        rows.append(("lowered", ", ".join(evidence.lowered)))
    return columns(rows, indent=indent)


def percent(share: float) -> str:
    """Rounded down, so that only all of them are 100 %."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}%"


def short_commit(commit: str | None) -> str:
    if commit is None:
        return ""
    id_, dash, mark = commit.partition("-")
    return f"{id_[:_COMMIT]}{dash}{mark}"


def _share(share: Share) -> str:
    interval = f"95 % interval {percent(share.low)} to {percent(share.high)}"
    return f"{percent(share.value)} of {share.n} ({interval})"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MESSAGE else f"{line[: _MESSAGE - 1]}…"
