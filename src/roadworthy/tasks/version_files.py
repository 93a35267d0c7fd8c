"""Published versions as files, one each, named by digest: what gateways read when a call pins one.

Written once, before the registry says that the version exists, and never changed; so a file that
is there is whole, unless the disk or a person damaged it. Called by the registry and by gateways.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from roadworthy.core.errors import StoreError
from roadworthy.core.whole_files import write_whole
from roadworthy.tasks.definition import TaskDefinition

__all__ = ["missing_version_files", "read_version_file", "version_file", "write_version_file"]

FORMAT: Final = 1
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class _File(msgspec.Struct, kw_only=True):
    format: int
    digest: str
    """Of the version: the file's own name."""
    checksum: str
    """SHA-256 of the definition as it is written here."""
    definition: msgspec.Raw


def version_file(folder: Path, digest: str) -> Path:
    """Where the version with this digest stands.

    Raises:
        ValueError: it is no digest. Nothing that a caller chose gets into a path.
    """
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError(f"a digest is 64 hexadecimal digits, not {digest[:80]!r}")
    return folder / f"{digest}.json"


def write_version_file(folder: Path, digest: str, definition: TaskDefinition) -> None:
    """Put the version's file there in one step; one that is there and whole is left alone.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = version_file(folder, digest)
    if _is_whole(path, digest):
        return
    raw = msgspec.json.encode(definition)
    content = _File(format=FORMAT, digest=digest, checksum=_sum(raw), definition=msgspec.Raw(raw))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, msgspec.json.encode(content))
    except OSError as error:
        raise StoreError(
            f"the version's file {path} cannot be written: {error.strerror}; make its folder"
            " writable"
        ) from error


def read_version_file(folder: Path, digest: str) -> TaskDefinition:
    """The definition in the file of this version. Tasks of equal content share a file: whoever
    reads it fills in name and version.

    Raises:
        StoreError: it is absent, damaged, another version's, or a later release's.
    """
    path = version_file(folder, digest)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the version's file {path} cannot be read: {error.strerror}") from error
    try:
        file = msgspec.json.decode(data, type=_File)
        if file.format != FORMAT:
            raise StoreError(
                f"the version's file {path} has format {file.format}, and this release reads"
                f" {FORMAT}; install the release that wrote it"
            )
        if file.digest != digest or file.checksum != _sum(bytes(file.definition)):
            raise StoreError(f"the version's file {path} is damaged: it is not what was published")
        return msgspec.json.decode(file.definition, type=TaskDefinition)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise StoreError(f"the version's file {path} is damaged") from error


def missing_version_files(folder: Path, digests: Collection[str]) -> set[str]:
    """Those of the digests whose versions have no file here."""
    return set(digests) - {path.stem for path in folder.glob("*.json")}


def _is_whole(path: Path, digest: str) -> bool:
    try:
        read_version_file(path.parent, digest)
    except StoreError:
        return False
    return True


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
