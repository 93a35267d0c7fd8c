"""Where a secret stands, as project files write it: `{ env = "NAME" }` or `{ file = "PATH" }`."""

from __future__ import annotations

import msgspec

__all__ = ["Secret"]


class Secret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a secret stands; never the secret itself, so it may travel in a snapshot."""

    env: str | None = None
    """Name of an environment variable of the process that sends it."""
    file: str | None = None
    """A file whose stripped text is the secret."""
