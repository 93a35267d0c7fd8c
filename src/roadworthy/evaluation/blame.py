"""Which step a failing run of a chain fails at first. Pure.

What speaks against a step, each as strong as a failed expectation of it:

- ``error``: a call of it failed, and the chain with it;
- ``expectation``: what the case expects of the step does not hold;
- ``own``: the step's own task expects something of every answer, or of its answer to this very
  input, that does not hold;
- ``output``: what the case expects of the chain fails at a field that is wired from this step as it
  is, so that it is an expectation of the step.

Of all steps that something speaks against, the first in topological order is to blame: what comes
behind it worked on what it gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from roadworthy.registry import Score
from roadworthy.tasks.chain.order import topological
from roadworthy.tasks.chain.paths import parse_path
from roadworthy.tasks.definition import ChainDefinition

__all__ = ["Blame", "Evidence", "Finding", "blame", "findings_of", "top_step", "wired_from"]

Evidence: TypeAlias = Literal["error", "expectation", "own", "output"]

DELIVERED: Final = "delivered"
_SOURCES: Final = frozenset({"input", "item"})


class Finding(NamedTuple):
    """Something that speaks against a step."""

    step: str
    """Its name; of a step of a step ``outer/inner``, of an item ``copy[2]``."""
    evidence: Evidence
    reason: str = ""


class Blame(NamedTuple):
    """The step that a run failed at first."""

    step: str
    findings: tuple[Finding, ...]
    """What speaks against it."""
    behind: tuple[str, ...] = ()
    """Further steps that something speaks against, in topological order."""


def blame(chain: ChainDefinition, findings: Iterable[Finding]) -> Blame | None:
    """The first step that something speaks against; None: nothing speaks against any."""
    by_step: dict[str, list[Finding]] = {}
    for finding in findings:
        by_step.setdefault(top_step(finding.step), []).append(finding)
    failing = [step.name for step in topological(chain) if step.name in by_step]
    if not failing:
        return None
    first, *behind = failing
    return Blame(first, tuple(by_step[first]), tuple(behind))


def findings_of(
    scores: Sequence[Score], wires: Mapping[str, str], places: Mapping[str, str]
) -> list[Finding]:
    """What the scores of a run say of steps. ``wires`` are `wired_from` of the chain; ``places``
    are the places in the output that scores of the chain look at, by the scores' names."""
    found = []
    for score in scores:
        if score.passed is not False:
            continue
        reason = f"{score.name}: {score.reason}" if score.reason else score.name
        if score.step:
            evidence: Evidence = "error" if score.name == DELIVERED else "expectation"
            found.append(Finding(score.step, evidence, reason))
        elif score.name in places:
            step = _source(places[score.name], wires)
            if step is not None:
                found.append(Finding(step, "output", reason))
    return found


def wired_from(chain: ChainDefinition) -> dict[str, str]:
    """By JSON pointer into the chain's output, the step whose output, or part of it, stands there
    unchanged."""
    wires = {}
    for field, text in chain.output.items():
        source = parse_path(text).source
        if source not in _SOURCES:
            wires[f"/{_escaped(field)}" if field else ""] = source
    return wires


def top_step(path: str) -> str:
    """The chain's own step in ``outer/inner`` and ``copy[2]``."""
    return path.partition("/")[0].partition("[")[0]


def _source(place: str, wires: Mapping[str, str]) -> str | None:
    if "" in wires:
        return wires[""]
    return wires.get("/" + place.split("/")[1]) if "/" in place else None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
