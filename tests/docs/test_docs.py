"""Every page is followed by a reader who types what it says, and every link leads somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from docs_output import difference
from docs_page import Block, blocks_of, broken_links
from docs_reader import Reader

from canned_upstream import Upstream, canned_upstream, completion
from roadworthy.cli.init import write_project

DOCS = Path(__file__).resolve().parents[2] / "docs"
OTHERS = {"architecture.md", "performance.md"}
"""Pages whose blocks are drawings and tables."""
PAGES = sorted(page for page in DOCS.rglob("*.md") if page.name not in OTHERS)
ON_THE_MODEL = ("tutorial.md", "ship-a-prompt.md")
"""Pages that begin with nothing, and ask the embedded model."""
FOLLOWED = [page for page in PAGES if page.name not in ON_THE_MODEL and blocks_of(page)]
FEEDBACK = {"sentiment": "negative", "confidence": 0.9, "themes": ["delivery"]}


def name_of(page: Path) -> str:
    return str(page.relative_to(DOCS))


def answer(request: dict[str, Any]) -> str | bytes:
    """What the pages' provider says: an answer of the right form, prose to whoever asks for the
    weather, half an answer to whoever allows only a few tokens."""
    asked = json.dumps(request["messages"])
    if request.get("max_tokens", 96) < 10:
        body = completion('{"sentiment":"nega')
        body["choices"][0]["finish_reason"] = "length"
        return json.dumps(body).encode()
    if request.get("logprobs"):
        return json.dumps(likelihoods("socks" in asked)).encode()
    if "weather" in asked:
        return "I would rather talk about the weather."
    if "sentiment" in asked + json.dumps(request.get("response_format", "")):
        return json.dumps(FEEDBACK)
    return "Hello there."


def likelihoods(complains: bool) -> dict[str, Any]:
    """An answer with its tokens' log-probabilities; without a complaint, all are alike."""
    moods = {"negative": -0.4, "neutral": -1.5, "positive": -2.3}
    rivals = [{"token": m, "logprob": p if complains else -1.1} for m, p in moods.items()]
    content: list[dict[str, Any]] = [
        {"token": '{"sentiment":"', "logprob": 0.0, "top_logprobs": []},
        {"token": "negative", "logprob": rivals[0]["logprob"], "top_logprobs": rivals},
        {"token": '"}', "logprob": 0.0, "top_logprobs": []},
    ]
    body = completion('{"sentiment":"negative"}')
    body["choices"][0]["logprobs"] = {"content": content}
    return body


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with canned_upstream(answer) as running:
        yield running


def follow(reader: Reader, page: Path) -> None:
    for block in blocks_of(page):
        try:
            reader.follow(block)
        except AssertionError as error:
            raise AssertionError(f"docs/{name_of(page)}:{block.line}: {error}") from error


@pytest.mark.local_model
@pytest.mark.parametrize("page", ON_THE_MODEL)
def test_a_page_on_the_embedded_model_is_true(page: str, tmp_path: Path) -> None:
    if find_spec("xllamacpp") is None:
        pytest.skip("`roadworthy local install` was not run")
    with Reader(tmp_path, {}) as reader:
        follow(reader, DOCS / page)


@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_a_page_is_true(page: Path, upstream: Upstream, tmp_path: Path) -> None:
    write_project(tmp_path, "classify-feedback")
    embedded = 'provider = "embedded"'
    models = tmp_path / "models.toml"
    canned = f'provider = "openai-compatible"\nmodel = "canned"\nbase_url = "{upstream.base_url}"'
    models.write_text(models.read_text().replace(embedded, canned))
    environ = {
        "OPENAI_BASE_URL": upstream.base_url,
        "OPENAI_API_KEY": "of-a-reader",
        "ROADWORTHY_URL": "http://127.0.0.1:9",  # nobody, until a page starts a server
    }
    with Reader(tmp_path, environ) as reader:
        reader.replaced["http://127.0.0.1:8000/v1"] = upstream.base_url
        follow(reader, page)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_difference_is_seen() -> None:
    shown = '{"value": {"n": 3}, "call": "01a1fc84-110d-7a9b"}'
    said = '{"value":{"n":4},"call":"01a1fc85-aaaa-7a9b-9b9b"}'
    assert difference(shown, said, kind="json", like=False) is not None
    assert difference(shown, said, kind="json", like=True) is None
    assert difference("one …\nthree", "one two\nthree", kind="text", like=False) is None
    assert difference("three\none", "one two\nthree", kind="text", like=False) == "one"


def test_a_block_that_nothing_tests_is_an_error(tmp_path: Path) -> None:
    with Reader(tmp_path, {}) as reader, pytest.raises(AssertionError, match="nothing tests"):
        reader.follow(Block(language="ruby", options={}, text="puts 1", line=1))
