from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.documents import (
    Fault,
    SourceFolder,
    line_of_byte,
    read_jsonl,
    read_toml,
)


class Price(msgspec.Struct, kw_only=True):
    input_usd: float
    note: str | None = None


class Model(msgspec.Struct, kw_only=True):
    provider: str
    kind: Literal["hosted", "local"] = "hosted"
    price: Price | None = None
    retries: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        if self.provider == "nobody":
            raise ValueError("nobody serves no models")


class File(msgspec.Struct, kw_only=True):
    title: str = ""
    models: dict[str, Model] = {}
    extra: dict[str, Any] = {}
    prices: list[Price] = []


def faults(text: str) -> list[str]:
    return [str(fault) for fault in sorted(read_toml(text, File, file="m.toml").faults)]


def test_a_text_without_faults_is_a_value() -> None:
    document = read_toml('[models.a]\nprovider = "x"\nprice = {input_usd = 1}', File, file="m.toml")
    assert document.value == File(models={"a": Model(provider="x", price=Price(input_usd=1.0))})
    assert document.faults == []


def test_faults_are_reported_together_with_their_lines() -> None:
    text = """\
titel = "x"
[models.a]
provider = 3
kind = "hostd"
retries = -1
[models.b.price]
input_usd = "one"
"""
    assert faults(text) == [
        'm.toml:1: unknown key "titel"; did you mean "title"?',
        "m.toml:3: models.a.provider: expected text, got a whole number",
        'm.toml:4: models.a.kind: "hostd" is not one of "hosted", "local"; did you mean "hosted"?',
        "m.toml:5: models.a.retries: expected a whole number >= 0",
        'm.toml:6: missing key "models.b.provider"',
        "m.toml:7: models.b.price.input_usd: expected a number, got text",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = ", "m.toml:1: not TOML: Invalid value"),
        ("\n\ntitle = [1,", "m.toml:3: not TOML: Invalid value"),
        ("title = 'a'\ntitle = 'b'", "m.toml:2: not TOML: Cannot overwrite a value"),
        ("title = " + "[" * 9_000, "m.toml:1: nested too deep to be read"),
        ("models = 3", "m.toml:1: models: expected a table, got a whole number"),
        ("qwxz = 3", 'm.toml:1: unknown key "qwxz"; known here: extra, models, prices, title'),
        ("[[prices]]\ninput_usd = 1\n[[prices]]", 'm.toml:3: missing key "prices[1].input_usd"'),
        ("[extra]\na = [1, inf]", "m.toml:2: extra.a[1]: inf cannot be JSON"),
        ("[extra]\na = 2020-01-01", "m.toml:2: extra.a: a date or time cannot be JSON"),
        ("[extra]\na = 99999999999999999999", "m.toml:2: extra.a: the number is beyond 64 bits"),
        ("[models.a]\nprovider = 'nobody'", "m.toml:1: models.a: nobody serves no models"),
    ],
)
def test_each_kind_of_fault_names_its_place(text: str, fault: str) -> None:
    found = faults(text)
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_an_integer_too_long_for_the_interpreter_is_a_fault() -> None:
    assert faults("title = " + "9" * 5_000)[0].startswith("m.toml:1: not TOML: Exceeds the limit")


def test_lines_of_jsonl_at_fault_leave_the_others() -> None:
    text = '{"input_usd": 1}\n\n{"input_usd": }\n[]\n{"input_usd": 2, "nte": "x"}\n{"input_usd": 3}'
    document = read_jsonl(text, Price, file="c.jsonl")
    assert [(line, row.input_usd) for line, row in document.value or []] == [(1, 1.0), (6, 3.0)]
    assert [fault.line for fault in document.faults] == [3, 4, 5]
    assert document.faults[2].message == 'unknown key "nte"; did you mean "note"?'


def test_a_file_that_is_not_utf8_is_a_fault_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"one\ntwo \xff")
    (tmp_path / "b.md").write_bytes(b"\xef\xbb\xbfone\r\n")
    folder = SourceFolder(tmp_path)
    assert [folder.read("a.md"), folder.read("b.md"), folder.read("c.md")] == [None, "one\n", None]
    assert folder.faults == [Fault("a.md", 2, "not UTF-8; save the file as UTF-8")]


def test_a_byte_offset_becomes_a_line() -> None:
    text = '{"é": 1,\n "b": }'
    with pytest.raises(msgspec.DecodeError) as raised:
        msgspec.json.decode(text)
    assert line_of_byte(text, raised.value) == 2


@given(st.text())
def test_no_text_makes_the_reader_raise(text: str) -> None:
    document = read_toml(text, File, file="m.toml")
    assert (document.value is None) == bool(document.faults)
    read_jsonl(text, File, file="m.jsonl")
