"""Equality of JSON values, as strict or as lenient as an expectation asks. Pure.

Numbers are equal by value (1 and 1.0), and never equal to true or false, as JSON Schema has it.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from roadworthy.tasks.places import below

__all__ = ["Leniency", "difference", "equal", "lacks", "shown"]

MAX_MATCHED: Final = 200
"""Items of lists whose pairs are sought within a tolerance: that takes the square of it."""
_MAX_SHOWN: Final = 120
_MAX_DEPTH: Final = 200


@dataclass(frozen=True, kw_only=True)
class Leniency:
    """What counts as equal although it is not the same."""

    tolerance: float = 0.0
    """Numbers may differ by this much."""
    relative: float = 0.0
    """Numbers may differ by this fraction of the expected one."""
    ignore_case: bool = False
    ignore_space: bool = False
    """White space at the ends of texts, and how much of it stands between words."""
    any_order: bool = False
    """Lists are equal if their items can be paired."""

    @property
    def near(self) -> bool:
        """Whether numbers may differ."""
        return self.tolerance > 0 or self.relative > 0

    def text(self, text: str) -> str:
        """The text without what does not count."""
        if self.ignore_space:
            text = " ".join(text.split())
        return text.casefold() if self.ignore_case else text


EXACT: Final = Leniency()


def equal(wanted: Any, found: Any, leniency: Leniency = EXACT) -> bool:
    """Whether these are the same JSON value, as far as the leniency asks."""
    return difference(wanted, found, leniency) is None


def difference(wanted: Any, found: Any, leniency: Leniency = EXACT) -> str | None:
    """Where the values differ first, in words; None if they are equal."""
    return _difference(wanted, found, leniency, "", subset=False)


def lacks(wanted: Any, found: Any) -> str | None:
    """What of the wanted fields, at any depth, the found value has not; None if it has all.

    Lists must have the same length, and each item what is wanted of it.
    """
    return _difference(wanted, found, EXACT, "", subset=True)


def shown(value: Any) -> str:
    """The value as short JSON, for reasons."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _difference(
    wanted: Any, found: Any, leniency: Leniency, path: str, *, subset: bool
) -> str | None:
    if path.count("/") > _MAX_DEPTH:
        return f"nested deeper than {_MAX_DEPTH} levels"
    if isinstance(wanted, dict) and isinstance(found, dict):
        return _of_objects(wanted, found, leniency, path, subset=subset)
    if isinstance(wanted, list) and isinstance(found, list):
        if leniency.any_order:
            same = _paired(wanted, found, leniency)
            return None if same else _differs(wanted, found, path, " in any order")
        return _of_lists(wanted, found, leniency, path, subset=subset)
    same = _same_scalar(wanted, found, leniency)
    return None if same else _differs(wanted, found, path)


def _of_objects(
    wanted: dict[str, Any], found: dict[str, Any], leniency: Leniency, path: str, *, subset: bool
) -> str | None:
    for name, value in wanted.items():
        inner = below(path, name)
        if name not in found:
            return f"there is no {inner}"
        what = _difference(value, found[name], leniency, inner, subset=subset)
        if what is not None:
            return what
    more = () if subset else found.keys() - wanted.keys()
    return f"{below(path, min(more))} is not expected" if more else None


def _of_lists(
    wanted: list[Any], found: list[Any], leniency: Leniency, path: str, *, subset: bool
) -> str | None:
    if len(wanted) != len(found):
        return _differs(wanted, found, path, f" ({len(found)} items, not {len(wanted)})")
    for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
        what = _difference(one, other, leniency, below(path, index), subset=subset)
        if what is not None:
            return what
    return None


def _differs(wanted: Any, found: Any, path: str, more: str = "") -> str:
    where = f"{path} is " if path else ""
    return f"{where}{shown(found)}, expected {shown(wanted)}{more}"


def _same_scalar(wanted: Any, found: Any, leniency: Leniency) -> bool:
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return _same_number(wanted, found, leniency)
    if isinstance(wanted, str) and isinstance(found, str):
        return leniency.text(wanted) == leniency.text(found)
    return type(wanted) is type(found) and bool(wanted == found)


def _same_number(wanted: float, found: float, leniency: Leniency) -> bool:
    if wanted == found or not leniency.near:
        return wanted == found
    try:
        gap, allowed = abs(wanted - found), leniency.relative * abs(wanted)
    except OverflowError:  # an integer beyond what a float can be compared with
        return False
    # 0.85 is within 0.05 of 0.9 for whoever wrote it, though not in binary.
    allowed = max(allowed, leniency.tolerance)
    return gap <= allowed or math.isclose(gap, allowed, rel_tol=1e-9)


def _paired(wanted: list[Any], found: list[Any], leniency: Leniency) -> bool:
    if len(wanted) != len(found):
        return False
    if not leniency.near:
        return Counter(_form(item, leniency) for item in wanted) == Counter(
            _form(item, leniency) for item in found
        )
    if len(wanted) > MAX_MATCHED:
        return False
    rows = [[equal(one, other, leniency) for other in found] for one in wanted]
    return _all_matched(rows)


def _all_matched(fits: list[list[bool]]) -> bool:
    """Whether each row can have a column of its own that fits it (augmenting paths)."""
    taken: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in tried:
                tried.add(column)
                if column not in taken or place(taken[column], tried):
                    taken[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(fits)))


def _form(value: Any, leniency: Leniency) -> Any:
    """Something hashable that is the same for equal values."""
    if isinstance(value, dict):
        return ("{", frozenset((name, _form(item, leniency)) for name, item in value.items()))
    if isinstance(value, list):
        forms = [_form(item, leniency) for item in value]
        return ("[", frozenset(Counter(forms).items()))
    if isinstance(value, str):
        return ("s", leniency.text(value))
    # Python takes true for 1; JSON does not.
    return ("b", value) if isinstance(value, bool) else ("n", value)
