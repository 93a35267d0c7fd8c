from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roadworthy.cli.run.inputs import from_arguments, read_csv, read_jsonl
from roadworthy.core.errors import InvalidInput

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"comment": {"type": "string"}, "stars": {"type": "integer"}},
    "required": ["comment"],
}


def test_a_string_field_takes_the_text_as_it_is() -> None:
    assert from_arguments(["comment=5 = five"], SCHEMA) == {"comment": "5 = five"}


def test_a_field_of_another_type_is_read_as_json() -> None:
    assert from_arguments(["stars=4"], SCHEMA) == {"stars": 4}


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("comment", "name=value"),
        ("coment=hi", "did you mean 'comment'"),
        ("stars=four", "as JSON"),
    ],
)
def test_a_bad_argument_names_its_remedy(pair: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        from_arguments([pair], SCHEMA)


def test_jsonl_gives_one_input_a_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"comment": "a"}\n\n{"comment": "b"}\n')
    assert read_jsonl(path) == [{"comment": "a"}, {"comment": "b"}]


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"comment": "a"}\n[1]\n')
    with pytest.raises(InvalidInput, match=r"in\.jsonl:2"):
        read_jsonl(path)


def test_csv_takes_the_columns_that_are_input_fields(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text('id,comment,stars\n1,"one,\ntwo",5\n')
    assert read_csv(path, SCHEMA) == [{"comment": "one,\ntwo", "stars": 5}]


def test_a_missing_column_is_named_with_those_that_exist(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("text\nhello\n")
    with pytest.raises(InvalidInput, match="no column for comment; its columns are: text"):
        read_csv(path, SCHEMA)
