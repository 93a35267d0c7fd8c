"""Embedders: the one in the package, those that providers serve, and what loading them costs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models_loopback import KEY, Step, answer, failure, loopback, run

from roadworthy.core.errors import UnknownModel, UpstreamError, UpstreamRejected
from roadworthy.models import LOCAL_MODEL
from roadworthy.models.embedders import Embedders, unit_rows
from roadworthy.models.embedders.http import HttpEmbedder


def embed(*texts: str) -> Any:
    return run(Embedders({}).embed(list(texts)))


def test_rows_have_length_one_and_the_order_of_their_texts() -> None:
    long = "word " * 30_000
    rows = embed("We are sorry.", long, "", "Please accept our apologies.", "")
    assert (rows.shape, rows.dtype) == ((5, 256), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0, 1, 0], abs=1e-5)
    assert rows[0] @ embed("We are sorry.")[0] == pytest.approx(1, abs=1e-5)


def test_what_means_the_same_lies_closer_than_what_does_not() -> None:
    rows = embed(
        "The parcel arrived late.", "My delivery was delayed.", "The soup needs more salt."
    )
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.1


def test_no_texts_are_no_rows() -> None:
    assert embed().shape == (0, 256)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(), max_size=40), max_size=5))
def test_any_text_has_a_row(texts: list[str]) -> None:
    rows = embed(*texts)
    assert rows.shape == (len(texts), 256)
    assert np.isfinite(rows).all()


def test_embedding_loads_no_network_client_and_reaches_no_network() -> None:
    code = (
        "import socket\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import asyncio, sys\n"
        "from roadworthy.models.embedders import Embedders\n"
        "assert 'numpy' not in sys.modules and 'wordllama' not in sys.modules\n"
        "rows = asyncio.run(Embedders({}).embed(['a']))\n"
        "assert rows.shape == (1, 256) and 'aiohttp' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_an_unknown_embedder_names_those_that_are_known() -> None:
    with pytest.raises(UnknownModel, match='"wordlama"; did you mean "wordllama"'):
        run(Embedders({}).embed(["a"], "wordlama"))


def test_a_model_without_an_address_serves_no_embeddings() -> None:
    embedders = Embedders({"local": LOCAL_MODEL})
    with pytest.raises(UpstreamError, match='"local" serves no embeddings'):
        run(embedders.embed(["a"], "local"))


def served(*rows: list[float]) -> Step:
    data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
    return answer(200, {"data": data[::-1]})


async def _none(_: float) -> None: ...


def ask(texts: list[str], *steps: Step, **fields: Any) -> tuple[Any, Any]:
    async def scenario() -> tuple[Any, Any]:
        async with loopback(*steps) as provider:
            model = provider.model(**fields)
            embedder = HttpEmbedder(model, environ={"KEY": KEY}, sleep=_none)
            try:
                return await embedder.embed(texts), provider
            finally:
                await embedder.close()

    return run(scenario())


def test_a_provider_is_asked_with_the_models_name_and_key() -> None:
    rows, provider = ask(["a", ""], served([3.0, 4.0], [0.0, 2.0]))
    assert rows.tolist() == [pytest.approx([0.6, 0.8]), [0.0, 1.0]]
    (request,) = provider.requests
    assert request.line == "POST /v1/embeddings HTTP/1.1"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(request.body) == {
        "model": "m-1",
        "input": ["a", " ."],
        "encoding_format": "float",
    }


def test_many_texts_are_asked_for_in_several_requests() -> None:
    steps = [served(*[[1.0, 0.0]] * 64), served(*[[0.0, 1.0]] * 6)]
    rows, provider = ask(["a"] * 70, *steps)
    assert len(provider.requests) == 2
    assert (rows.shape, rows[63].tolist(), rows[64].tolist()) == ((70, 2), [1, 0], [0, 1])


def test_a_failure_in_passing_is_asked_again() -> None:
    rows, provider = ask(["a"], failure(503), served([1.0, 0.0]))
    assert (rows.shape, len(provider.requests)) == ((1, 2), 2)


def test_a_refused_request_is_not_asked_again() -> None:
    with pytest.raises(UpstreamRejected):
        ask(["a"], failure(400), served([1.0]))


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {"data": []},
        {"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]},
        {"data": [{"index": [0], "embedding": "AAAA"}]},
        {"data": [{"index": 0, "embedding": None}]},
        {"data": [{"index": 0, "embedding": [[1.0]]}]},
    ],
)
def test_an_answer_that_holds_no_embeddings_is_a_typed_error(payload: Any) -> None:
    with pytest.raises(UpstreamError, match="gave no embeddings"):
        ask(["a"], answer(200, payload))


def test_rows_that_are_not_numbers_of_one_length_are_refused() -> None:
    for rows in ([[1.0], [1.0, 2.0]], [[float("nan")]], ["a"], [None]):
        with pytest.raises(ValueError, match=r"."):
            unit_rows(rows)
