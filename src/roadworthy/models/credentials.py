"""Looks secrets up where `models.toml` says they stand, at the moment they are sent.

They go into a request's headers and nowhere else: not into a record, a snapshot or a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from roadworthy.core.errors import MissingCredential
from roadworthy.models.upstream import Secret

__all__ = ["Credentials"]


class Credentials:
    """Reads variables and files; a file is read again when it has changed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._files: dict[str, tuple[int, str]] = {}

    def look_up(self, secret: Secret, *, provider: str) -> str:
        """The secret itself.

        Raises:
            MissingCredential: it is not there, empty, or cannot stand in a header.
        """
        if secret.env is not None:
            place = f"the environment variable {secret.env}"
            value = self._environ.get(secret.env, "").strip()
        else:
            place = f"the file {secret.file}"
            value = self._read(secret.file or "")
        if not value:
            raise MissingCredential(
                f"There is no API key for {provider}: {place} is not set or empty. Set it where"
                " `roadworthy serve` starts."
            )
        if not value.isascii() or not value.isprintable():
            raise MissingCredential(
                f"The API key for {provider} cannot be sent: {place} holds characters other than"
                " printable ASCII. Set it to the key alone."
            )
        return value

    def _read(self, name: str) -> str:
        path = Path(name)
        try:
            changed_ns = path.stat().st_mtime_ns
            known = self._files.get(name)
            if known is None or known[0] != changed_ns:
                known = (changed_ns, path.read_text(encoding="utf-8").strip())
                self._files[name] = known
        except (OSError, UnicodeDecodeError):
            return ""
        return known[1]
