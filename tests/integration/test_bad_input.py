"""Bad input of every kind gets OpenAI's error shape with a remedy; nothing is ever a 500."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from canned_upstream import canned_upstream
from production import into_production
from projects import write_project
from serving_process import Reply, Server, serving

ANSWER = json.dumps({"sentiment": "positive", "confidence": 0.5})
CHAT = "/v1/chat/completions"
TASK = "/v1/tasks/triage"
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with canned_upstream(lambda _: ANSWER) as upstream:
        project = into_production(
            write_project(tmp_path_factory.mktemp("project"), upstream.base_url)
        )
        with serving(project) as running:
            yield running


def error_of(reply: Reply) -> dict[str, Any]:
    error = reply.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert reply.headers["x-request-id"]
    assert reply.headers["x-should-retry"] in ("true", "false")
    return dict(error)


def with_schema(schema: Any) -> dict[str, Any]:
    response_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return {"model": "canned", "messages": HELLO, "response_format": response_format}


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "says"),
    [
        (CHAT, b"not json", 400, "malformed_body", "not JSON"),
        (CHAT, b"", 400, "malformed_body", "empty"),
        (CHAT, b'{"model": "\xff"}', 400, "malformed_body", "UTF-8"),
        (CHAT, b'{"model": "\\ud800"}', 400, "malformed_body", "surrogate"),
        (CHAT, b'{"a":' * 99_999, 400, "malformed_body", "deep"),
        (CHAT, b" " * 20_000_000, 413, "body_too_large", "max_body_bytes"),
        (CHAT, {"model": "cannned", "messages": HELLO}, 404, "model_not_found", "'canned'"),
        (CHAT, {"model": "task:triag", "messages": HELLO}, 404, "task_not_found", "'triage'"),
        (CHAT, {"model": "canned"}, 400, "invalid_request", "messages"),
        (CHAT, {"model": "task:triage", "messages": []}, 400, "invalid_request", "messages"),
        (CHAT, with_schema({"type": "objekt"}), 400, "invalid_schema", "type"),
        (CHAT, with_schema({"$ref": "file:///etc/passwd"}), 400, "invalid_schema", "$defs"),
        (CHAT, with_schema({"$ref": "http://example.com/s"}), 400, "invalid_schema", "$defs"),
        (CHAT, with_schema({"pattern": "("}), 400, "invalid_schema", "pattern"),
        (TASK, {"input": {}}, 400, "invalid_input", "comment"),
        (TASK, {"input": {"comment": 5}}, 400, "invalid_input", "comment"),
        (TASK, {"input": {"comment": "a", "x": 1}}, 400, "invalid_input", "x"),
        (TASK, {"inputs": {"comment": "a"}}, 400, "invalid_request", "inputs"),
        (TASK, [1], 400, "malformed_body", "array"),
        ("/v1/tasks/nope", {"input": {}}, 404, "task_not_found", "nope"),
        ("/v1/completions", {}, 404, "not_found", "/v1/chat/completions"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    server: Server, path: str, body: Any, status: int, code: str, says: str
) -> None:
    reply = server.post(path, body)
    error = error_of(reply)
    assert (reply.status, error["code"]) == (status, code)
    assert says in error["message"]


def test_another_method_is_refused(server: Server) -> None:
    reply = server.get(CHAT)
    assert (reply.status, error_of(reply)["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    ("name", "value"),
    [("host", "evil.example"), ("origin", "https://evil.example"), ("origin", "http://[x")],
)
def test_a_foreign_page_is_refused(server: Server, name: str, value: str) -> None:
    reply = server.post(TASK, {"input": {"comment": "hi"}}, {name: value})
    assert (reply.status, error_of(reply)["code"]) == (403, "host_not_allowed")


def test_a_fuzzer_finds_no_500(server: Server) -> None:
    chance = random.Random(7)
    valid = json.dumps({"model": "task:triage", "messages": HELLO}).encode()
    for _ in range(400):
        reply = server.post(chance.choice([CHAT, TASK]), mutate(valid, chance))
        assert reply.status < 500, reply.data
        if reply.status != 200:
            error_of(reply)


def test_random_fields_find_no_500(server: Server) -> None:
    chance = random.Random(8)
    for _ in range(300):
        body = {"model": chance.choice(["canned", "task:triage"]), "messages": HELLO}
        for name in chance.sample(["messages", "response_format", "input", "n", "stream"], 2):
            body[name] = random_value(chance, 3)
        reply = server.post(CHAT, body)
        assert reply.status < 500, (body, reply.data)


def mutate(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        position = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[position] = chance.randrange(256)
            case 1:
                del changed[position : position + chance.randint(1, 9)]
            case _:
                changed[position:position] = chance.choice(
                    [b"{", b"]", b'"', b"\\u0000", b"null", b"1e309", b"\xf0\x9f", b"[[[["]
                )
    return bytes(changed) or b"{"


def random_value(chance: random.Random, depth: int) -> Any:
    kinds = [None, True, 0, -1.5, 10**30, "", "text", "json_schema"]
    if depth == 0 or chance.random() < 0.4:
        return chance.choice(kinds)
    names = ["type", "json_schema", "schema", "role", "content", "user", "$ref", "properties"]
    if chance.random() < 0.5:
        return [random_value(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return {name: random_value(chance, depth - 1) for name in chance.sample(names, 3)}
