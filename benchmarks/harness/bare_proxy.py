"""The yardstick: a proxy that copies bytes and knows nothing, on the same libraries as Roadworthy.

Starlette on uvicorn (uvloop, httptools) with aiohttp's client:
``python -m harness.bare_proxy PORT UPSTREAM_BASE_URL``.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

__all__ = ["create_app"]

_JSON = {"content-type": "application/json"}


def create_app(base_url: str) -> Starlette:
    """An app that posts each body to the upstream and copies what comes back."""
    client: aiohttp.ClientSession

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        nonlocal client
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as client:
            yield

    async def chat(request: Request) -> Response:
        url = f"{base_url}/chat/completions"
        reply = await client.post(url, data=await request.body(), headers=_JSON)
        if reply.content_type == "text/event-stream":
            return StreamingResponse(pieces(reply), reply.status, media_type="text/event-stream")
        async with reply:
            return Response(await reply.read(), reply.status, media_type=reply.content_type)

    async def pieces(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        async with reply:
            async for piece in reply.content.iter_any():
                yield piece

    return Starlette(
        routes=[Route("/v1/chat/completions", chat, methods=["POST"])], lifespan=lifespan
    )


if __name__ == "__main__":
    uvicorn.run(
        create_app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
