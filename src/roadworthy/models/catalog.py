"""From a table of `models.toml`, or from a bare name, to a `Model`. Pure."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from roadworthy.core import Mode, Price
from roadworthy.core.errors import ProjectError
from roadworthy.models.openai_wire import WANTS_COMPLETION_TOKENS
from roadworthy.models.providers import PROVIDERS, KnownProvider
from roadworthy.models.upstream import Capabilities, Model, Secret

__all__ = [
    "LOCAL_MODEL",
    "ModelEntry",
    "PriceEntry",
    "bind_model",
    "implicit_model",
    "modes_from",
]

LOCAL_UPSTREAM = "smollm2-135m-instruct"
LOCAL_PRICE = Price(input_usd=0.0, output_usd=0.0, source="embedded")
LOCAL_MODEL = Model(
    name="local",
    provider="embedded",
    upstream=LOCAL_UPSTREAM,
    capabilities=PROVIDERS["embedded"].capabilities,
    price=LOCAL_PRICE,
)
OPENAI_NAME = re.compile(r"(?:gpt-|chatgpt-|o\d|ft:(?:gpt-|o\d))[\w.:\-]*\Z")
MODEL_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}\Z")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~\-]+\Z")
RESERVED_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding"})
STRENGTH: tuple[Mode, ...] = ("grammar", "strict", "tool", "json", "prompt")
"""Structured modes, the strongest first."""


class PriceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``price`` of a model: what the project pays, in USD per million tokens."""

    input_usd_per_million: float
    """Messages, schema and all else that is sent."""
    output_usd_per_million: float
    """What the model writes."""
    cached_input_usd_per_million: float | None = None
    """Input read from the provider's own prompt cache; left out: as other input."""


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``[models.NAME]`` table of `models.toml`."""

    provider: str
    """One of `PROVIDERS`; ``openai-compatible`` for any other endpoint."""
    model: str = ""
    """The provider's own name of the model; left out only for ``embedded``."""
    base_url: str | None = None
    """Version included, as in ``https://host/v1``; left out: the provider's own."""
    api_key: Secret | None = None
    """``{ env = "NAME" }`` or ``{ file = "PATH" }``; left out: the provider's usual variable."""
    headers: dict[str, str] = {}
    """Sent with every request. Not for secrets: they would stand in the snapshot."""
    price: PriceEntry | None = None
    """Left out: the list price, where one is known."""
    modes: list[Mode] | None = None
    """Structured modes that this model really has, where the provider's usual ones are wrong."""
    log_probabilities: bool | None = None
    """Whether the model says how likely its words were (`logprobs`), which ``choose`` needs; left
    out: as is known of the provider."""
    timeout_s: float = 60.0
    """Deadline of one attempt."""
    max_retries: int = 2
    """Further attempts after a failure in passing."""


def bind_model(name: str, entry: ModelEntry, *, environ: Mapping[str, str] = os.environ) -> Model:
    """The model that a project's table describes.

    Raises:
        ValueError: the table makes no sense; the message names the key and the remedy.
    """
    known = PROVIDERS.get(entry.provider)
    if known is None:
        raise ValueError(_unknown_provider(entry.provider))
    if not entry.model and entry.provider != "embedded":
        raise ValueError("`model` is missing. Set it to the provider's own name of the model")
    if not 0 < entry.timeout_s <= 3600:
        raise ValueError(f"timeout_s is {entry.timeout_s}; set it to more than 0, at most 3600")
    if not 0 <= entry.max_retries <= 10:
        raise ValueError(f"max_retries is {entry.max_retries}; set it to 0 … 10")
    _check_headers(entry.headers)
    return Model(
        name=name,
        provider=entry.provider,
        upstream=entry.model or LOCAL_UPSTREAM,
        base_url=_bound_url(entry, known, environ),
        api_key=_bound_key(entry, known),
        headers=entry.headers,
        capabilities=_bound_capabilities(entry, known),
        price=_bound_price(entry),
        timeout_s=entry.timeout_s,
        max_retries=entry.max_retries,
    )


def implicit_model(name: str, environ: Mapping[str, str]) -> Model | None:
    """A model that needs no file: ``local``, ``PROVIDER/MODEL``, or a bare OpenAI name.

    A bare name, as an unmodified client sends it, is served as ``openai/NAME`` if OPENAI_API_KEY
    is set. None: no such model.

    Raises:
        ProjectError: the provider's base URL in the environment is unusable.
    """
    if name == LOCAL_MODEL.name:
        return LOCAL_MODEL
    provider, slash, upstream = name.partition("/")
    if not slash and OPENAI_NAME.match(name) and environ.get("OPENAI_API_KEY"):
        provider, upstream = "openai", name
    known = PROVIDERS.get(provider)
    if known is None or not known.base_url or not MODEL_NAME.match(upstream):
        return None
    entry = ModelEntry(provider=provider, model=upstream)
    try:
        return bind_model(f"{provider}/{upstream}", entry, environ=environ)
    except ValueError as error:
        raise ProjectError([str(error)]) from error


def modes_from(modes: tuple[Mode, ...], chosen: Mode | None) -> tuple[Mode, ...]:
    """The modes to try where a task chooses one: that one, then those weaker than it.

    None: no choice, and so all of them. ``none`` is always possible, and nothing is weaker.
    """
    if chosen is None:
        return modes
    if chosen == "none":
        return ("none",)
    weaker = STRENGTH[STRENGTH.index(chosen) + 1 :]
    return (chosen, *(mode for mode in modes if mode in weaker))


def _bound_url(entry: ModelEntry, known: KnownProvider, environ: Mapping[str, str]) -> str:
    if entry.provider == "embedded":
        if entry.base_url is not None:
            raise ValueError(
                "base_url has no meaning for the embedded model. Remove it, or set"
                ' provider = "openai-compatible"'
            )
        return ""
    if entry.base_url is not None:
        return _checked_url(entry.base_url, "base_url")
    if known.base_url_env and environ.get(known.base_url_env):
        return _checked_url(environ[known.base_url_env], known.base_url_env)
    if not known.base_url:
        raise ValueError(
            f"base_url is missing: provider {entry.provider!r} has no address of its own. Set it,"
            ' as in base_url = "http://127.0.0.1:8000/v1"'
        )
    return known.base_url


def _checked_url(value: str, key: str) -> str:
    """The URL without a trailing slash. Messages never quote it: it may hold a password."""
    url = value.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ValueError(f"{key} is not a URL. Set it to http://… or https://…, version included")
    if "@" in parts.netloc:
        raise ValueError(f"{key} holds credentials. Move them to api_key = {{ env = … }}")
    if parts.query or parts.fragment:
        raise ValueError(f"{key} holds `?` or `#`; a path is put behind it. Remove that part")
    return url


def _bound_key(entry: ModelEntry, known: KnownProvider) -> Secret | None:
    secret = entry.api_key
    if secret is None:
        return Secret(env=known.key_env) if known.key_env else None
    if bool(secret.env) == bool(secret.file):
        raise ValueError(
            'api_key names no place or two. Write { env = "NAME" } or { file = "PATH" }'
        )
    return secret


def _bound_capabilities(entry: ModelEntry, known: KnownProvider) -> Capabilities:
    telling = entry.log_probabilities
    if telling is None:
        # Source: OpenAI API reference, "logprobs", November 2026: reasoning models refuse it.
        silent = entry.provider == "openai" and WANTS_COMPLETION_TOKENS.match(entry.model)
        telling = known.capabilities.log_probabilities and not silent
    capabilities = msgspec.structs.replace(known.capabilities, log_probabilities=telling)
    if entry.modes is None:
        return capabilities
    for mode in entry.modes:
        if mode not in known.wire.modes:
            possible = ", ".join(m for m in STRENGTH if m in known.wire.modes)
            raise ValueError(f"modes holds {mode!r}; {entry.provider} knows {possible}")
    ordered = tuple(mode for mode in STRENGTH if mode in entry.modes)
    return msgspec.structs.replace(capabilities, modes=ordered or ("prompt",))


def _bound_price(entry: ModelEntry) -> Price | None:
    price = entry.price
    if price is None:
        return LOCAL_PRICE if entry.provider == "embedded" else None
    figures: dict[str, Any] = msgspec.structs.asdict(price)
    for key, value in figures.items():
        if value is not None and not 0 <= value < 1_000_000:
            raise ValueError(f"price.{key} is {value}; set it to USD per million tokens, 0 or more")
    return Price(
        input_usd=price.input_usd_per_million,
        output_usd=price.output_usd_per_million,
        cached_input_usd=price.cached_input_usd_per_million,
    )


def _check_headers(headers: dict[str, str]) -> None:
    for key, value in headers.items():
        if not HEADER_NAME.match(key) or key.lower() in RESERVED_HEADERS:
            raise ValueError(f"headers holds {key!r}, which may not be set. Remove it")
        if not value.isprintable() or not value.isascii():
            raise ValueError(f"headers.{key} holds characters other than printable ASCII")
        if key.lower() == "authorization":
            raise ValueError("headers holds 'authorization'. Use api_key = { env = … }")


def _unknown_provider(name: str) -> str:
    near = difflib.get_close_matches(name, PROVIDERS, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return (
        f"provider {name!r} is not known: {hint}Known are {', '.join(sorted(PROVIDERS))}. Any"
        " other endpoint that speaks OpenAI's format is 'openai-compatible'"
    )
