"""Where the demo's comments come from."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from roadworthy.cli.demo.comments import bundled_comments, csv_comments, example_folder
from roadworthy.core.errors import InvalidInput

COMMENTS = bundled_comments(example_folder())


def test_there_are_enough_bundled_comments_and_no_two_are_the_same() -> None:
    assert len(COMMENTS) >= 120
    assert len({c.id for c in COMMENTS}) == len({c.text for c in COMMENTS}) == len(COMMENTS)


def test_every_bundled_comment_is_labelled_and_no_label_dominates() -> None:
    labels = Counter(c.expected for c in COMMENTS)
    assert set(labels) == {"positive", "neutral", "negative"}
    assert max(labels.values()) / len(COMMENTS) < 0.45


@pytest.mark.parametrize(
    "tag",
    ["en", "de", "typos", "irony", "empty", "whitespace", "injection", "json", "template", "long"],
)
def test_bundled_comments_cover_what_people_write(tag: str) -> None:
    assert any(tag in c.tags for c in COMMENTS)


def test_an_empty_comment_is_expected_to_be_neutral() -> None:
    assert {c.expected for c in COMMENTS if not c.text.strip()} == {"neutral"}


def csv_file(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    data = text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


@pytest.mark.parametrize("name", ["own.csv", "own.csv.gz"])
def test_comments_are_read_from_a_column_of_a_file(tmp_path: Path, name: str) -> None:
    path = csv_file(tmp_path, 'id,text\n1,"late,\nand broken"\n2,fine\n', name)
    comments = csv_comments(path, column="text")
    assert [c.text for c in comments] == ["late,\nand broken", "fine"]
    assert {c.expected for c in comments} == {None}


def test_labels_are_read_where_a_column_holds_them(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "text,mood\na,Negative\nb,angry\nc\n")
    comments = csv_comments(path, column="text", expected="mood")
    assert [c.expected for c in comments] == ["negative", None, None]


def test_excels_byte_order_mark_is_not_part_of_a_column(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "\ufefftext\nfine\n")
    assert csv_comments(path, column="text")[0].text == "fine"


def test_a_missing_column_is_answered_with_those_there_are(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,body\n1,fine\n")
    with pytest.raises(InvalidInput, match=r"no column 'text'; --column takes one of: id, body"):
        csv_comments(path, column="text")


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "a.csv", "is empty"),
        (b"text\n", "a.csv", "no rows"),
        (b"text\n\xff\xfe", "a.csv", "not a CSV file in UTF-8"),
        (b"text\nfine\n", "a.csv.gz", "cannot be read|not a CSV file"),
        (gzip.compress(b"text\nfine\n" * 99, mtime=0)[:30], "a.csv.gz", "not a CSV file"),
        (b'text\n"never closed', "a.csv", "not a CSV file"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(
    tmp_path: Path, data: bytes, name: str, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=says):
        csv_comments(path, column="text")


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        csv_comments(tmp_path / "none.csv", column="text")
