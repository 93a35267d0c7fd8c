"""What differs between two suites: cases, checks and thresholds. Pure.

None of it reaches a caller, so each difference is a patch; a gate that is lowered is looked at
when a channel moves, not when a version is published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from roadworthy.registry.schema_words import shown
from roadworthy.registry.version import Change
from roadworthy.tasks.cases import Case, Suite
from roadworthy.tasks.digest import content_digest
from roadworthy.tasks.gate import Gate

__all__ = ["CasePair", "case_name", "paired_cases", "suite_changes", "thresholds"]

CASES_FILE: Final = "cases.jsonl"
_MAX_NAMED: Final = 5


class CasePair(NamedTuple):
    """One case in two states; None where it is not there."""

    old: Case | None
    new: Case | None


def suite_changes(old: Suite, new: Suite) -> list[Change]:
    """Everything that a task is tested by."""
    return [*_cases(old, new), *_settings(old, new), *_thresholds(old.gate, new.gate)]


def paired_cases(old: Suite, new: Suite) -> list[CasePair]:
    """Cases of both, each beside itself: by id, else by what it asks. In the order of the new
    ones; those that are gone come last."""
    waiting: defaultdict[str, list[Case]] = defaultdict(list)
    for case in old.cases:
        waiting[_key(case)].append(case)
    pairs = []
    for case in new.cases:
        known = waiting[_key(case)]
        before = next((other for other in known if other == case), known[0] if known else None)
        if before is not None:
            known.remove(before)
        pairs.append(CasePair(before, case))
    gone = {id(case) for known in waiting.values() for case in known}
    return pairs + [CasePair(case, None) for case in old.cases if id(case) in gone]


def case_name(case: Case) -> str:
    """The case's id, else the beginning of what it asks."""
    asked = case.input if case.input is not None else case.conversation
    return case.id or shown(asked)


def thresholds(gate: Gate) -> dict[str, float]:
    """Those that bind, by their names: ``pass_rate``, ``tags.edge``, …"""
    found = {
        name: getattr(gate, name)
        for name in gate.__struct_fields__
        if name != "tags" and getattr(gate, name) is not None
    }
    return {**found, **{f"tags.{tag}": value for tag, value in gate.tags.items()}}


def _key(case: Case) -> str:
    return f"id {case.id}" if case.id else content_digest([case.input, case.conversation])


def _patch(place: str, what: str) -> Change:
    return Change(level="patch", place=place, what=what)


def _cases(old: Suite, new: Suite) -> Iterator[Change]:
    pairs = paired_cases(old, new)
    groups: dict[str, list[Case]] = {"added": [], "removed": [], "changed": []}
    for before, after in pairs:
        if before is None or after is None:
            groups["added" if before is None else "removed"] += [c for c in (before, after) if c]
        elif before != after:
            groups["changed"].append(after)
    for verb, cases in groups.items():
        if cases:
            names = [case_name(case) for case in cases[:_MAX_NAMED]]
            more = len(cases) - len(names)
            listed = ", ".join(names) + (f" and {more} more" if more else "")
            noun = "case" if len(cases) == 1 else "cases"
            yield _patch(CASES_FILE, f"{len(cases)} {noun} {verb}: {listed}")
    if not any(groups.values()) and old.cases != new.cases:
        yield _patch(CASES_FILE, "cases stand in another order")


def _settings(old: Suite, new: Suite) -> Iterator[Change]:
    if old.n != new.n:
        yield _patch("test.n", f"{old.n} became {new.n}")
    if old.checks != new.checks:
        yield _patch("test.checks", f"changed: {len(old.checks)} before, {len(new.checks)} now")
    for name, verb in _changed(old.sources, new.sources):
        yield _patch(name, f"file of checks {verb}")


def _thresholds(old: Gate, new: Gate) -> Iterator[Change]:
    before, after = thresholds(old), thresholds(new)
    for name, verb in _changed(before, after):
        if verb == "changed":
            way = "raised" if after[name] > before[name] else "lowered"
            what = f"{way} from {before[name]:g} to {after[name]:g}"
        else:
            what = f"{before.get(name, after.get(name)):g} {verb}"
        yield _patch(f"gate.{name}", what)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys([*old, *new]):
        if name not in new:
            yield name, "removed"
        elif name not in old:
            yield name, "added"
        elif old[name] != new[name]:
            yield name, "changed"
