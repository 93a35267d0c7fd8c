"""`roadworthy conform` as a process between two pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROADWORTHY = Path(sys.executable).with_name("roadworthy")
COUNT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    path = tmp_path / "count.json"
    path.write_text(json.dumps(COUNT))
    return path


def conform(*options: str | Path, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [ROADWORTHY, "conform", *options], input=given, capture_output=True, check=False
    )


def test_one_answer_gives_its_value_and_says_what_was_repaired(schema: Path) -> None:
    done = conform("--schema", schema, given='Sure: {"n": "3"} and so on…'.encode())
    assert (done.returncode, done.stdout) == (0, b'{"n":3}\n')
    assert b'number at /n: "3" -> 3' in done.stderr


def test_an_answer_that_does_not_conform_is_one_message_and_exit_status_1(schema: Path) -> None:
    done = conform("--schema", schema, given=b"No idea.")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.count(b"\n") == 1
    assert b"does not conform" in done.stderr


@pytest.mark.parametrize("given", [b"\xff\xfe", b""])
def test_what_is_no_text_at_all_is_one_message_too(schema: Path, given: bytes) -> None:
    done = conform("--schema", schema, given=given)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["{", '{"type": "int"}', '{"$ref": "file:///etc/passwd"}'])
def test_a_schema_that_does_not_compile_is_said_with_its_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    done = conform("--schema", path, "--jsonl", given=b'{"input": "1"}\n')
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"bad.json" in done.stderr


def test_lines_come_out_in_order_and_none_is_lost(schema: Path) -> None:
    lines = [json.dumps({"id": i, "input": f'{{"n": {i}}}'}) for i in range(500)]
    lines[17] = "no JSON"
    done = conform("--jsonl", "--schema", schema, given="\n".join(lines).encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [a.get("id") for a in answers] == [i if i != 17 else None for i in range(500)]
    assert [a["outcome"] for a in answers].count("failed") == 1
    assert "line 18" in answers[17]["error"]


def test_an_answer_comes_before_the_next_line_is_written() -> None:
    with subprocess.Popen(
        [ROADWORTHY, "conform", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(b'{"input": "%d"}\n' % number)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == number
        process.stdin.close()
        assert process.wait() == 0


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    script = f'yes \'{{"input": "1"}}\' | {ROADWORTHY} conform --jsonl | head -n 2'
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    assert done.stdout.count(b"first_pass") == 2
    assert done.stderr == b""
