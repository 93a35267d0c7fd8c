"""A provider on loopback that answers what its tests tell it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answering = Callable[[dict[str, Any]], "str | bytes | tuple[int, dict[str, Any]]"]


@dataclass
class Upstream:
    base_url: str
    answer: Answering
    """Text of the message; bytes of a whole body or of a stream's events; or (status, body)."""
    asked: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def canned_upstream(answer: Answering) -> Iterator[Upstream]:
    upstream = Upstream("", answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            upstream.asked.append(request)
            given = upstream.answer(request)
            if isinstance(given, tuple):
                self.reply(given[0], json.dumps(given[1]).encode())
            elif isinstance(given, bytes):
                events = given.startswith(b"data:")
                self.reply(200, given, "text/event-stream" if events else "application/json")
            elif request.get("stream"):
                self.reply(200, sse(given), "text/event-stream")
            else:
                self.reply(200, json.dumps(completion(given)).encode())

        def reply(self, status: int, data: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            pass  # gateways are killed on purpose

    server = Server(("127.0.0.1", 0), Handler)
    upstream.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def completion(text: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "canned-1",
        "system_fingerprint": "fp_1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
    }


def sse(text: str) -> bytes:
    def event(choices: list[dict[str, Any]], **fields: Any) -> bytes:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "canned-1",
            "choices": choices,
            **fields,
        }
        return b"data: " + json.dumps(chunk).encode() + b"\n\n"

    pieces = [text[i : i + 5] for i in range(0, len(text), 5)]
    events = [
        event([{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        for piece in pieces
    ]
    events.append(event([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    usage = {
        "prompt_tokens": 20,
        "completion_tokens": len(pieces),
        "total_tokens": 20 + len(pieces),
    }
    events.append(event([], usage=usage))
    return b"".join(events) + b"data: [DONE]\n\n"
