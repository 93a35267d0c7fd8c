"""The style sheet, the script and the icon, held in memory under names that change with them."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

import msgspec

__all__ = ["Asset", "load_assets"]

_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """One static file."""

    address: str
    """Holds a fingerprint of the content, so that browsers may keep it for ever."""
    media_type: str
    content: bytes


def load_assets() -> dict[str, Asset]:
    """The static files of this package by their plain names, such as ``app.css``."""
    folder = resources.files("roadworthy.control") / "static"
    assets = {}
    for file in folder.iterdir():
        stem, _, ending = file.name.rpartition(".")
        if ending in _MEDIA_TYPES:
            content = file.read_bytes()
            fingerprint = hashlib.sha256(content).hexdigest()[:12]
            assets[file.name] = Asset(
                address=f"/static/{stem}.{fingerprint}.{ending}",
                media_type=_MEDIA_TYPES[ending],
                content=content,
            )
    return assets
