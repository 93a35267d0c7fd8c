"""The comments that the demo asks about: the example's own, or the user's.

Reads files and nothing else. Order is the file's; `roadworthy.cli.demo.schedule` puts it right.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from roadworthy.core.errors import InvalidInput

__all__ = [
    "SENTIMENTS",
    "Comment",
    "Sentiment",
    "bundled_comments",
    "csv_comments",
    "example_folder",
]

Sentiment: TypeAlias = Literal["positive", "neutral", "negative"]
SENTIMENTS: Final[tuple[Sentiment, ...]] = get_args(Sentiment)
COMMENTS_FILE: Final = "comments.jsonl"
SHOWN_COLUMNS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment of a customer."""

    id: str
    text: str
    """May be empty."""
    expected: Sentiment | None = None
    """What a careful person would say; None: nobody has."""
    tags: tuple[str, ...] = ()


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    comment: str
    expected: Sentiment | None = None
    tags: tuple[str, ...] = ()


def example_folder() -> Path:
    """The example project `feedback`, in an installed wheel or in a source checkout.

    Raises:
        InvalidInput: this installation has no examples.
    """
    package = Path(str(files("roadworthy")))
    places = (package / "_examples" / "feedback", package.parents[1] / "examples" / "feedback")
    for place in places:
        if (place / COMMENTS_FILE).is_file():
            return place
    raise InvalidInput(
        f"the example project is missing: neither {places[0]} nor {places[1]} exists."
        " Install roadworthy again, or run from a complete checkout"
    )


def bundled_comments(folder: Path) -> list[Comment]:
    """The comments of the example in this folder."""
    lines = (folder / COMMENTS_FILE).read_bytes().splitlines()
    read = msgspec.json.Decoder(_Line).decode
    found = [read(line) for line in lines if line.strip()]
    return [Comment(id=x.id, text=x.comment, expected=x.expected, tags=x.tags) for x in found]


def csv_comments(path: Path, *, column: str, expected: str | None = None) -> list[Comment]:
    """The comments in a column of a CSV file (``.csv`` or ``.csv.gz``, UTF-8, with a header).

    ``expected`` names a column of sentiments, in any case; another word there is no label.

    Raises:
        InvalidInput: no such file or column, no row, or not CSV in UTF-8.
    """
    try:
        rows = _rows(path)
        header, body = rows[0], rows[1:]
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}") from error
    except (csv.Error, UnicodeDecodeError, zlib.error, EOFError) as error:
        raise InvalidInput(f"{path} is not a CSV file in UTF-8: {error}") from error
    except IndexError as error:
        raise InvalidInput(f"{path} is empty; its first line must name the columns") from error
    text_at = _position(header, column, path=path, option="--column")
    label_at = _position(header, expected, path=path, option="--expected") if expected else None
    comments = [
        Comment(id=f"row-{number}", text=_cell(row, text_at), expected=_label(row, label_at))
        for number, row in enumerate(body, start=1)
        if row
    ]
    if not comments:
        raise InvalidInput(f"{path} has a header and no rows; there is nothing to ask about")
    return comments


def _rows(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    # Excel writes a byte order mark, which would become a part of the first column's name.
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def _position(header: list[str], name: str, *, path: Path, option: str) -> int:
    if name in header:
        return header.index(name)
    shown = ", ".join(header[:SHOWN_COLUMNS]) + (", …" if len(header) > SHOWN_COLUMNS else "")
    raise InvalidInput(f"{path} has no column {name!r}; {option} takes one of: {shown}")


def _cell(row: list[str], at: int) -> str:
    return row[at] if at < len(row) else ""


def _label(row: list[str], at: int | None) -> Sentiment | None:
    word = "" if at is None else _cell(row, at).strip().lower()
    return next((sentiment for sentiment in SENTIMENTS if sentiment == word), None)
