"""Addresses of the pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode

__all__ = ["block_link", "call_link", "link", "prompt_link", "task_link", "version_link"]


def link(path: str, **parameters: object) -> str:
    """The path with these query parameters; those that are None or empty are left out."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def call_link(call_id: str) -> str:
    return f"/calls/{quote(call_id, safe='')}"


def task_link(name: str, **parameters: object) -> str:
    return link(f"/tasks/{quote(name, safe='')}", **parameters)


def prompt_link(name: str, section: str, /, **parameters: object) -> str:
    """One of a task's further pages: ``versions``, ``diff``, ``channels``, ``history``,
    ``tests``, ``lint``, ``playground``."""
    return link(f"/tasks/{quote(name, safe='')}/{section}", **parameters)


def version_link(name: str, version: str) -> str:
    return prompt_link(name, f"versions/{quote(version, safe='')}")


def block_link(name: str) -> str:
    return f"/blocks/{quote(name, safe='')}"
