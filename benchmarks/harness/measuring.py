"""Rounds of measurements: every row in every cell, row after row, so that noise hits all alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from harness.load import Cell, Load, LoadFailed
from harness.processes import Memory, cpu_between
from harness.targets import Row

__all__ = ["Measured", "Results", "measure_rounds"]


@dataclass(frozen=True)
class Measured:
    """One row in one cell in one round."""

    row: str
    cell: str
    round: int
    load: Load
    cpu_s: dict[str, float]
    """By what ran, from the first call until the tree of processes came to rest."""
    at_rest: bool
    memory: dict[str, Memory]
    """By what ran, once at rest."""

    @property
    def rss_mb(self) -> float:
        return sum(part.rss_mb for part in self.memory.values())

    @property
    def pss_mb(self) -> float:
        return sum(part.pss_mb for part in self.memory.values())

    @property
    def cpu_ms(self) -> float | None:
        """Per successful call, of the whole tree."""
        return sum(self.cpu_s.values()) * 1e3 / self.load.calls if self.load.calls else None


class Results:
    """Everything measured, and what is asked of it."""

    def __init__(self) -> None:
        self.all: list[Measured] = []
        self.failures: dict[tuple[str, str], str] = {}
        """Cells that could not be driven, with the reason."""
        self.recorded: dict[str, tuple[int, int]] = {}
        """Of targets that keep a record: calls answered, and calls in their database."""

    def of(self, row: str, cell: str) -> list[Measured]:
        return [m for m in self.all if m.row == row and m.cell == cell]

    def median(
        self, row: str, cell: str, figure: Callable[[Measured], float | None]
    ) -> float | None:
        """Over the rounds; None where there is nothing to show."""
        values = [v for m in self.of(row, cell) if m.load.calls and (v := figure(m)) is not None]
        return statistics.median(values) if values else None

    def cpu_ratios(self, row: str, cell: str, yardstick: str) -> list[float]:
        """CPU per call over the yardstick's of the same round, in order."""
        bare = {m.round: m.cpu_ms for m in self.of(yardstick, cell)}
        pairs = [(m.cpu_ms, bare.get(m.round)) for m in self.of(row, cell)]
        return sorted(own / other for own, other in pairs if own and other)

    def errors(self, row: str, cell: str) -> int:
        return sum(m.load.errors for m in self.of(row, cell))

    def cpu_parts(self, row: str, cell: str) -> dict[str, float]:
        """Milliseconds of CPU per call by process, over all rounds."""
        runs = self.of(row, cell)
        calls = sum(m.load.calls for m in runs)
        labels = {label for m in runs for label in m.cpu_s}
        total = {label: sum(m.cpu_s.get(label, 0.0) for m in runs) for label in labels}
        return {label: 1e3 * seconds / calls for label, seconds in total.items()} if calls else {}

    def memory_parts(self, row: str) -> dict[str, Memory]:
        """The most that each process held, over all cells and rounds."""
        parts: dict[str, Memory] = {}
        for measured in self.all:
            if measured.row == row:
                for label, memory in measured.memory.items():
                    parts[label] = max(memory, parts.get(label, memory), key=lambda m: m.rss_mb)
        return parts

    def as_data(self) -> list[dict[str, Any]]:
        return [asdict(m) | {"cpu_ms": m.cpu_ms} for m in self.all]


def measure_rounds(
    rows: list[Row],
    cells: Iterable[Cell],
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> Results:
    """A B C … A B C …: every row is warmed up first, untimed, then come the rounds."""
    results, cells = Results(), list(cells)
    for row in rows:
        for cell in cells:
            if row.serves(cell) and cell.warm_up_s:
                say(f"warming up: {cell.name}: {row.label}")
                _measure(row, cell, seconds=cell.warm_up_s, number=0, into=Results())
    before = {row.target.name: row.target.recorded() for row in rows}
    for number in range(1, rounds + 1):
        for cell in cells:
            for row in rows:
                if row.serves(cell) and (row.label, cell.name) not in results.failures:
                    say(f"round {number}/{rounds}: {cell.name}: {row.label}")
                    _measure(row, cell, seconds=seconds * cell.share, number=number, into=results)
    for target in {row.target.name: row.target for row in rows}.values():
        already, by_now = before[target.name], target.recorded()
        if already is not None and by_now is not None:
            labels = {row.label for row in rows if row.target is target}
            answered = sum(m.load.calls for m in results.all if m.row in labels)
            results.recorded[target.name] = (answered, by_now - already)
    return results


def _measure(row: Row, cell: Cell, *, seconds: float, number: int, into: Results) -> None:
    process = row.target.process
    before = process.cpu()
    try:
        load = row.measure(cell, seconds)
    except LoadFailed as error:
        into.failures[row.label, cell.name] = str(error)
        return
    at_rest = process.wait_until_quiet()
    cpu_s = cpu_between(before, process.cpu())
    measured = Measured(row.label, cell.name, number, load, cpu_s, at_rest, process.memory())
    into.all.append(measured)
