"""How the difference of two shapes is told: in words, with its values. Pure.

Each difference says by itself whether it may let in less than before, or more; what that means
to a caller depends on the side, and on all that stands around it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.registry.schema_shape import FRACTION, KINDS, Limit, Shape

__all__ = ["Difference", "in_line", "keyword_differences", "shown", "type_names"]

_MAX_SHOWN: Final = 60
_MAX_LISTED: Final = 5


class Difference(NamedTuple):
    """One difference at one place."""

    what: str
    narrows: bool
    """Something may be refused that was accepted."""
    widens: bool
    """Something may be accepted that was refused."""


def keyword_differences(old: Shape, new: Shape) -> Iterator[Difference]:
    """What differs in everything but alternatives, fields and items. Null is left out."""
    before, after = (shape.kinds - {"null"} for shape in (old, new))
    if before != after and (before != KINDS - {"null"} or old.values is None):
        yield _types(before, after)
        if before.isdisjoint(after):
            return
    yield from _values(old, new)
    yield from _ends(old, new)
    yield from _counts("Length", old.lengths, new.lengths)
    yield from _counts("Items", old.counts, new.counts)
    yield from _counts("Properties", old.sizes, new.sizes)
    yield from _sets("pattern", old.patterns, new.patterns)
    yield from _sets("format", old.formats, new.formats)
    yield from _sets("multipleOf", _numbers(old.multiples), _numbers(new.multiples))
    if old.is_unique != new.is_unique:
        what = "items must be unique now" if new.is_unique else "items may repeat now"
        yield Difference(what, narrows=new.is_unique, widens=old.is_unique)


def type_names(kinds: frozenset[str] | set[str]) -> str:
    """The types as JSON Schema calls them: ``string or null``."""
    if kinds >= KINDS:
        return "any type"
    names = sorted(kinds - {FRACTION, "null"})
    if FRACTION in kinds:
        names = ["number" if name == "integer" else name for name in names]
    names += ["null"] if "null" in kinds else []
    return " or ".join(names) if names else "nothing"


def in_line(value: Any) -> str:
    """The value as JSON on one line, with blanks where people read them."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()


def shown(value: Any) -> str:
    """The value as JSON, cut where it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _types(before: frozenset[str], after: frozenset[str]) -> Difference:
    narrows, widens = bool(before - after), bool(after - before)
    verb = "changed" if narrows and widens else "narrowed" if narrows else "widened"
    what = f"type {verb} from {type_names(before)} to {type_names(after)}"
    return Difference(what, narrows=narrows, widens=widens)


def _values(old: Shape, new: Shape) -> Iterator[Difference]:
    if not (_is_listed(old) or _is_listed(new)):
        return
    if old.values is None or new.values is None:
        listed = _list(new.values or old.values or ())
        if old.values is None:
            yield Difference(f"only these values are allowed now: {listed}", True, False)
        else:
            yield Difference(f"other values than {listed} are allowed now", False, True)
        return
    known, left = ({shown(v): v for v in s.values or () if v is not None} for s in (old, new))
    added = [value for text, value in left.items() if text not in known]
    removed = [value for text, value in known.items() if text not in left]
    for verb, values in (("added", added), ("removed", removed)):
        if values:
            noun = "value" if len(values) == 1 else "values"
            is_added = verb == "added"
            yield Difference(f"{noun} {verb}: {_list(values)}", not is_added, is_added)


def _is_listed(shape: Shape) -> bool:
    """Whether values are listed, and not only few by their type."""
    return any("enum" in part.schema or "const" in part.schema for part in shape.parts)


def _list(values: Sequence[Any]) -> str:
    texts = [shown(value) for value in values[:_MAX_LISTED]]
    more = len(values) - len(texts)
    return ", ".join(texts) + (f" and {more} more" if more else "")


def _ends(old: Shape, new: Shape) -> Iterator[Difference]:
    for noun, before, after, sign in (
        ("minimum", old.least, new.least, 1),
        ("maximum", old.most, new.most, -1),
    ):
        if before == after:
            continue
        if before is None or after is None:
            tighter = before is None
        else:
            tighter = (sign * after.value, after.is_exclusive) > (
                sign * before.value,
                before.is_exclusive,
            )
        what = _moved(noun, _end(before), _end(after), is_up=tighter == (sign > 0))
        yield Difference(what, narrows=tighter, widens=not tighter)


def _counts(
    keyword: str, old: tuple[int, int | None], new: tuple[int, int | None]
) -> Iterator[Difference]:
    (low, high), (new_low, new_high) = old, new
    if low != new_low:
        what = _moved(
            f"min{keyword}", _count(low or None), _count(new_low or None), is_up=new_low > low
        )
        yield Difference(what, narrows=new_low > low, widens=new_low < low)
    if high != new_high:
        tighter = new_high is not None and (high is None or new_high < high)
        what = _moved(f"max{keyword}", _count(high), _count(new_high), is_up=not tighter)
        yield Difference(what, narrows=tighter, widens=not tighter)


def _count(count: int | None) -> str | None:
    return None if count is None else str(count)


def _end(limit: Limit | None) -> str | None:
    if limit is None:
        return None
    return _number(limit.value) + (" (exclusive)" if limit.is_exclusive else "")


def _number(value: Any) -> str:
    return str(int(value)) if value == int(value) else f"{float(value):.10g}"


def _numbers(values: set[Any]) -> set[str]:
    return {_number(value) for value in values}


def _moved(noun: str, before: str | None, after: str | None, *, is_up: bool) -> str:
    if before is None:
        return f"{noun} {after} added"
    if after is None:
        return f"{noun} {before} removed"
    return f"{noun} {'raised' if is_up else 'lowered'} from {before} to {after}"


def _sets(noun: str, old: set[str], new: set[str]) -> Iterator[Difference]:
    removed, added = sorted(old - new), sorted(new - old)
    if len(removed) == len(added) == 1:
        what = f"{noun} changed from {_cut(removed[0])} to {_cut(added[0])}"
        yield Difference(what, narrows=True, widens=True)
        return
    for text in removed:
        yield Difference(f"{noun} {_cut(text)} removed", narrows=False, widens=True)
    for text in added:
        yield Difference(f"{noun} {_cut(text)} added", narrows=True, widens=False)


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
