"""What the path of a call asks of a model, and what comes back: the port of this room.

`Upstream` is the one interface between the path and the world of providers. The real one
(`roadworthy.models.http`) speaks HTTP through a provider's adapter; the published test double
(`roadworthy.testing.ScriptedUpstream`) answers from a script. Adapters are pure: they turn an
`Ask` into bytes and bytes into a `Reply`, and touch no socket.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

import msgspec

from roadworthy.core import Message, Mode, Price, StopReason, Usage
from roadworthy.core.secret import Secret

__all__ = [
    "Ask",
    "Capabilities",
    "Choice",
    "Delta",
    "Model",
    "Provider",
    "Reply",
    "Secret",
    "Share",
    "StreamDecoder",
    "Structured",
    "Upstream",
    "WireRequest",
]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a model at a provider can be asked for."""

    modes: tuple[Mode, ...] = ("prompt",)
    """Structured modes, the strongest first."""
    stream: bool = True
    tools: bool = False
    images: bool = False
    log_probabilities: bool = False
    """Whether it can be asked how likely each value of a closed field is, see `Choice`."""


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A logical model, bound to one deployment at one provider."""

    name: str
    """The logical name: what tasks and callers write."""
    provider: str
    """A key of the table of providers: ``embedded``, ``openai``, ``openai-compatible``, …"""
    upstream: str
    """The provider's own name of the model."""
    base_url: str = ""
    """Without a trailing slash, version included: ``https://host/v1``. Empty: embedded."""
    api_key: Secret | None = None
    headers: dict[str, str] = {}
    capabilities: Capabilities = Capabilities()
    price: Price | None = None
    """None: unknown, which is not free."""
    timeout_s: float = 60.0
    """Deadline of one attempt."""
    max_retries: int = 2
    """Further attempts after a connection error, a 429 or a 5xx."""


class Structured(msgspec.Struct, frozen=True, kw_only=True):
    """How one attempt asks for structure; already in the form that the mode accepts."""

    mode: Mode
    schema: dict[str, Any]
    name: str = "answer"
    """What OpenAI's `json_schema` and functions are called: letters, digits, ``_`` and ``-``; at
    most 64."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A question for the likelihood of a field's values, in place of an answer."""

    field: str
    """A top-level field of the answer."""
    values: tuple[str, ...]
    """Compact JSON texts, at least two, each once."""
    fixed: dict[str, Any] = {}
    """The fields that the answer begins with, before this one."""


class Share(NamedTuple):
    """How likely one of some values is, among all those asked for."""

    values: tuple[int, ...]
    """Indexes in `Choice.values`. Several: what was read does not tell them apart."""
    log_p: float
    """Natural logarithm; over all shares of an answer the probabilities sum to 1."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a model."""

    messages: list[Message]
    parameters: dict[str, Any] = {}
    """Everything else of the chat request (temperature, max_tokens, tools, …), unknown fields
    included; never ``model``, ``messages``, ``stream`` or ``response_format``."""
    structured: Structured | None = None
    choice: Choice | None = None
    """Ask for likelihoods; only of a model that gives them, and never as a stream."""
    deadline_us: int | None = None
    """On `Clock.elapsed_us`; None: the model's own `timeout_s` alone."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought back."""

    text: str = ""
    stop_reason: StopReason = "unknown"
    usage: Usage = Usage()
    upstream_model: str = ""
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] = []
    message: dict[str, Any] = {}
    """The provider's whole message, so that unknown fields pass through."""
    body: dict[str, Any] = {}
    """The provider's whole answer."""
    status: int = 200
    retries: int = 0
    """Requests that failed in passing before this one."""
    shares: tuple[Share, ...] = ()
    """The answer to a `Choice`; empty: what the model wrote is none of its values."""


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a stream."""

    text: str = ""
    """The piece of the answer in this event; may be empty."""
    stop_reason: StopReason | None = None
    usage: Usage | None = None
    """Accepted on any event, not only on the last."""
    upstream_model: str = ""
    chunk: dict[str, Any] | None = None
    """The provider's whole chunk, so that unknown fields pass through."""
    retries: int = 0
    """On the first event of a stream: requests that failed in passing before this one."""


class WireRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes for one HTTP request; the host and the credentials are added by the edge."""

    path: str
    body: bytes
    headers: dict[str, str] = {}


class StreamDecoder(Protocol):
    """Turns a stream's bytes, cut anywhere, into deltas."""

    def feed(self, data: bytes) -> list[Delta]:
        """The deltas completed by these bytes.

        Raises:
            UpstreamError: the provider reported an error inside the stream. Deltas that came with
                it are given first; the next call, with nothing if need be, raises it.
        """
        ...

    @property
    def finished(self) -> bool:
        """Whether the provider said that the answer is complete; usage may still follow."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the provider said that nothing more follows."""
        ...


class Provider(Protocol):
    """Wire format of one provider; pure."""

    name: str

    def encode(self, model: Model, ask: Ask, *, stream: bool) -> WireRequest: ...

    def decode(self, body: bytes, structured: Structured | None = None, /) -> Reply:
        """The answer to a request that asked for this structure.

        Raises:
            UpstreamError: a 200 is not an answer.
        """
        ...

    def decoder(self, structured: Structured | None = None, /) -> StreamDecoder: ...

    def weigh(
        self, model: Model, ask: Ask, choice: Choice, /
    ) -> Generator[WireRequest, bytes, Reply]:
        """What to send to learn how likely the values are: requests, each of which is given the
        body of its answer, and at last the reply with its shares.

        Raises:
            UpstreamError: a 200 does not say.
        """
        ...


class Upstream(Protocol):
    """Asks models."""

    async def send(self, model: Model, ask: Ask) -> Reply:
        """The whole answer.

        Raises:
            UpstreamError: no usable answer, after the model's retries.
            LocalModelMissing: the embedded model is not installed.
        """
        ...

    def stream(
        self, model: Model, ask: Ask
    ) -> AbstractAsyncContextManager[AsyncIterator[list[Delta]]]:
        """The answer piece by piece; each item holds what one read brought, at least one delta,
        so that what came together can be passed on together. Entering waits for the first event,
        so an error that comes before it is raised there; leaving closes the upstream connection,
        whatever happened."""
        ...

    async def close(self) -> None: ...
