"""Which version of Roadworthy runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["installed_version"]


def installed_version() -> str:
    """As installed; ``0+source`` from a source tree that never was."""
    try:
        return version("roadworthy")
    except PackageNotFoundError:
        return "0+source"
