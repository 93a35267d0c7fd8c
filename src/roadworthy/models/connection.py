"""HTTP requests to providers and their failures as errors of ours; knows no wire format.

One pool of connections for a gateway's lifetime. A response that is not a success never leaves
this module: it is read, classified and raised.
"""

from __future__ import annotations

from functools import lru_cache

import aiohttp
import msgspec
from yarl import URL

from roadworthy.core import Clock
from roadworthy.core.errors import UpstreamError, UpstreamTimeout, UpstreamUnavailable
from roadworthy.models.backoff import retry_after_s
from roadworthy.models.failures import error_detail, upstream_error

__all__ = ["TRANSPORT_ERRORS", "Connections", "Target", "read_whole", "transport_error"]

CONNECT_TIMEOUT_S = 10.0
KEEPALIVE_S = 60.0
MAX_ANSWER_BYTES = 32_000_000
TRANSPORT_ERRORS = (aiohttp.ClientError, OSError)
"""What aiohttp raises when the network fails; TimeoutError is an OSError."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where one request goes, and with what."""

    url: str
    headers: dict[str, str]
    provider: str
    """As messages name it."""
    secret: str = ""
    """The credential among the headers, to be kept out of messages."""


class Connections:
    """A pool of connections, made on first use inside the running event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def post(self, target: Target, body: bytes) -> aiohttp.ClientResponse:
        """A success's response, its body unread. The caller closes it.

        Raises:
            UpstreamError: the provider answered with anything but a success.
            TRANSPORT_ERRORS: there was no answer.
        """
        session = self._session or self._open()
        response = await session.post(
            _url(target.url), data=body, headers=target.headers, allow_redirects=False
        )
        if 200 <= response.status < 300:
            return response
        try:
            raise await self._error_of(response, target)
        finally:
            response.close()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
            trust_env=False,
        )
        return self._session

    async def _error_of(self, response: aiohttp.ClientResponse, target: Target) -> UpstreamError:
        try:
            payload = msgspec.json.decode(await read_whole(response))
        except (msgspec.DecodeError, RecursionError):
            payload = None
        error = upstream_error(
            error_detail(payload),
            provider=target.provider,
            status=response.status,
            secrets=(target.secret,),
        )
        error.retry_after_s = retry_after_s(response.headers, now_us=self._clock.now_us())
        # OpenAI's own word on whether its client should try again.
        should = response.headers.get("x-should-retry")
        if should in ("true", "false"):
            error.transient = should == "true"
        return error


async def read_whole(response: aiohttp.ClientResponse) -> bytes:
    """The decompressed body.

    Raises:
        UpstreamError: it is larger than any answer should be.
    """
    parts: list[bytes] = []
    size = 0
    while data := await response.content.readany():
        parts.append(data)
        size += len(data)
        check_size(size)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def check_size(size: int) -> None:
    """Raises UpstreamError where an answer has grown too large."""
    if size > MAX_ANSWER_BYTES:
        raise UpstreamError(
            f"The provider's answer is larger than {MAX_ANSWER_BYTES // 1_000_000} MB. Ask for"
            " less, or lower max_tokens."
        )


def transport_error(error: Exception, provider: str) -> UpstreamError:
    """What a failure of the network means; texts of libraries are not passed on."""
    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamTimeout(
            f"{provider} did not answer in time. Ask for less, or raise timeout_s (of the model,"
            " of the task, or in [limits])."
        )
    if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
        return UpstreamUnavailable(
            f"{provider} cannot be reached: its TLS certificate or handshake is not acceptable."
            " Check base_url in models.toml."
        )
    if isinstance(error, aiohttp.InvalidURL):
        return UpstreamUnavailable(f"{provider} cannot be reached: base_url is not a URL.")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        said = "cannot be reached. Check that it runs, and base_url in models.toml."
    elif isinstance(error, aiohttp.ClientPayloadError):
        said = "broke off in the middle of its answer."
    elif isinstance(error, aiohttp.ClientResponseError):
        said = "answered with something that is not HTTP. Check base_url in models.toml."
    else:
        said = "closed the connection before it answered."
    unavailable = UpstreamUnavailable(f"{provider} {said}")
    unavailable.transient = True
    return unavailable


@lru_cache(maxsize=256)
def _url(text: str) -> URL:
    return URL(text)
