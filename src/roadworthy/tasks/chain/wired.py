"""What a path leads to, told from schemas. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.core.documents import did_you_mean
from roadworthy.tasks.chain.fitting import kinds_in_words
from roadworthy.tasks.chain.paths import EACH, Part, Path
from roadworthy.tasks.chain.shapes import Shape, list_of, shape_of

__all__ = ["Wired", "follow"]


@dataclass(frozen=True)
class Wired:
    """What stands at a path."""

    shape: Shape
    certain: bool = True
    """Whether something stands there wherever the path's source does."""
    fault: str = ""
    """Why nothing ever can."""


def follow(path: Path, sources: Mapping[str, Shape]) -> Wired:
    """What stands at this path, whose source is one of these."""
    return _follow(Wired(sources[path.source]), Path(path.source), path.parts)


def _follow(at: Wired, here: Path, parts: tuple[Part, ...]) -> Wired:
    for number, part in enumerate(parts):
        if part is EACH:
            return _of_each(at, here, parts[number + 1 :])
        at = _field(at, here, part) if isinstance(part, str) else _item(at, here, part)
        if at.fault:
            return at
        here = Path(here.source, (*here.parts, part))
    return at


def _field(at: Wired, here: Path, name: str) -> Wired:
    kinds = at.shape.type.kinds
    if "map" not in kinds:
        return _wrong(at, f"{here} is {kinds_in_words(kinds)}, and has no fields")
    field = at.shape.field(name)
    if field is None or at.shape.type.field(name) is None:
        hint = did_you_mean(name, at.shape.type.fields)
        return _wrong(at, f'{here} has no field "{name}"{hint}')
    return Wired(field.shape, certain=at.certain and field.required and kinds == {"map"})


def _item(at: Wired, here: Path, index: int) -> Wired:
    kinds = at.shape.type.kinds
    if "list" not in kinds:
        return _wrong(at, f"{here} is {kinds_in_words(kinds)}, and has no items")
    least = max([node.get("minItems", 0) for node in at.shape.type.nodes], default=0)
    certain = at.certain and kinds == {"list"} and index < least
    return Wired(at.shape.item(index), certain=certain)


def _of_each(at: Wired, here: Path, parts: tuple[Part, ...]) -> Wired:
    kinds = at.shape.type.kinds
    if "list" not in kinds:
        return _wrong(at, f"{here} is {kinds_in_words(kinds)}, and has no items")
    inner = _follow(Wired(at.shape.item()), Path(here.source, (*here.parts, EACH)), parts)
    if inner.fault:
        return inner
    # Lists within lists come out as one: what is below a second [*] is a list already.
    listed = inner.shape if EACH in parts else shape_of(list_of(inner.shape))
    return Wired(listed, certain=at.certain and kinds == {"list"})


def _wrong(at: Wired, message: str) -> Wired:
    return Wired(at.shape, fault=message)
