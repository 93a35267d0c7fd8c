"""Reads a request's body: bounded, UTF-8, JSON, an object, not nested without end."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

from roadworthy.core.errors import BodyTooLarge, MalformedBody

__all__ = ["MAX_DEPTH", "decode_object", "read_body"]

MAX_DEPTH = 100
"""Deeper bodies are refused: what validates, records and shows them is recursive."""

MAX_DISCARDED_BYTES = 50_000_000
"""What is read and thrown away of a body that is too large: most clients read the answer only
after they have sent all, and would see a reset connection in its place."""

_decoder = msgspec.json.Decoder()


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it has, or claims to have, more than `max_bytes`.
    """
    claimed = request.headers.get("content-length", "")
    if claimed.isdigit() and int(claimed) > max_bytes + MAX_DISCARDED_BYTES:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes:
            chunks.append(chunk)
        elif size > max_bytes + MAX_DISCARDED_BYTES:
            break
    if size > max_bytes:
        raise _too_large(max_bytes)
    return b"".join(chunks)


def decode_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        MalformedBody: says what is wrong and where, never what the body holds.
    """
    try:
        value = _decoder.decode(body)
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"the request body is not UTF-8 (byte {error.start}); encode it as UTF-8"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    except msgspec.MsgspecError as error:
        raise MalformedBody(_why(body, error)) from error
    if not isinstance(value, dict):
        raise MalformedBody(
            f"the request body must be a JSON object, not {_json_type(value)};"
            ' send {"model": …, "messages": […]} or {"input": {…}}'
        )
    # Counting brackets is quick; only a body with many of them can be deep.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise _too_deep()
    return value


def _why(body: bytes, error: msgspec.MsgspecError) -> str:
    if not body.strip():
        return "the request body is empty; send a JSON object"
    if body.startswith(b"\xef\xbb\xbf"):
        return "the request body begins with a byte-order mark; send plain UTF-8"
    hint = ""
    if b"\\u" in body:
        hint = " (a \\u escape may be half of a surrogate pair, which is no character)"
    return f"the request body is not JSON: {error}{hint}"


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"the request body is larger than {max_bytes:,} bytes;"
        " send less, or raise max_body_bytes under [limits] in roadworthy.toml"
    )


def _too_deep() -> MalformedBody:
    return MalformedBody(
        f"the request body is nested more than {MAX_DEPTH} levels deep; flatten it"
    )


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string"}
    return names.get(type(value), "an array")


def _is_deeper_than(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            child
            for item in layer
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not layer:
            return False
    return True
