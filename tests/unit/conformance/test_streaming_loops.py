from __future__ import annotations

import base64
import json
import random
import string

import pytest

from roadworthy.conformance import compile_schema
from roadworthy.conformance.streaming import FieldStream, LoopWatch, Tokens

SCHEMA = compile_schema({"type": "object", "properties": {"t": {}, "n": {"type": "number"}}})
SENTENCE = "The parcel came late and the box was open. "
PHRASES = [
    SENTENCE,
    "ha",
    " ",
    "\n",
    "=-",
    "Sorry, I cannot help with that. Let me try once more. ",
]


def loop_in(text: str, *, piece: int = 5) -> str | None:
    tokens = Tokens(lead="object")
    watch = LoopWatch(tokens)
    for start in range(0, len(text), piece):
        part = text[start : start + piece]
        loop = watch.see(part, tokens.feed(part))
        if loop is not None:
            return loop
    return None


def poem() -> str:
    rng = random.Random(7)
    words = ["river", "stone", "light", "home", "winter", "song", "the", "of", "my", "and"]
    verses = [" ".join(rng.choices(words, k=6)) + "\n" for _ in range(80)]
    refrain = "And so we sing, and so we sing, and so we sing again.\n" * 3
    return refrain.join("".join(verses[i : i + 4]) for i in range(0, 80, 4))


def table() -> str:
    head = f"| {'name':<40} | {'amount':>20} |\n|{'-' * 42}|{'-' * 22}|\n"
    rows = [f"| {'item ' + str(i):<40} | {i * 3.5:>20} |\n" for i in range(200)]
    return head + "".join(rows)


def code() -> str:
    return "".join(f"{' ' * 16}if x == {i}:\n{' ' * 20}return {i}\n" for i in range(400))


def random_bytes() -> str:
    return base64.b64encode(random.Random(3).randbytes(30_000)).decode()


ORDINARY = {
    "poem": poem(),
    "table": table(),
    "code": code(),
    "base64": random_bytes(),
    "a ruler": "=" * 400 + "\n" + "-" * 800,
    "zeros in base64": "A" * 1_200 + "=",
    "laughter": "ha" * 300 + "\N{FACE WITH TEARS OF JOY}" * 60,
    "a box": "\u2500" * 300,
    "a chorus": SENTENCE * 8,
    "letters": string.ascii_letters * 30,
}


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("escaped", [False, True])
def test_ordinary_text_is_no_loop(name: str, escaped: bool) -> None:
    assert loop_in(json.dumps({"t": ORDINARY[name]}, ensure_ascii=escaped)) is None
    assert loop_in(ORDINARY[name]) is None


@pytest.mark.parametrize(
    "value",
    [
        [0] * 5_000,
        [{"id": i, "sentiment": "neutral"} for i in range(2_000)],
        ["neutral"] * 1_000,
        [[0.0] * 64] * 60,
        {str(i): {} for i in range(3_000)},
    ],
)
@pytest.mark.parametrize("piece", [5, 1_000_000])
def test_data_that_repeats_is_no_loop(value: object, piece: int) -> None:
    assert loop_in(json.dumps({"t": value}, indent=8), piece=piece) is None


@pytest.mark.parametrize("phrase", PHRASES)
@pytest.mark.parametrize("piece", [1, 7, 400])
def test_a_phrase_without_an_end_is_one(phrase: str, piece: int) -> None:
    text = json.dumps({"t": "It began well. " + phrase * (6_000 // len(phrase))})
    assert loop_in(text, piece=piece) == "a phrase"


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        ('{"n": 0.8' + "9" * 500, "digits"),
        ('{"n": 1' + "\n" * 70, "white space"),
        ('{"n":' + " " * 2_100, "white space"),
        ('{"t": "' + "\\u0000" * 3_000, "a phrase"),
        ('{"t": "' + "\\ud83d\\ude00" * 3_000, "a phrase"),
        ('{"t": "' + "\N{THUMBS UP SIGN}" * 600, "a phrase"),
        ("I think that " + "I think that " * 400, "a phrase"),
        ('{"t": [' + '{"name": "Bob", "age": 4}, ' * 3_000, "a part"),
    ],
)
def test_digits_white_space_escapes_prose_and_items_without_an_end_are_one(
    text: str, loop: str
) -> None:
    assert loop_in(text) == loop


def test_digits_in_a_string_are_no_number() -> None:
    assert loop_in('{"t": "' + str(7**900) + '"}') is None


def test_a_loop_gives_an_answer_up() -> None:
    stream = FieldStream(SCHEMA)
    for _ in range(600):
        stream.feed("9" if stream.draft.frames else '{"n": ')
    assert stream.abort is not None
    assert (stream.abort.code, stream.abort.violation.path) == ("looped", "/n")
    assert stream.feed("9") == ""
