"""The table of known providers: where each is, what its key is called, what it can be asked for.

Facts about capabilities stand here, credentials in `credentials`, wire formats in the adapters.
Adding a provider is one line here and, where its wire differs, one adapter.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from roadworthy.core import Mode
from roadworthy.models.embedded_wire import EmbeddedWire
from roadworthy.models.openai_wire import OpenAIWire
from roadworthy.models.upstream import Capabilities, Provider

__all__ = ["PROVIDERS", "KnownProvider", "Wire"]


class Wire(Provider, Protocol):
    """A provider's adapter, and which structured modes its format can express."""

    modes: frozenset[Mode]


OPENAI, EMBEDDED = OpenAIWire(), EmbeddedWire()
BOUND = Capabilities(modes=("grammar", "prompt"), log_probabilities=True)
FULL = Capabilities(modes=("strict", "tool", "json", "prompt"), tools=True, images=True)
TELLING = msgspec.structs.replace(FULL, log_probabilities=True)
# Strict mode is a property of some models only; `modes` in models.toml turns it on for those.
JSON = Capabilities(modes=("json", "prompt"), tools=True, images=True)
TELLING_JSON = msgspec.structs.replace(JSON, log_probabilities=True)
# Groq and Mistral refuse `logprobs`, Together writes them in a form of its own, and OpenRouter
# passes them on for some models; `log_probabilities` in models.toml turns them on.


class KnownProvider(msgspec.Struct, frozen=True):
    """One line of the table."""

    base_url: str = ""
    """Empty: the project must say, or the model is embedded."""
    key_env: str | None = None
    """The variable that holds the key; None: none is needed."""
    capabilities: Capabilities = FULL
    wire: Wire = OPENAI
    base_url_env: str | None = None
    """A variable that overrides `base_url`, where the provider's own client knows one."""


# Source: the providers' own API references, November 2026.
PROVIDERS: dict[str, KnownProvider] = {
    "embedded": KnownProvider("", None, BOUND, EMBEDDED),
    "openai": KnownProvider(
        "https://api.openai.com/v1", "OPENAI_API_KEY", TELLING, base_url_env="OPENAI_BASE_URL"
    ),
    "openrouter": KnownProvider("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    "groq": KnownProvider("https://api.groq.com/openai/v1", "GROQ_API_KEY", JSON),
    "mistral": KnownProvider("https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "deepseek": KnownProvider("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", TELLING_JSON),
    "together": KnownProvider("https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    "ollama": KnownProvider("http://127.0.0.1:11434/v1", None, TELLING),
    "vllm": KnownProvider("http://127.0.0.1:8000/v1", None, TELLING),
    # Taken at its word: what it ignores of structure, validation finds, and an answer without the
    # log-probabilities that were asked for is an error.
    "openai-compatible": KnownProvider(capabilities=TELLING),
}
