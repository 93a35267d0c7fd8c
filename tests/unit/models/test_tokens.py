"""Counts of tokens: by the embedded model's vocabulary, and estimated."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.models import Model
from roadworthy.models.embedded import is_installed
from roadworthy.models.tokens import counter_of, estimate_tokens
from roadworthy.models.tokens.gguf import load_tokenizer, read_metadata

EMBEDDED = Model(name="local", provider="embedded", upstream="smollm2")


@pytest.mark.skipif(not is_installed(), reason="the embedded model is not installed")
def test_the_embedded_model_counts_digits_one_by_one_and_markers_as_text() -> None:
    counter = counter_of(EMBEDDED)
    assert not counter.estimated
    assert counter.count("Hello world 123") == 6  # Hello, world, a space, and three digits
    assert counter.count("<|im_end|>") > 1


def test_a_hosted_model_is_estimated_and_says_so() -> None:
    counter = counter_of(Model(name="strong", provider="openai", upstream="gpt-5-mini"))
    assert counter.estimated
    assert counter.count("Classify the comment.") == 4


def test_without_its_file_the_embedded_model_is_estimated_too(tmp_path: Path) -> None:
    missing = {"ROADWORTHY_LOCAL_MODEL": str(tmp_path / "none.gguf")}
    assert counter_of(EMBEDDED, missing).estimated


@given(st.text(max_size=200), st.text(max_size=200))
def test_an_estimate_is_nothing_for_nothing_and_grows_with_lines(a: str, b: str) -> None:
    assert (estimate_tokens(a) == 0) == (a == "")
    whole = estimate_tokens(f"{a}\n\n{b}")
    assert whole >= max(estimate_tokens(a.strip()), estimate_tokens(b.strip()))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("strawberry", 2), ("Größe", 1), ("日本語", 3), ("12345", 2), ('{"a":1}', 5)],
)
def test_pieces_are_estimated_by_what_they_are(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_another_file_is_no_vocabulary(tmp_path: Path) -> None:
    other = tmp_path / "model.gguf"
    other.write_bytes(b"PK\3\4 not a model")
    with pytest.raises(ValueError, match="no GGUF file"):
        read_metadata(other)
    assert load_tokenizer(other) is None


def test_rules_that_are_not_known_are_not_guessed(tmp_path: Path) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "llama-bpe"}
    body = b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in pairs.items())
    file = tmp_path / "other.gguf"
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + body)
    assert read_metadata(file) == pairs
    assert load_tokenizer(file) is None
