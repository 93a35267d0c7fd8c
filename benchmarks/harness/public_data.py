"""Where the public data lies, and its rows."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["data_folder", "read_rows", "skip"]


def data_folder(*parts: str) -> Path:
    """A folder of the public data; ends the process with status 0 where it is absent."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("ROADWORTHY_DATA", default)).joinpath(*parts)
    if not folder.exists():
        skip(f"there is no {folder}; set ROADWORTHY_DATA to the folder of the public data")
    return folder


def skip(reason: str) -> NoReturn:
    print(f"skipped: {reason}")
    sys.exit(0)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file, compressed or not."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    # Not `splitlines`: a text may hold U+2028 as it is.
    return [json.loads(line) for line in data.decode().split("\n") if line.strip()]
