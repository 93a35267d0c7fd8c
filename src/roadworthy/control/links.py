"""Addresses of the pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode

__all__ = ["call_link", "link", "task_link"]


def link(path: str, **parameters: object) -> str:
    """The path with these query parameters; those that are None or empty are left out."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def call_link(call_id: str) -> str:
    return f"/calls/{quote(call_id, safe='')}"


def task_link(name: str, **parameters: object) -> str:
    return link(f"/tasks/{quote(name, safe='')}", **parameters)
