"""Roadworthy: from impressive demo to reliable system."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.client import AsyncClient, Client
    from roadworthy.conformance import conform

    __version__: str

__all__ = ["AsyncClient", "Client", "__version__", "conform"]

_HOMES = {"AsyncClient": "client", "Client": "client", "conform": "conformance"}


def __getattr__(name: str) -> Any:
    """Public names are found when they are asked for: `roadworthy --help` needs none of them."""
    if name == "__version__":
        return import_module("roadworthy.core.version").installed_version()
    if name in _HOMES:
        return getattr(import_module(f"roadworthy.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
