"""Which way to count the tokens of a model there is here."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from roadworthy.core.errors import LocalModelMissing
from roadworthy.models.embedded import locate_model
from roadworthy.models.tokens.estimate import estimate_tokens
from roadworthy.models.tokens.gguf import load_tokenizer
from roadworthy.models.upstream import Model

__all__ = ["TokenCounter", "counter_of"]


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of texts; of messages, without what a provider puts between them."""

    count: Callable[[str], int]
    estimated: bool
    """Whether the figures are estimates, which whoever shows them says."""


_ESTIMATE = TokenCounter(estimate_tokens, estimated=True)


def counter_of(model: Model | None, environ: Mapping[str, str] = os.environ) -> TokenCounter:
    """Counts as the model does if it is the embedded one and its file is here; else estimates."""
    if model is None or model.provider != "embedded" or find_spec("tokenizers") is None:
        return _ESTIMATE
    try:
        tokenizer = load_tokenizer(locate_model(environ))
    except LocalModelMissing:
        return _ESTIMATE
    if tokenizer is None:
        return _ESTIMATE
    return TokenCounter(lambda text: len(tokenizer.encode(text).ids), estimated=False)
