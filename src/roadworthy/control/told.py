"""A message about what was just done, as a page shows it above everything else."""

from __future__ import annotations

import msgspec

__all__ = ["Told"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Said once, on the page that a form leads to."""

    text: str
    tone: str = "good"
    href: str = ""
    link: str = ""
