"""Texts of others as people may safely see them, in a page or a terminal. Pure."""

from __future__ import annotations

import re

__all__ = ["short", "visible"]

# Characters that hide text, change its order or command a terminal: a recorded text must not be
# able to pass itself off as another. Joiners (U+200C, U+200D) stay, Persian and emoji need them.
_DECEPTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb]"
)


def visible(text: object) -> str:
    """The text with control and direction-changing characters spelled out as ``⟦U+202E⟧``."""
    plain = str(text).replace("\r\n", "\n")
    return _DECEPTIVE.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", plain)


def short(text: object, limit: int = 80) -> str:
    """A name for a column: at most `limit` characters, and as `visible`."""
    plain = str(text)
    return visible(plain if len(plain) <= limit else plain[: limit - 1] + "…")
