"""Whether the files of a project have changed."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

__all__ = ["project_stamp"]

_TOP_LEVEL = ("*.toml", "*.py", "*.json")
_FOLDERS = ("tasks", "blocks")


def project_stamp(root: Path) -> int:
    """A number that changes when a file that may matter is written, added or removed."""
    files = [path for pattern in _TOP_LEVEL for path in root.glob(pattern)]
    for folder in _FOLDERS:
        files += [path for path in (root / folder).rglob("*") if "__pycache__" not in path.parts]
    seen = []
    for path in sorted(files):
        try:
            stat = path.stat()
        except FileNotFoundError:  # an editor's temporary file, gone again
            continue
        if S_ISREG(stat.st_mode):
            seen.append((str(path), stat.st_mtime_ns, stat.st_size))
    return hash(tuple(seen))
