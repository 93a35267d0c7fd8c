"""A control plane for tests that says what it is told to, and writes down what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class ControlDouble:
    """Answers every request with `status`, `answer` and `headers`."""

    url: str = ""
    answer: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def refuse(self, status: int, code: str, message: str, **more: Any) -> None:
        detail = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self.status, self.answer = status, {"error": {**detail, **more}}


@contextmanager
def control_double() -> Iterator[ControlDouble]:
    double = ControlDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            double.asked.append(Asked(self.command, self.path, headers, body))
            answer = double.answer
            data = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            self.send_response(double.status)
            for name, value in double.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
