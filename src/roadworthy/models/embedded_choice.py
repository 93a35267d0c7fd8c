"""How likely each value of a field is to the embedded model, exactly.

The answer is begun up to the field's value, and at every place where the values' tokens part the
model is asked for one token. A bias of 100 on the tokens that lead on to a value leaves all others
no chance, so that the probabilities after sampling are those among the values: how likely they are
as such does not matter, be it one in a million. A grammar would not do: the server looks first
whether a token sampled without it fits, and then reports the probabilities before the grammar
(llama.cpp#12643). Pure: requests out, answers in.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from roadworthy.core import Message, Usage
from roadworthy.core.errors import UpstreamError
from roadworthy.models.openai_wire import encode_json
from roadworthy.models.upstream import Choice, Reply, Share, WireRequest

__all__ = ["Exchange", "TokenPaths", "weigh_values"]

Exchange: TypeAlias = Generator[WireRequest, bytes, Reply]
TokenPaths: TypeAlias = dict[tuple[str, ...], tuple[tuple[int, ...], ...]]
"""By texts, the tokens of each: they are the same for every call."""

BIAS: Final = 100.0
KEEP: Final = 256
NEGLIGIBLE: Final = math.log(1e-6)
"""Values that are less likely than this together are not told apart: it would cost a request and
change nothing."""
_LEAST: Final = 1e-30
_FOLLOWED_BY: Final = ","
"""What stands behind a value: without it one number would be the beginning of another."""


def weigh_values(messages: Sequence[Message], choice: Choice, *, known: TokenPaths) -> Exchange:
    """The requests to send, and the reply with a share for each value.

    ``known`` keeps the tokens of the values from one call to the next.

    Raises:
        UpstreamError: the server answers something else than was asked.
    """
    rendered = _object((yield _request("/apply-template", {"messages": messages})))
    prompt = rendered.get("prompt")
    if not isinstance(prompt, str):
        raise UpstreamError("The embedded model's server renders no prompt.")
    lead = answer_so_far(choice.fixed, choice.field)
    texts = tuple(lead + value + _FOLLOWED_BY for value in choice.values)
    paths = known.get(texts)
    if paths is None:
        found = []
        for text in texts:
            body = {"content": text, "parse_special": False}
            found.append(_tokens(_object((yield _request("/tokenize", body)))))
        paths = tuple(found)
        while len(known) >= KEEP:
            del known[next(iter(known))]
        known[texts] = paths
    return (yield from _Descent(prompt, paths).run())


def answer_so_far(fixed: Mapping[str, Any], field: str) -> str:
    """The text of an answer up to this field's value, with blanks as most JSON has them."""
    parts = [f"{_text(name)}: {_text(value)}, " for name, value in fixed.items()]
    return "{" + "".join(parts) + f"{_text(field)}: "


class _Descent:
    """Down the tree of the values' tokens, a request at each fork."""

    def __init__(self, prompt: str, paths: Sequence[Sequence[int]]) -> None:
        self._prompt = prompt
        self._paths = paths
        self._usage = Usage(input_tokens=0, output_tokens=0, cached_input_tokens=0)
        self._model = ""

    def run(self) -> Exchange:
        shares: list[Share] = []
        forks = [(tuple(range(len(self._paths))), 0.0)]
        while forks:
            values, log_p = forks.pop()
            depth = self._fork(values)
            if depth is None or (log_p < NEGLIGIBLE and log_p):
                shares += self._evenly(values, log_p)
                continue
            ways: dict[int, list[int]] = {}
            for value in values:
                ways.setdefault(self._paths[value][depth], []).append(value)
            before = self._paths[values[0]][:depth]
            told = self._read((yield self._question(before, ways)), ways)
            forks += [(tuple(ways[token]), log_p + part) for token, part in told.items()]
        return Reply(
            stop_reason="stop",
            usage=self._usage,
            upstream_model=self._model,
            shares=tuple(sorted(shares)),
        )

    def _fork(self, values: Sequence[int]) -> int | None:
        """Where the tokens of these values part; None: nowhere, there is one, or two are alike."""
        if len(values) == 1:
            return None
        columns = zip(*(self._paths[value] for value in values), strict=False)
        return next((i for i, column in enumerate(columns) if len(set(column)) > 1), None)

    def _evenly(self, values: Sequence[int], log_p: float) -> list[Share]:
        part = log_p - math.log(len(values))
        return [Share((value,), part) for value in values]

    def _question(self, before: Sequence[int], ways: Mapping[int, Any]) -> WireRequest:
        return _request(
            "/completion",
            {
                "prompt": [self._prompt, *before],
                "cache_prompt": True,
                "n_predict": 1,
                "n_probs": len(ways),
                "post_sampling_probs": True,
                "samplers": [],
                "temperature": 1.0,
                "logit_bias": [[token, BIAS] for token in ways],
            },
        )

    def _read(self, body: bytes, ways: Mapping[int, Any]) -> dict[int, float]:
        """By token, the logarithm of its probability among these."""
        answer = _object(body)
        self._count(answer)
        places = answer.get("completion_probabilities")
        first = places[0] if isinstance(places, list) and places else {}
        found = first.get("top_probs") if isinstance(first, dict) else None
        probabilities = dict(_probabilities(found if isinstance(found, list) else ()))
        masses = {token: max(probabilities.get(token, 0.0), _LEAST) for token in ways}
        total = math.fsum(masses.values())
        if total < 0.5:
            raise UpstreamError(
                "The embedded model's server tells no probabilities of the tokens asked for; set"
                " log_probabilities = false for this model."
            )
        return {token: math.log(mass / total) for token, mass in masses.items()}

    def _count(self, answer: dict[str, Any]) -> None:
        model = answer.get("model")
        self._model = model if isinstance(model, str) else ""
        timings = answer.get("timings")
        cached = timings.get("cache_n") if isinstance(timings, dict) else None
        self._usage += Usage(
            input_tokens=_count_of(answer.get("tokens_evaluated")),
            output_tokens=1,
            cached_input_tokens=_count_of(cached),
        )


def _probabilities(found: Iterable[Any]) -> Iterable[tuple[int, float]]:
    for entry in found:
        if isinstance(entry, dict) and isinstance(entry.get("prob"), int | float):
            yield entry.get("id", -1), float(entry["prob"])


def _tokens(answer: dict[str, Any]) -> tuple[int, ...]:
    tokens = answer.get("tokens")
    if not isinstance(tokens, list) or not all(type(token) is int for token in tokens):
        raise UpstreamError("The embedded model's server tells no tokens of a text.")
    return tuple(tokens)


def _request(path: str, body: dict[str, Any]) -> WireRequest:
    return WireRequest(path=path, body=encode_json(body))


def _object(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise UpstreamError("The embedded model's server answered with something else than JSON.")
    return answer


def _count_of(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
