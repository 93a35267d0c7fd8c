from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from roadworthy.cli.run.batch import Row, compact, digest_of, read_rows, remaining
from roadworthy.core.errors import InvalidInput

INPUTS = [{"comment": text} for text in ("a", "b", "c")]


def write(path: Path, *rows: Row, torn: bytes = b"") -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows) + torn)
    return path


def row(index: int, *, error: str | None = None) -> Row:
    return Row(index=index, digest=digest_of(INPUTS[index]), outcome="first_pass", error=error)


def test_a_second_run_takes_what_is_missing_and_what_failed(tmp_path: Path) -> None:
    path = write(tmp_path / "out", row(0), row(1, error="upstream_timeout: …"))
    assert remaining(INPUTS, read_rows(path), path) == [1, 2]


def test_the_last_row_of_an_input_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "out", row(1, error="upstream_timeout: …"), row(1))
    assert remaining(INPUTS, read_rows(path), path) == [0, 2]


def test_a_torn_last_line_is_run_again(tmp_path: Path) -> None:
    path = write(tmp_path / "out", row(0), torn=b'{"index": 1, "dig')
    assert list(read_rows(path)) == [0]


def test_other_inputs_are_not_mixed_up(tmp_path: Path) -> None:
    path = write(tmp_path / "out", row(0))
    with pytest.raises(InvalidInput, match="answers to other inputs"):
        remaining([{"comment": "changed"}], read_rows(path), path)


def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("my notes\nare precious\n")
    with pytest.raises(InvalidInput, match=r"notes:1 is not a row"):
        read_rows(path)


def test_compacting_orders_the_rows_and_keeps_the_last_of_each(tmp_path: Path) -> None:
    path = write(tmp_path / "out", row(2), row(0, error="x: y"), row(0), torn=b'{"in')
    compact(path)
    rows = [msgspec.json.decode(line, type=Row) for line in path.read_bytes().splitlines()]
    assert [(r.index, r.error) for r in rows] == [(0, None), (2, None)]
