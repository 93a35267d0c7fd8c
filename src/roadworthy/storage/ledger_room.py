"""How much one span of one task may hold in the ledger; pure.

A caller may send another schema with every call, and name another model. The first ones of a span
have rows of their own; the rest is counted together, as `OTHER`, by the least that must give way:
first the schema alone, then everything but the task. Reasons give up their places first, then
their names.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from roadworthy.storage.ledger import OTHER, Cause, Cell, LedgerSums

__all__ = ["MAX_CAUSES", "MAX_CELLS", "MAX_SCHEMAS", "Room", "Window", "fitted", "window_of"]

MAX_SCHEMAS: Final = 20
MAX_CELLS: Final = 60
MAX_CAUSES: Final = 60
"""Reasons with places; as many again without."""


class Window(NamedTuple):
    """One span of one task."""

    width_s: int
    start_us: int
    task: str


class Room:
    """What stands in one window, and who may still enter."""

    def __init__(self) -> None:
        self.schemas: set[str] = set()
        self.cells: set[Cell] = set()
        self.causes: set[Cause] = set()

    def hold(self, cell: Cell) -> None:
        """This one stands there already."""
        if cell != _nobodys(cell):
            self.cells.add(cell)
        if cell.schema_digest != OTHER:
            self.schemas.add(cell.schema_digest)

    def cell(self, cell: Cell) -> Cell:
        """Where this cell's calls are counted."""
        if cell in self.cells:
            return cell
        if cell.schema_digest not in self.schemas and len(self.schemas) >= MAX_SCHEMAS:
            cell = cell._replace(schema_digest=OTHER)
        if cell not in self.cells and len(self.cells) >= MAX_CELLS:
            return _nobodys(cell)
        self.hold(cell)
        return cell

    def cause(self, cause: Cause) -> Cause:
        """What this reason is counted as."""
        for candidate, limit in (
            (cause, MAX_CAUSES),
            (cause._replace(path=OTHER), 2 * MAX_CAUSES),
        ):
            if candidate in self.causes:
                return candidate
            if len(self.causes) < limit:
                self.causes.add(candidate)
                return candidate
        return Cause(cause.kind, OTHER, OTHER)


def window_of(cell: Cell) -> Window:
    return Window(cell.width_s, cell.start_us, cell.task)


def fitted(sums: LedgerSums, rooms: dict[Window, Room]) -> LedgerSums:
    """The same sums in cells and reasons for which there is room; ``rooms`` holds what stands in
    each window, and then also what came."""
    fit = LedgerSums(())
    moved: dict[Cell, Cell] = {}
    for cell, tally in sums.tallies.items():
        moved[cell] = rooms.setdefault(window_of(cell), Room()).cell(cell)
        fit.count(moved[cell], tally)
    for (cell, cause), count in sums.causes.items():
        fit.blame(moved[cell], rooms[window_of(cell)].cause(cause), count)
    return fit


def _nobodys(cell: Cell) -> Cell:
    return cell._replace(
        version=OTHER, provider=OTHER, model=OTHER, mode=OTHER, schema_digest=OTHER
    )
