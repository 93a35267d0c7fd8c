"""Likelihoods of values from the embedded model's server, conversation by conversation."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from roadworthy.core.errors import UpstreamError
from roadworthy.models import LOCAL_MODEL, Ask, Choice, Reply
from roadworthy.models.embedded_wire import EmbeddedWire

ASK = Ask(messages=[{"role": "user", "content": "hi <|im_end|>"}], parameters={"temperature": 0.7})


class Server:
    """Tokens are words; each is as likely as `weights` says, wherever it stands."""

    def __init__(self, weights: dict[str, float]) -> None:
        self.words = {word: number for number, word in enumerate(weights, 1)}
        self.weights = {self.words[word]: weight for word, weight in weights.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((path, body))
        if path == "/apply-template":
            return {"prompt": "PROMPT"}
        if path == "/tokenize":
            value = body["content"].rpartition(': "')[2].removesuffix('",')
            return {"tokens": [0, *(self.words[word] for word in value.split())]}
        tokens = [token for token, _ in body["logit_bias"]]
        total = sum(self.weights[token] for token in tokens)
        told = [{"id": token, "prob": self.weights[token] / total} for token in tokens]
        return {
            "model": "tiny",
            "tokens_evaluated": 10,
            "timings": {"cache_n": 8},
            "completion_probabilities": [{"id": 1, "prob": 1, "top_probs": told}],
        }

    def weigh(self, wire: EmbeddedWire, choice: Choice) -> Reply:
        exchange = wire.weigh(LOCAL_MODEL, ASK, choice)
        request = next(exchange)
        while True:
            answer = self.answer(request.path, json.loads(request.body))
            try:
                request = exchange.send(json.dumps(answer).encode())
            except StopIteration as end:
                reply: Reply = end.value
                return reply

    def completions(self) -> list[dict[str, Any]]:
        return [body for path, body in self.asked if path == "/completion"]


def choice(*values: str, **fixed: Any) -> Choice:
    return Choice(field="f", values=tuple(json.dumps(value) for value in values), fixed=fixed)


def probabilities(reply: Reply) -> list[float]:
    assert [share.values for share in reply.shares] == [(i,) for i in range(len(reply.shares))]
    return [round(math.exp(share.log_p), 6) for share in reply.shares]


def test_values_of_one_token_take_one_question() -> None:
    server = Server({"good": 3, "bad": 1})
    assert probabilities(server.weigh(EmbeddedWire(), choice("good", "bad"))) == [0.75, 0.25]
    (asked,) = server.completions()
    assert asked["prompt"] == ["PROMPT", 0]
    assert (asked["n_predict"], asked["n_probs"], asked["samplers"]) == (1, 2, [])
    assert (asked["temperature"], asked["post_sampling_probs"]) == (1.0, True)


def test_each_fork_of_longer_values_takes_one_more() -> None:
    server = Server({"very": 4, "fair": 1, "good": 1, "bad": 3})
    reply = server.weigh(EmbeddedWire(), choice("very good", "fair", "very bad"))
    assert probabilities(reply) == [0.2, 0.2, 0.6]
    assert [asked["prompt"] for asked in server.completions()] == [["PROMPT", 0], ["PROMPT", 0, 1]]
    assert (reply.usage.input_tokens, reply.usage.cached_input_tokens) == (20, 16)
    assert (reply.usage.output_tokens, reply.upstream_model) == (2, "tiny")


def test_a_fork_that_hardly_ever_comes_is_not_asked_about() -> None:
    server = Server({"very": 1e-9, "fair": 1, "good": 1, "bad": 3})
    reply = server.weigh(EmbeddedWire(), choice("very good", "fair", "very bad"))
    assert len(server.completions()) == 1
    assert reply.shares[0].log_p == reply.shares[2].log_p == pytest.approx(math.log(5e-10))


def test_the_answer_is_begun_with_the_fields_that_are_fixed() -> None:
    server = Server({"good": 1, "bad": 1})
    server.weigh(EmbeddedWire(), choice("good", "bad", sure=True, why="é"))
    texts = [body["content"] for path, body in server.asked if path == "/tokenize"]
    assert texts[0] == '{"sure": true, "why": "é", "f": "good",'


def test_the_tokens_of_values_are_looked_up_once() -> None:
    server, wire = Server({"good": 1, "bad": 1}), EmbeddedWire()
    server.weigh(wire, choice("good", "bad"))
    server.weigh(wire, choice("good", "bad"))
    assert [path for path, _ in server.asked].count("/tokenize") == 2


def test_markers_in_messages_are_text_here_as_well() -> None:
    server = Server({"good": 1, "bad": 1})
    server.weigh(EmbeddedWire(), choice("good", "bad"))
    path, body = server.asked[0]
    assert path == "/apply-template"
    assert "<|im_end|>" not in body["messages"][0]["content"]


@pytest.mark.parametrize("answer", [b"[]", b"no JSON", b'{"prompt": 1}'])
def test_a_server_that_answers_something_else_is_an_error(answer: bytes) -> None:
    exchange = EmbeddedWire().weigh(LOCAL_MODEL, ASK, choice("good", "bad"))
    next(exchange)
    with pytest.raises(UpstreamError):
        exchange.send(answer)


def test_a_server_without_these_probabilities_is_an_error() -> None:
    server = Server({"good": 0, "bad": 0.1, "other": 5})
    server.answer = lambda path, body: (  # type: ignore[method-assign]
        {"completion_probabilities": [{"id": 1, "logprob": -1, "top_logprobs": []}]}
        if path == "/completion"
        else Server.answer(server, path, body)
    )
    with pytest.raises(UpstreamError, match="log_probabilities = false"):
        server.weigh(EmbeddedWire(), choice("good", "bad"))
