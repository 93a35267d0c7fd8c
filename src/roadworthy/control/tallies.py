"""What runs of cases amount to, counted where they lie, so that lists of versions stay quick.

Values and their sums only. The texts of a run are read where one version is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["CaseTally", "Tally", "tallies_by_definition"]


class CaseTally(msgspec.Struct, frozen=True, kw_only=True):
    """The runs of one case on one definition, whatever model it was bound to."""

    definition: str
    """Digest of the definition."""
    question: str
    """Digest of the case's input."""
    case_id: str
    runs: int
    passed: int
    failed: int
    measured_us: int = 0

    @property
    def flaky(self) -> bool:
        """Whether it passed in some runs and failed in others."""
        return bool(self.passed and self.failed)

    @property
    def verdict(self) -> bool | None:
        """Whether every run passed; None: none failed, and some are unscored."""
        if self.failed:
            return False
        return True if self.passed == self.runs else None


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
