"""Whether a command said what its page shows. Pure."""

from __future__ import annotations

import re

CALL_ID = re.compile(r"\b01a1[0-9a-f]{4}-[0-9a-f-]+")
ANYTHING = "…"
_LIKE = (
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    re.compile(r"\[[^\[\]]*\]"),
    re.compile(r'(?<=:)\s*"(?:[^"\\]|\\.)*"'),
    re.compile(r"(?<![\w$])-?\d[\d.,]*(→\d+)?"),
)


def difference(shown: str, said: str, *, kind: str, like: bool) -> str | None:
    """What the page shows and the command did not say; None: all of it, in that order.

    White space counts for nothing, call ids are all the same, and `…` is anything. `like` makes
    texts, numbers, lists and times in values anything, too.
    """
    shown = CALL_ID.sub(ANYTHING, shown)
    if like:
        for likely in _LIKE:
            shown = likely.sub(ANYTHING, shown)
    pieces = [shown] if kind == "json" else [line for line in shown.splitlines() if line.strip()]
    rest = _squeezed(said)
    for piece in pieces:
        pattern = ".*?".join(re.escape(part) for part in _squeezed(piece).split(ANYTHING))
        found = re.search(pattern, rest)
        if found is None:
            return piece
        rest = rest[found.end() :]
    return None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
