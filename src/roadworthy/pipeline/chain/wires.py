"""How a step's input and a chain's output are put together from what there is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from roadworthy.tasks.chain.paths import ABSENT, Path, parse_path

__all__ = ["Wiring", "wiring_of"]


class Wiring(NamedTuple):
    """The paths of one object. Values are by source: ``input``, ``item`` and the steps' names;
    a step that gave nothing is not among them."""

    whole: Path | None
    """What it is, unchanged; None: it is made of `fields`."""
    fields: tuple[tuple[str, Path], ...]
    constants: Mapping[str, Any]

    def value(self, values: Mapping[str, Any]) -> Any:
        """What it comes to; ABSENT where the whole of it is. Fields without a value are left
        out."""
        if self.whole is not None:
            found = self.whole.take(values)
            return found | self.constants if self.constants else found
        made = dict(self.constants)
        for name, path in self.fields:
            found = path.take(values)
            if found is not ABSENT:
                made[name] = found
        return made

    def is_in_vain(self, values: Mapping[str, Any], required: Collection[str]) -> bool:
        """Whether something that it cannot do without was to come from a step that gave
        nothing."""
        return any(path.source not in values for path in self._needed(required))

    def _needed(self, required: Collection[str]) -> Iterator[Path]:
        if self.whole is not None:
            yield self.whole
        yield from (path for name, path in self.fields if name in required)


def wiring_of(wires: Mapping[str, str], constants: Mapping[str, Any] | None = None) -> Wiring:
    """The paths of a definition; the field ``""`` is the whole.

    Raises:
        PathError: one of them is no path.
    """
    paths = {name: parse_path(text) for name, text in wires.items()}
    whole = paths.pop("", None)
    return Wiring(whole, tuple(paths.items()), constants or {})
