"""What the cases of a version amount to, in one line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from roadworthy.registry.counts import CaseTally

__all__ = ["Tally", "tallies_by_definition"]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What the runs of one definition amount to."""

    definition: str = ""
    cases: int = 0
    passed: int = 0
    """Cases all of whose runs passed."""
    failed: int = 0
    unscored: int = 0
    runs: int = 0
    flaky: tuple[str, ...] = ()
    """Ids of cases that passed in some runs and failed in others."""
    measured_us: int = 0

    @classmethod
    def of(cls, cases: Iterable[CaseTally], *, definition: str = "") -> Tally:
        """The sum of these cases."""
        found = list(cases)
        verdicts = [case.verdict for case in found]
        return cls(
            definition=definition,
            cases=len(found),
            passed=verdicts.count(True),
            failed=verdicts.count(False),
            unscored=verdicts.count(None),
            runs=sum(case.runs for case in found),
            flaky=tuple(sorted(case.case_id for case in found if case.flaky)),
            measured_us=max((case.measured_us for case in found), default=0),
        )


def tallies_by_definition(cases: Iterable[CaseTally]) -> Mapping[str, Tally]:
    """One sum for each definition."""
    found: dict[str, list[CaseTally]] = {}
    for case in cases:
        found.setdefault(case.definition, []).append(case)
    return {name: Tally.of(several, definition=name) for name, several in found.items()}
