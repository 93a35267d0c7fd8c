"""The API's document beside what the API really answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from keyed import TOKEN, Installation
from starlette.testclient import TestClient

from roadworthy.control.registry_api import registry_examples as examples
from roadworthy.tasks import definition_digest

PUBLIC = {"/healthz"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that has one of everything."""
    root = tmp_path_factory.mktemp("project")
    folder = root / "tasks/classify-feedback"
    (folder / "prompt").mkdir(parents=True)
    fields = '[input.fields]\ncomment = "string"\n[output.fields]\nsentiment = "string"\n'
    (folder / "task.toml").write_text(fields)
    (folder / "prompt/user.md").write_text("{{ comment }}")
    house = Installation(
        tmp_path_factory.mktemp("house"), root=root, play=lambda *_: dict(examples.PLAYED)
    )
    house.key("Ada")
    return house


@pytest.fixture(scope="module")
def client(house: Installation) -> TestClient:
    return house.program(TOKEN)


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            yield method.upper(), path, about


def check(document: dict[str, Any], schema: Mapping[str, Any], value: Any) -> None:
    """Raises where the value is not what the document says."""
    whole = {**schema, "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole)
    assert [error.message for error in validator.iter_errors(value)] == []


# What each address is asked, in an order in which it can be answered.
FIRST = {"task": "classify-feedback"}
REQUESTS: list[tuple[str, str, dict[str, Any], Any, int]] = [
    ("GET", "/healthz", {}, None, 200),
    ("GET", "/api/overview", {}, None, 200),
    ("GET", "/api/calls", {}, None, 200),
    ("GET", "/api/calls/{call_id}", {"call_id": "0000"}, None, 404),
    ("GET", "/api/calls/{call_id}/tree", {"call_id": "0000"}, None, 404),
    ("POST", "/api/calls/{call_id}/resume", {"call_id": "0000"}, {"timeout_s": 60}, 404),
    ("GET", "/api/rules", {}, None, 200),
    ("GET", "/api/conformance", {}, None, 200),
    ("GET", "/api/tasks", {}, None, 200),
    ("GET", "/api/tasks/{name}", {"name": "nobody"}, None, 404),
    ("GET", "/api/me", {}, None, 200),
    ("POST", "/api/keys", {}, examples.KEY_WISH, 201),
    ("GET", "/api/keys", {}, None, 200),
    ("DELETE", "/api/keys/{key_id}", {"key_id": "{made}"}, None, 200),
    ("POST", "/api/tasks/{task}/versions", FIRST, examples.DRAFT, 201),
    ("POST", "/api/tasks/{task}/versions", FIRST, examples.DRAFT, 200),
    ("POST", "/api/tasks/{task}/versions?preview=true", FIRST, examples.DRAFT, 200),
    ("GET", "/api/versions", {}, None, 200),
    ("GET", "/api/tasks/{task}/versions", FIRST, None, 200),
    (
        "GET",
        "/api/tasks/{task}/versions/{reference}",
        {**FIRST, "reference": "1.0.0"},
        None,
        200,
    ),
    ("GET", "/api/tasks/{task}/diff?from=1.0.0&to=1.0.0", FIRST, None, 200),
    (
        "POST",
        "/api/tasks/{task}/channels/{channel}",
        {**FIRST, "channel": "production"},
        {"task": "classify-feedback", "to": "1.0.0"},
        409,
    ),
    (
        "POST",
        "/api/tasks/{task}/channels/{channel}?weigh=true",
        {**FIRST, "channel": "production"},
        {"task": "classify-feedback", "to": "1.0.0"},
        200,
    ),
    (
        "POST",
        "/api/tasks/{task}/channels/{channel}",
        {**FIRST, "channel": "production"},
        {"task": "classify-feedback", "to": "1.0.0", "force": True, "why": "now"},
        200,
    ),
    ("GET", "/api/channels", {}, None, 200),
    ("GET", "/api/tasks/{task}/channels", FIRST, None, 200),
    ("GET", "/api/history", {}, None, 200),
    ("GET", "/api/tasks/{task}/history", FIRST, None, 200),
    ("GET", "/api/tasks/{task}/lint?version=1.0.0", FIRST, None, 200),
    ("GET", "/api/tasks/{task}/trim", FIRST, None, 404),
    ("POST", "/api/results", {}, examples.RESULTS, 204),
    ("GET", "/api/tasks/{task}/results?definition={definition}", FIRST, None, 200),
    ("GET", "/api/registry/export", {}, None, 200),
    ("POST", "/api/registry/import", {}, "{export}", 200),
    ("POST", "/api/tasks/{task}/cases", FIRST, examples.NEW_CASE, 201),
    ("POST", "/api/tasks/{task}/play", FIRST, examples.PLAY_WISH, 200),
]


def ask(client: TestClient, method: str, address: str, names: dict[str, Any], body: Any) -> Any:
    if "{made}" in names.values():
        keys = client.get("/api/keys").json()["keys"]
        names = {"key_id": next(key["id"] for key in keys if key["role"] == "viewer")}
    if body == "{export}":
        body = client.get("/api/registry/export").json()
    digest = definition_digest(examples.DRAFT.definition)
    url = address.format(**names, definition=digest)
    content = None if body is None else msgspec.json.encode(body)
    return client.request(method, url, content=content)


@pytest.fixture(scope="module")
def answered(client: TestClient) -> list[Any]:
    """What each of the requests was answered, asked in their order."""
    return [ask(client, *request[:4]) for request in REQUESTS]


@pytest.mark.parametrize(
    "number", range(len(REQUESTS)), ids=[f"{r[0]} {r[1]} {r[4]}" for r in REQUESTS]
)
def test_answers_are_as_the_document_says(
    document: dict[str, Any], answered: list[Any], number: int
) -> None:
    method, address, _, _, status = REQUESTS[number]
    answer = answered[number]
    assert answer.status_code == status, answer.text
    about = document["paths"][address.partition("?")[0]][method.lower()]
    told = about["responses"].get(str(status)) or about["responses"][f"{status // 100}XX"]
    if not answer.content:
        assert "content" not in told
        return
    check(document, told["content"]["application/json"]["schema"], answer.json())


def test_every_address_of_the_document_is_asked(document: dict[str, Any]) -> None:
    asked = {(method, address.partition("?")[0]) for method, address, *_ in REQUESTS}
    assert {(method, path) for method, path, _ in operations(document)} == asked


def test_every_example_is_what_it_is_an_example_of(document: dict[str, Any]) -> None:
    found = 0
    for _, _, about in operations(document):
        contents = [about.get("requestBody", {}), *about["responses"].values()]
        for content in contents:
            media = content.get("content", {}).get("application/json", {})
            if "example" in media:
                found += 1
                check(document, media["schema"], media["example"])
    assert found > 15


def test_every_address_says_what_it_does_takes_and_answers(document: dict[str, Any]) -> None:
    for method, path, about in operations(document):
        assert about["description"], path
        assert about["operationId"]
        assert {"4XX", "5XX"} < set(about["responses"])
        assert "422" not in about["responses"]
        assert ("requestBody" in about) == (method == "POST"), path
        for parameter in about.get("parameters", ()):
            assert parameter["in"] == "path" or parameter["description"], parameter
    ids = [about["operationId"] for _, _, about in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_address_takes_a_key_but_that_of_health(
    house: Installation, document: dict[str, Any]
) -> None:
    assert document["security"] == [{"key": []}, {"session": []}, {}]
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    stranger = house.browser(address="203.0.113.9")
    for method, path, about in operations(document):
        status = stranger.request(method, re.sub(r"{\w+}", "x", path)).status_code
        assert (status == 401) == (path not in PUBLIC), path
        assert ("security" in about) == (path in PUBLIC)


def test_nothing_in_the_document_dangles(document: dict[str, Any]) -> None:
    text = msgspec.json.encode(document).decode()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= set(document["components"]["schemas"])


def test_the_example_of_a_key_is_none(house: Installation) -> None:
    assert house.keys.find(examples.NEW_KEY.secret) is None
