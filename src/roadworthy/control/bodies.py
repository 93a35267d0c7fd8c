"""Bodies of requests: read within bounds, decoded into values or a typed error."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from roadworthy.core.errors import BodyTooLarge, InvalidRequest, MalformedBody

__all__ = ["FORM", "again", "fields_of", "form_of", "json_body", "read_body"]

FORM: Final = "application/x-www-form-urlencoded"
MAX_FIELDS: Final = 1_000

T = TypeVar("T")


async def read_body(receive: Receive, headers: Headers, *, most_bytes: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is longer than that, or says that it is.
        ClientDisconnect: the client left.
    """
    said = headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then whatever comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def fields_of(body: bytes) -> dict[str, str]:
    """The fields of a form; of several with one name, the last.

    Raises:
        MalformedBody: it is no form, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise MalformedBody(
            f"The form cannot be read. Send at most {MAX_FIELDS} fields, as UTF-8."
        ) from error
    # Browsers send line ends of text areas as CR LF, whatever was typed.
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def form_of(request: Request) -> dict[str, str]:
    """The fields of the form that a page sent, its token left out."""
    fields: dict[str, str] = getattr(request.state, "form", {})
    return {name: value for name, value in fields.items() if name != "csrf"}


def json_body(type_: type[T], *, most_bytes: int) -> Callable[[Request], Awaitable[T]]:
    """A dependency of routes: the body as this value.

    Its errors name the place of what is wrong, never the value.
    """

    async def read(request: Request) -> T:
        body = await read_body(request.receive, request.headers, most_bytes=most_bytes)
        try:
            return msgspec.json.decode(body, type=type_)
        except msgspec.ValidationError as error:
            raise InvalidRequest(f"The body is not what this address takes: {error}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedBody("The body is not JSON. Send one UTF-8 encoded object.") from error

    return read


def _too_large(most_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is too large: this address takes {most_bytes:,} bytes at most.")
