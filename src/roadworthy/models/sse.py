"""Server-sent events out of bytes that were cut anywhere; knows nothing of any provider."""

from __future__ import annotations

import msgspec

__all__ = ["Event", "EventSplitter"]

BOM = b"\xef\xbb\xbf"


class Event(msgspec.Struct, frozen=True):
    """One dispatched event."""

    name: bytes
    """The ``event`` field; empty where there was none."""
    data: bytes
    """The ``data`` lines, joined by newlines."""


class EventSplitter:
    r"""Splits a stream into events. Lines may end in ``\n``, ``\r\n`` or ``\r``.

    An event that the stream's end cuts off is not dispatched. ``id``, ``retry`` and comments
    are dropped: nothing here reconnects.

    Source: HTML Living Standard, section 9.2.6, "Interpreting an event stream".
    """

    __slots__ = ("_after_cr", "_data", "_first_line", "_name", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False
        self._first_line = True
        self._name = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[Event]:
        """The events completed by these bytes."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        elif not data:
            return []
        # A \r at the very end closes its line now; if a \n follows, it belongs to that ending.
        self._after_cr = data.endswith(b"\r")
        lines = (self._rest + data if self._rest else data).splitlines(keepends=True)
        self._rest = lines.pop() if lines and lines[-1][-1] not in b"\r\n" else b""
        events: list[Event] = []
        for line in lines:
            event = self._take(line.rstrip(b"\r\n"))
            if event is not None:
                events.append(event)
        return events

    def _take(self, line: bytes) -> Event | None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(BOM)
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif not line:
            return self._dispatch()
        elif line.startswith(b"event:"):
            self._name = line[6:].removeprefix(b" ")
        elif line == b"data":
            self._data.append(b"")
        return None

    def _dispatch(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data = b"", []
        if not data:
            return None
        return Event(name, data[0] if len(data) == 1 else b"\n".join(data))
