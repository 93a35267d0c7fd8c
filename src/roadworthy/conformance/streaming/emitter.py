"""What of a draft has been sent, what may be sent next, and what is missing at the end.

The serialisation is compact JSON in the order in which the model wrote; brackets and names leave
with the first content after them, and the outermost bracket leaves at the end. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from roadworthy.conformance.streaming.draft import Draft, Frame
from roadworthy.conformance.streaming.forms import ABSENT, is_opaque
from roadworthy.conformance.streaming.tokens import Token

__all__ = ["Emitter"]

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Level:
    """A container that is open and passes on what closes inside."""

    sent: dict[str, Any] | list[Any]
    opening: str
    """What leaves with the first content: a comma, a name, a bracket."""
    begun: bool = False
    """Whether that has left."""
    key: str = ""
    """Of the property that was begun last."""
    deferred: bool = False
    """Whether a property was left for the end."""


@dataclass(slots=True)
class Emitter:
    """Follows a draft token by token."""

    draft: Draft
    emits: bool = True
    """False from where on everything waits for the final value."""
    sent: bool = False
    """Whether anything has left."""
    _levels: list[_Level] = field(default_factory=list)
    _ready: list[str] = field(default_factory=list)
    _opening: str | None = None
    """Of a string that is open and of which nothing was sent."""
    _text: list[str] | None = None
    """What was sent of a string that is open."""
    _held: int = 0
    """Among how many open containers a held one is the innermost; 0: none is held."""

    def take(self, token: Token) -> None:
        """Follow the draft, which has taken this token."""
        if not self.emits:
            return
        kind = token.kind
        if kind == "text":
            if self._text is not None or self._opening is not None:
                self._send_text(token.value)
        elif kind == "string":
            self._begin_string()
        elif kind == "end" and (self._text is not None or self._opening is not None):
            self._end_string()
        elif kind in ("{", "["):
            self._open(kind)
        elif kind in ("}", "]") and not self._held:
            self._close_level(kind)
        elif kind != "key":
            self._settle()

    def flush(self) -> str:
        """What can leave now."""
        if not self._ready:
            return ""
        text = "".join(self._ready)
        self._ready.clear()
        self.sent = True
        return text

    def stop(self) -> None:
        """Send nothing more before the end."""
        self.emits = False

    def has_sent(self, place: tuple[str, ...]) -> bool:
        """Whether anything of what stands at this place was sent, or is about to be."""
        levels = self._begun()
        for depth, part in enumerate(place):
            if depth == len(levels):
                return self._text is not None
            if part == self._open_part(levels, depth):
                if depth + 1 == len(levels):
                    return True
            elif isinstance(sent := levels[depth].sent, dict):
                return part in sent
            else:
                return part.isdecimal() and int(part) < len(sent)
        return bool(levels) or self._text is not None

    def finish(self, value: Any) -> str | None:
        """What is missing of this value; None: it contradicts what was sent."""
        levels = self._begun()
        if not levels and self._text is None:
            return _written(value)
        return self._rest(levels, 0, value)

    def _begun(self) -> list[_Level]:
        return [level for level in self._levels if level.begun]

    def _open_part(self, levels: list[_Level], depth: int) -> str | None:
        """The property or item of this level that was sent in part."""
        if depth + 1 == len(levels) and self._text is None:
            return None
        level = levels[depth]
        return level.key if isinstance(level.sent, dict) else str(len(level.sent))

    def _rest(self, levels: list[_Level], depth: int, value: Any) -> str | None:
        if depth == len(levels):
            said = "".join(self._text or ())
            if not isinstance(value, str) or not value.startswith(said):
                return None
            return _escaped(value[len(said) :]) + '"'
        sent = levels[depth].sent
        if isinstance(sent, dict) and isinstance(value, dict):
            return self._rest_of_object(levels, depth, sent, value)
        if isinstance(sent, list) and isinstance(value, list):
            return self._rest_of_list(levels, depth, sent, value)
        return None

    def _rest_of_object(
        self, levels: list[_Level], depth: int, sent: dict[str, Any], value: dict[str, Any]
    ) -> str | None:
        if any(name not in value or not _same(value[name], item) for name, item in sent.items()):
            return None
        begun = self._open_part(levels, depth)
        written: list[str] = []
        if begun is not None:
            rest = self._rest(levels, depth + 1, value[begun]) if begun in value else None
            if rest is None:
                return None
            written.append(rest)
        comma = "," if sent or begun is not None else ""
        for name, item in value.items():
            if name not in sent and name != begun:
                written.append(f"{comma}{_written(name)}:{_written(item)}")
                comma = ","
        return "".join(written) + "}"

    def _rest_of_list(
        self, levels: list[_Level], depth: int, sent: list[Any], value: list[Any]
    ) -> str | None:
        if len(value) < len(sent):
            return None
        if not all(_same(mine, theirs) for mine, theirs in zip(sent, value, strict=False)):
            return None
        rest, written = value[len(sent) :], ""
        if self._open_part(levels, depth) is not None:
            child = self._rest(levels, depth + 1, rest[0]) if rest else None
            if child is None:
                return None
            written, rest = child, rest[1:]
        items = [_written(item) for item in rest]
        if not sent and not written:
            return ",".join(items) + "]"
        return written + "".join("," + item for item in items) + "]"

    def _open(self, bracket: str) -> None:
        if self._held:
            return
        frame = self.draft.frames[-1]
        view = frame.view
        flows = view is not None and view.simple and view.possible and not is_opaque(frame.codec)
        parent = self.draft.frames[-2] if len(self.draft.frames) > 1 else None
        if flows and self._may_send(parent):
            opening = self._lead(parent) + bracket
            self._levels.append(_Level({} if bracket == "{" else [], opening))
        else:
            self._held = len(self.draft.frames)

    def _close_level(self, bracket: str) -> None:
        """The container that was open closes, and with it what was sent of it."""
        if not self.draft.frames:
            return
        level = self._levels[-1]
        if self.draft.valid is not True or level.deferred:
            self.stop()
            return
        self._send(bracket)
        self._levels.pop()
        self._keep(self.draft.closed)

    def _begin_string(self) -> None:
        place = self.draft.place
        if self._held or place is None or self.draft.string_is_opaque:
            return
        view = place.view("string")
        parent = self.draft.frames[-1] if self.draft.frames else None
        if view.simple and view.possible and self._may_send(parent):
            self._opening = self._lead(parent) + '"'

    def _send_text(self, text: str) -> None:
        if self._text is None:
            assert self._opening is not None
            self._send(self._opening)
            self._opening, self._text = None, []
        self._text.append(text)
        self._ready.append(_escaped(text))

    def _end_string(self) -> None:
        if not self.draft.frames:
            return
        self._send('"' if self._opening is None else self._opening + '"')
        self._opening = self._text = None
        self._keep(self.draft.closed)

    def _settle(self) -> None:
        """A node that was held is closed: send it if it conforms, else leave it for the end."""
        frames = self.draft.frames
        if self._held:
            if len(frames) + 1 != self._held:
                return
            self._held = 0
        if not frames:
            return
        parent = frames[-1]
        if self.draft.closed is ABSENT:
            if parent.repeated:
                self.stop()
        elif self._may_send(parent) and self.draft.valid is True:
            self._send(self._lead(parent) + _written(self.draft.closed))
            self._keep(self.draft.closed)
        elif isinstance(parent.value, list) or parent.repeated:
            self.stop()
        else:
            self._levels[-1].deferred = True

    def _may_send(self, parent: Frame | None) -> bool:
        """Whether the node under way may leave as soon as it conforms."""
        if parent is None:
            return True
        if isinstance(parent.value, list):
            return parent.sound is not False  # else there are too many of them
        return parent.known and not parent.repeated

    def _lead(self, parent: Frame | None) -> str:
        """What stands between what was sent before and the node under way."""
        if parent is None:
            return ""
        level = self._levels[-1]
        comma = "," if level.begun else ""
        if isinstance(level.sent, list):
            return comma
        level.key = parent.key
        return f"{comma}{_written(parent.key)}:"

    def _send(self, text: str) -> None:
        for level in self._levels:
            if not level.begun:
                level.begun = True
                self._ready.append(level.opening)
        self._ready.append(text)

    def _keep(self, value: Any) -> None:
        level = self._levels[-1]
        if isinstance(level.sent, dict):
            level.sent[level.key] = value
        else:
            level.sent.append(value)


def _written(value: Any) -> str:
    return _encode(value).decode()


def _escaped(text: str) -> str:
    return _encode(text).decode()[1:-1]


def _same(mine: Any, theirs: Any) -> bool:
    """Equal as JSON, and numbers written alike: 1 is not 1.0, and true is neither."""
    if type(mine) is not type(theirs):
        return False
    if isinstance(mine, dict):
        return mine.keys() == theirs.keys() and all(_same(v, theirs[k]) for k, v in mine.items())
    if isinstance(mine, list):
        return len(mine) == len(theirs) and all(map(_same, mine, theirs))
    return bool(mine == theirs)
