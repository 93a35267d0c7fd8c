"""Values between two forms of one schema: the caller's, and the one that a mode accepts.

A codec knows both ways: `forward` writes a value as the mode wants it, `restore` reads an answer
back. Restoring never raises and never adds: what does not look as the mode would have it is left
as it is, for validation to judge. Where both forms of a place are one there is no codec at all,
so that an answer costs as many steps as there are places that differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec

from roadworthy.conformance.strict_json import MISSING, decode

__all__ = [
    "KEY",
    "VALUE",
    "Boxed",
    "Codec",
    "Entries",
    "Entry",
    "Items",
    "Named",
    "Numbered",
    "Properties",
    "Text",
]

KEY: Final = "key"
VALUE: Final = "value"


class Codec(Protocol):
    """Both ways of one place."""

    def forward(self, value: Any) -> Any: ...

    def restore(self, value: Any) -> Any: ...

    def inner(self) -> Iterator[Codec]:
        """The codecs of the places below."""
        ...

    def acts(self) -> bool:
        """Whether anything changes here, whatever is below."""
        ...

    def drop(self, idle: set[int], /) -> None:
        """Forget the codecs below whose identity is among these: nothing changes there."""
        ...


@dataclass(slots=True, eq=False)
class Text:
    """Any value ↔ its JSON as a string, where a mode cannot say *anything*."""

    def forward(self, value: Any) -> Any:
        return msgspec.json.encode(value).decode()

    def restore(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        meant = decode(value)
        return value if meant is MISSING else meant

    def inner(self) -> Iterator[Codec]:
        return iter(())

    def acts(self) -> bool:
        return True

    def drop(self, _: set[int], /) -> None:
        return None


@dataclass(slots=True, eq=False)
class Boxed:
    """A value ↔ an object whose only property it is."""

    name: str
    below: Codec | None = None

    def forward(self, value: Any) -> Any:
        return {self.name: value if self.below is None else self.below.forward(value)}

    def restore(self, value: Any) -> Any:
        if isinstance(value, dict) and len(value) == 1 and self.name in value:
            value = value[self.name]
        return value if self.below is None else self.below.restore(value)

    def inner(self) -> Iterator[Codec]:
        return _present(self.below)

    def acts(self) -> bool:
        return True

    def drop(self, idle: set[int]) -> None:
        self.below = _kept(self.below, idle)


@dataclass(slots=True, eq=False)
class Named:
    """What a reference leads to; filled in when that is known, since it may be itself."""

    name: str
    target: Codec | None = None

    def forward(self, value: Any) -> Any:
        return value if self.target is None else self.target.forward(value)

    def restore(self, value: Any) -> Any:
        return value if self.target is None else self.target.restore(value)

    def inner(self) -> Iterator[Codec]:
        return _present(self.target)

    def acts(self) -> bool:
        return False

    def drop(self, idle: set[int]) -> None:
        self.target = _kept(self.target, idle)


@dataclass(slots=True, eq=False)
class Items:
    """A list whose items differ in form: those in front each in their own, the rest in one."""

    rest: Codec | None
    first: tuple[Codec | None, ...] = ()

    def forward(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return [item if (c := self._at(i)) is None else c.forward(item) for i, item in _num(value)]

    def restore(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        if not self.first and self.rest is not None:
            return [self.rest.restore(item) for item in value]
        return [item if (c := self._at(i)) is None else c.restore(item) for i, item in _num(value)]

    def _at(self, index: int) -> Codec | None:
        return self.first[index] if index < len(self.first) else self.rest

    def inner(self) -> Iterator[Codec]:
        return _present(self.rest, *self.first)

    def acts(self) -> bool:
        return False

    def drop(self, idle: set[int]) -> None:
        self.rest = _kept(self.rest, idle)
        self.first = tuple(_kept(codec, idle) for codec in self.first)


@dataclass(slots=True, eq=False)
class Numbered:
    """A tuple ↔ an object with a property for each position, and one for all that follow."""

    names: tuple[str, ...]
    codecs: tuple[Codec | None, ...]
    fewest: int
    """Positions from here on may be missing, and then stand as null."""
    further: str | None = None
    rest: Codec | None = None
    nullable: bool = True
    """Whether missing positions stand as null, or are left out."""

    def forward(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        sent: dict[str, Any] = {}
        for index, name in enumerate(self.names):
            if index < len(value):
                codec = self.codecs[index]
                sent[name] = value[index] if codec is None else codec.forward(value[index])
            elif self.nullable:
                sent[name] = None
        if self.further is not None:
            rest = self.rest
            sent[self.further] = [
                item if rest is None else rest.forward(item) for item in value[len(self.names) :]
            ]
        return sent

    def restore(self, value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= {*self.names, self.further}:
            return value
        items = []
        for index, name in enumerate(self.names):
            item = value.get(name, MISSING)
            if item is MISSING or (item is None and self.nullable and index >= self.fewest):
                continue
            codec = self.codecs[index]
            items.append(item if codec is None else codec.restore(item))
        more = value.get(self.further, []) if self.further is not None else []
        if not isinstance(more, list):
            return value
        return items + [item if self.rest is None else self.rest.restore(item) for item in more]

    def inner(self) -> Iterator[Codec]:
        return _present(self.rest, *self.codecs)

    def acts(self) -> bool:
        return True

    def drop(self, idle: set[int]) -> None:
        self.rest = _kept(self.rest, idle)
        self.codecs = tuple(_kept(codec, idle) for codec in self.codecs)


@dataclass(slots=True, eq=False)
class Entry:
    """The values of those keys that match a pattern; None: of all that no other entry takes."""

    pattern: re.Pattern[str] | None
    codec: Codec | None


@dataclass(slots=True, eq=False)
class Entries:
    """An object whose keys are not known ↔ a list of ``{"key": …, "value": …}``."""

    kinds: tuple[Entry, ...]

    def forward(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return [{KEY: key, VALUE: self._value(key, item, back=False)} for key, item in _all(value)]

    def restore(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._value(key, item, back=True) for key, item in value.items()}
        if not isinstance(value, list) or not all(map(_is_entry, value)):
            return value
        restored: dict[str, Any] = {}
        for entry in value:
            key = entry[KEY]
            if key not in restored:
                restored[key] = self._value(key, entry[VALUE], back=True)
        return restored

    def takes(self, key: str) -> bool:
        """Whether the list may hold this key at all."""
        return any(kind.pattern is None or kind.pattern.search(key) for kind in self.kinds)

    def _value(self, key: str, value: Any, *, back: bool) -> Any:
        for kind in self.kinds:
            if kind.pattern is None or kind.pattern.search(key):
                if kind.codec is None:
                    return value
                return kind.codec.restore(value) if back else kind.codec.forward(value)
        return value

    def inner(self) -> Iterator[Codec]:
        return _present(*(kind.codec for kind in self.kinds))

    def acts(self) -> bool:
        return True

    def drop(self, idle: set[int]) -> None:
        for kind in self.kinds:
            kind.codec = _kept(kind.codec, idle)


@dataclass(slots=True, eq=False)
class Properties:
    """An object whose fields differ: absent ones that stand as null, and those of unknown name."""

    names: tuple[str, ...]
    """All that the mode's form declares, in its order."""
    fields: dict[str, Codec]
    absent: frozenset[str] = frozenset()
    """Fields whose null stands for *no value*."""
    filled: frozenset[str] = frozenset()
    """Fields that the mode wants present: a missing one is sent as null."""
    others: Codec | None = None
    """Fields of unknown name, where the mode lets them stand among the rest."""
    open: bool = False
    """Whether the mode lets fields of unknown name stand at all."""
    entries: Entries | None = None
    entries_name: str = ""
    """The property that holds the fields of unknown name, where the mode does not."""
    known: frozenset[str] = field(init=False)
    plain: bool = field(init=False)
    """Whether nothing but nulls differs."""

    def __post_init__(self) -> None:
        self.known = frozenset(self.names)
        self.plain = not (self.fields or self.others or self.entries)

    def forward(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        sent: dict[str, Any] = {}
        for name in self.names:
            if name in value:
                codec = self.fields.get(name)
                sent[name] = value[name] if codec is None else codec.forward(value[name])
            elif name in self.filled:
                sent[name] = None
        unknown = {name: item for name, item in value.items() if name not in self.known}
        if self.entries is not None:
            taken = {name: item for name, item in unknown.items() if self.entries.takes(name)}
            sent[self.entries_name] = self.entries.forward(taken)
        elif self.open:
            for name, item in unknown.items():
                sent[name] = item if self.others is None else self.others.forward(item)
        return sent

    def restore(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if None in value.values():
            absent = self.absent
            kept = {n: item for n, item in value.items() if item is not None or n not in absent}
        elif self.plain:  # nothing to leave out, and nothing else to do: most objects of a list
            return value
        else:
            kept = dict(value)
        for name, codec in self.fields.items():
            item = kept.get(name)
            if item is not None:
                kept[name] = codec.restore(item)
        if self.others is not None:
            for name in kept.keys() - self.known:
                kept[name] = self.others.restore(kept[name])
        if self.entries is not None and self.entries_name in kept:
            self._unpack(kept.pop(self.entries_name), kept)
        return kept

    def _unpack(self, held: Any, kept: dict[str, Any]) -> None:
        assert self.entries is not None
        found = self.entries.restore(held)
        if not isinstance(found, dict):
            kept[self.entries_name] = held
            return
        for name, item in found.items():
            kept.setdefault(name, item)

    def inner(self) -> Iterator[Codec]:
        return _present(*self.fields.values(), self.others, self.entries)

    def acts(self) -> bool:
        return bool(self.absent or self.filled or self.entries is not None)

    def drop(self, idle: set[int]) -> None:
        self.fields = {name: codec for name, codec in self.fields.items() if id(codec) not in idle}
        self.others = _kept(self.others, idle)
        self.plain = not (self.fields or self.others or self.entries)


def _present(*codecs: Codec | None) -> Iterator[Codec]:
    return (codec for codec in codecs if codec is not None)


def _kept(codec: Codec | None, idle: set[int]) -> Codec | None:
    return None if codec is None or id(codec) in idle else codec


def _num(value: list[Any]) -> Iterator[tuple[int, Any]]:
    return iter(enumerate(value))


def _all(value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return iter(value.items())


def _is_entry(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() == {KEY, VALUE} and isinstance(item[KEY], str)
