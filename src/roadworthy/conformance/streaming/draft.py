"""A value while it is being written: what is known of it, what of that is closed, and whether the
schema still allows it.

Fed with tokens. A node is *closed* when its last character has come; closed nodes are never taken
back. Validity is judged at three levels, of which this knows two: by **prefix** (a fault is what no
continuation can mend, repeated keys aside) and by **closed node** (against its own sub-schema). The
**document** is judged where the answer is read whole. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from roadworthy.conformance.codec import Codec
from roadworthy.conformance.pointer import Part, pointer_of
from roadworthy.conformance.streaming.forms import ABSENT, below_item, below_name, is_opaque
from roadworthy.conformance.streaming.places import Place, Type, View, type_of
from roadworthy.conformance.streaming.tokens import Token
from roadworthy.conformance.strict_json import MISSING
from roadworthy.conformance.violations import shorten
from roadworthy.core import Violation

__all__ = ["Draft", "Fault", "Frame"]

_MAX_PLACED: Final = 40
"""Deeper nodes are not judged one by one: each would be validated with every one that holds it."""
_MAX_FAULTS: Final = 20


@dataclass(slots=True)
class Frame:
    """A container that is open."""

    value: dict[str, Any] | list[Any]
    place: Place | None
    """None: it is not certain what the schema says of it."""
    view: View | None
    """None: that, or it may not be a container of this kind."""
    codec: Codec | None = None
    key: str = ""
    """Of the property under way."""
    sound: bool | None = True
    """Whether all that is closed inside conforms; None: unknown."""
    repeated: bool = False
    """Whether the property under way was there before."""
    alone: bool = False
    """Whether neither this nor what is around it can be of another type."""
    known: bool = False
    """Whether the schema knows the property under way."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What cannot come to conform as it is written."""

    parts: tuple[Part, ...]
    violation: Violation
    mendable: bool
    """Whether a repair guided by the schema is conceivable."""
    value: Any = MISSING
    """The closed node; MISSING: it is still open."""
    place: Place | None = None
    avoidable: bool = False
    """Whether a repair may go round it: a null that can be left out, or a container around it that
    may be meant as another type."""


class Draft:
    """Knows at each moment the partial value and what is closed of it."""

    def __init__(self, root: Place | None = None, codec: Codec | None = None) -> None:
        """Without a place nothing is judged. ``codec`` leads from the form that is read to the
        value's own."""
        self._root = root
        self._codec = codec
        self.frames: list[Frame] = []
        self.faults: list[Fault] = []
        """In the order of their appearance; at most 20 are kept."""
        self.closed: Any = MISSING
        """The node that the last token closed, in the value's own form; `ABSENT`: one that stands
        for nothing."""
        self.valid: bool | None = None
        """Whether it conforms to all that the schema says of it; None: that is not known."""
        self.root: Any = MISSING
        """The whole value, once it is closed."""
        self.place: Place | None = root
        """Of the node that the last token opened, and of an open string as long as it is."""
        self._string_codec: Codec | None = None
        self._pieces: list[str] | None = None
        self._length = 0
        self._judged_string = True

    def take(self, token: Token) -> None:
        """Go one token further."""
        kind = token.kind
        self.closed = MISSING
        if kind == "text":
            self._take_text(token.value)
        elif kind == "key":
            self._take_key(token.value)
        elif kind == "string":
            self.place, self._string_codec = self._enter("string")
            self._pieces, self._length, self._judged_string = [], 0, False
        elif kind == "end":
            assert self._pieces is not None
            text, self._pieces = "".join(self._pieces), None
            self._close(text, self.place, self._string_codec)
        elif kind == "scalar":
            self._take_scalar(token.value)
        elif kind in "{[":
            self._open(kind)
        else:
            frame = self.frames.pop()
            self._close(frame.value, frame.place, frame.codec, frame)

    def _take_scalar(self, value: Any) -> None:
        if value is None and self.frames and self._is_absent(self.frames[-1]):
            self.closed, self.valid = ABSENT, None
            return
        place, codec = self._enter(None)
        self._close(value, place, codec)

    def _is_absent(self, frame: Frame) -> bool:
        """Whether null here means that there is no such property; then there is none."""
        if not isinstance(frame.value, dict) or not ABSENT.means(frame.codec, frame.key):
            return False
        frame.value.pop(frame.key, None)
        return True

    @property
    def parts(self) -> tuple[Part, ...]:
        """The way to the node under way, from the root."""
        return self._parts(len(self.frames))

    @property
    def string_is_opaque(self) -> bool:
        """Whether the string under way says something only once it is whole."""
        return is_opaque(self._string_codec)

    @property
    def text(self) -> str | None:
        """The open string so far; None: none is open."""
        return None if self._pieces is None else "".join(self._pieces)

    def snapshot(self) -> Any:
        """The value as far as it is known, or `MISSING`. Open containers are copies, closed nodes
        are shared; a number under way is not known yet."""
        if self.root is not MISSING:
            return self.root
        value: Any = MISSING if self._pieces is None else "".join(self._pieces)
        for frame in reversed(self.frames):
            if isinstance(frame.value, dict):
                value = frame.value | ({} if value is MISSING else {frame.key: value})
            else:
                value = [*frame.value, *([] if value is MISSING else [value])]
        return value

    def open_paths(self) -> tuple[str, ...]:
        """The nodes under way that are known in part, the outermost first."""
        depths = len(self.frames) + (self._pieces is not None)
        return tuple(pointer_of(self._parts(depth)) for depth in range(depths))

    def _parts(self, depth: int) -> tuple[Part, ...]:
        return tuple(
            frame.key if isinstance(frame.value, dict) else len(frame.value)
            for frame in self.frames[:depth]
        )

    def _enter(self, kind: Type | None) -> tuple[Place | None, Codec | None]:
        """The place of the node that begins here, and its form. ``kind`` is None where the node is
        closed at once."""
        if not self.frames:
            place, codec = self._root, self._codec
        else:
            place, codec = self._below(self.frames[-1])
        if kind is None or place is None or is_opaque(codec):
            return place, codec
        if not place.view(kind).possible:
            violation = Violation(path="", keyword="type", message=f"cannot be of type {kind}")
            self._fault(Fault(self.parts, violation, mendable=True, place=place))
        return place, codec

    def _below(self, frame: Frame) -> tuple[Place | None, Codec | None]:
        view, value = frame.view, frame.value
        placed = view is not None and len(self.frames) < _MAX_PLACED and not is_opaque(frame.codec)
        if isinstance(value, list):
            self._count(frame)
            place = view.item() if placed and view is not None else None
            return place, below_item(frame.codec)
        if not placed or view is None:
            return None, below_name(frame.codec, frame.key)
        found = view.child(frame.key)
        frame.known = found is not None and found[1]
        if found is not None:
            self._count(frame)
            return found[0], below_name(frame.codec, frame.key)
        reason = "is a property that is not allowed"
        violation = Violation(path="", keyword="additionalProperties", message=reason)
        self._fault(Fault(self.parts, violation, mendable=True))
        frame.sound = False
        return None, below_name(frame.codec, frame.key)

    def _count(self, frame: Frame) -> None:
        """One more item or property begins."""
        most = None if frame.view is None else frame.view.max_size
        if most is None or len(frame.value) != most or frame.repeated:
            return
        is_list = isinstance(frame.value, list)
        keyword = "maxItems" if is_list else "maxProperties"
        noun = "items" if is_list else "properties"
        violation = Violation(path="", keyword=keyword, message=f"has more than {most} {noun}")
        parts = self._parts(len(self.frames) - 1)
        self._fault(
            Fault(parts, violation, not is_list, place=frame.place, avoidable=not frame.alone)
        )
        frame.sound = False

    def _open(self, kind: str) -> None:
        type_: Type = "object" if kind == "{" else "array"
        place, codec = self._enter(type_)
        view = None if place is None else place.view(type_)
        if view is not None and not view.possible:
            view = None
        self.place = place
        alone = place is not None and place.has_one_type
        alone = alone and (not self.frames or self.frames[-1].alone)
        self.frames.append(Frame({} if kind == "{" else [], place, view, codec, alone=alone))

    def _take_key(self, name: str) -> None:
        frame = self.frames[-1]
        frame.key, frame.known = name, False
        frame.repeated = name in frame.value

    def _take_text(self, piece: str) -> None:
        assert self._pieces is not None
        self._pieces.append(piece)
        self._length += len(piece)
        if self._judged_string or self.place is None or is_opaque(self._string_codec):
            return
        view = self.place.view("string")
        if not view.options and view.max_length is None:
            self._judged_string = True
            return
        if view.max_length is not None and self._length > view.max_length:
            reason = f"is longer than {view.max_length} characters"
            meant = bool(view.options) or not self.place.has_one_type
            self._fault_string("maxLength", reason, mendable=meant)
        elif view.options:
            text = "".join(self._pieces)
            if not all(any(o.startswith(text) for o in options) for options in view.options):
                self._fault_string("enum", f"begins like none of the options: {shorten(text)}")

    def _fault_string(self, keyword: str, reason: str, *, mendable: bool = True) -> None:
        self._judged_string = True
        violation = Violation(path="", keyword=keyword, message=reason)
        around = bool(self.frames) and not self.frames[-1].alone
        self._fault(Fault(self.parts, violation, mendable, place=self.place, avoidable=around))

    def _close(
        self, value: Any, place: Place | None, codec: Codec | None, frame: Frame | None = None
    ) -> None:
        if is_opaque(codec):
            assert codec is not None
            value, frame = codec.restore(value), None
        parent = self.frames[-1] if self.frames else None
        self.closed, self.valid = value, _judge(value, place, frame)
        if parent is None:
            self.root = value
        elif isinstance(parent.value, list):
            self._pass_on(parent, value, place, frame)
            parent.value.append(value)
        else:
            self._pass_on(parent, value, place, frame)
            parent.value[parent.key] = value
        if parent is None and self.valid is False and (frame is None or frame.sound):
            self._fault_closed((), value, place)

    def _pass_on(self, parent: Frame, value: Any, place: Place | None, frame: Frame | None) -> None:
        """Let the container know whether what was closed inside conforms."""
        if self.valid is False:
            if frame is None or frame.sound is not False:
                self._fault_closed(self.parts, value, place)
            parent.sound = False
        elif self.valid is None and parent.sound:
            parent.sound = None

    def _fault_closed(self, parts: tuple[Part, ...], value: Any, place: Place | None) -> None:
        reason = f"does not conform: {shorten(value)}"
        violation = Violation(path="", keyword="closed", message=reason)
        frame = self.frames[-1] if self.frames else None
        around = frame is not None and not frame.alone
        dropped = value is None and frame is not None and not _requires(frame)
        self._fault(
            Fault(parts, violation, True, value=value, place=place, avoidable=around or dropped)
        )

    def _fault(self, fault: Fault) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(fault)


def _requires(frame: Frame) -> bool:
    """Whether the object must have the property under way."""
    return frame.view is not None and frame.key in frame.view.required


def _judge(value: Any, place: Place | None, frame: Frame | None) -> bool | None:
    """Whether a closed value conforms; None: that cannot be said here."""
    if place is None:
        return None
    view = place.view(type_of(value))
    if not view.possible or (frame is not None and frame.sound is False):
        return False
    if view.simple and (frame is None or frame.sound):
        told = _tell(value, view, frame)
        if told is not None:
            return told
    schema = place.schema
    return None if schema is None else schema.is_valid(value)


def _tell(value: Any, view: View, frame: Frame | None) -> bool | None:
    """What the view alone tells; None: the inside was not looked at."""
    if isinstance(value, dict | list):
        if frame is None:
            return None
        if len(value) < view.min_size or (view.max_size is not None and len(value) > view.max_size):
            return False
        return not isinstance(value, dict) or view.required <= value.keys()
    return not view.whole_numbers or (isinstance(value, int | float) and value == int(value))
