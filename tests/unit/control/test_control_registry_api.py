"""The registry's addresses, over a registry in a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from keyed import TOKEN, Installation
from starlette.testclient import TestClient

from roadworthy.registry import (
    CaseResult,
    Draft,
    Move,
    MoveRequest,
    Publication,
    ResultKey,
    Version,
    VersionRow,
)
from roadworthy.tasks import Case, Gate, Suite, TaskDefinition, Template, definition_digest

CLOSED = {"type": "object", "additionalProperties": False}
TASK = TaskDefinition(
    name="triage",
    model="m",
    input_schema={**CLOSED, "properties": {"comment": {"type": "string"}}, "required": ["comment"]},
    output_schema={**CLOSED, "properties": {"label": {"enum": ["a", "b"]}}, "required": ["label"]},
    templates=(Template(role="user", source="{{ comment }}", file="tasks/triage/prompt/user.md"),),
)
SUITE = Suite(cases=(Case(id="one", input={"comment": "x"}, expect={"label": "a"}),))


def draft(source: str = "{{ comment }}", suite: Suite = SUITE, **fields: Any) -> Draft:
    template = msgspec.structs.replace(TASK.templates[0], source=source)
    definition = msgspec.structs.replace(TASK, templates=(template,), **fields)
    return Draft(definition=definition, suite=suite, message="why")


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@pytest.fixture
def owner(house: Installation) -> TestClient:
    return house.program(house.key("Ada").secret)


def post(client: TestClient, path: str, body: object, *, status: int = 200) -> Any:
    headers = {"content-type": "application/json"}
    answer = client.post(path, content=msgspec.json.encode(body), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def publish(client: TestClient, given: Draft, *, status: int = 201) -> Any:
    return post(client, "/api/tasks/triage/versions", given, status=status)


def promote(client: TestClient, to: str, *, status: int = 200, **fields: Any) -> Any:
    wish = MoveRequest(task="triage", to=to, **fields)
    return post(client, "/api/tasks/triage/channels/production", wish, status=status)


def test_a_draft_becomes_a_version_once(house: Installation, owner: TestClient) -> None:
    first = msgspec.convert(publish(owner, draft()), Publication)
    assert (first.version.version, first.version.author, first.new) == ("1.0.0", "Ada", True)
    again = msgspec.convert(publish(owner, draft(), status=200), Publication)
    assert (again.version, again.new) == (first.version, False)
    assert house.changes == 1


def test_a_preview_writes_nothing_and_a_viewer_may_ask_for_it(
    house: Installation, owner: TestClient
) -> None:
    viewer = house.program(house.key("Grace", "viewer").secret)
    told = post(viewer, "/api/tasks/triage/versions?preview=true", draft())
    assert (told["new"], told["version"]["version"]) == (True, "1.0.0")
    assert owner.get("/api/versions").json() == {"versions": []}
    assert house.changes == 0


def test_a_draft_cannot_say_who_publishes_or_what_its_digest_is(owner: TestClient) -> None:
    body = msgspec.to_builtins(draft(version="9.9.9", digest="f" * 64))
    body |= {"author": "Eve", "by": {"name": "Eve", "role": "owner"}, "role": "owner"}
    row = publish(owner, body)["version"]
    assert (row["author"], row["version"]) == ("Ada", "1.0.0")
    assert row["definition_digest"] == definition_digest(TASK)


def test_versions_are_listed_and_found_by_any_name(owner: TestClient) -> None:
    publish(owner, draft())
    row = publish(owner, draft("Say: {{ comment }}"))["version"]
    promote(owner, "1.0.0")
    rows = msgspec.convert(owner.get("/api/versions?limit=1").json()["versions"], list[VersionRow])
    assert [r.version for r in rows] == ["1.1.0"]
    assert len(owner.get("/api/tasks/triage/versions").json()["versions"]) == 2
    assert owner.get("/api/tasks/other/versions").json() == {"versions": []}
    for reference, version in (
        ("1.1.0", "1.1.0"),
        ("production", "1.0.0"),
        ("%5E1", "1.0.0"),
        (row["digest"][:8], "1.1.0"),
    ):
        answer = owner.get(f"/api/tasks/triage/versions/{reference}")
        assert msgspec.convert(answer.json(), Version).row.version == version


def test_a_version_that_is_not_there_is_told(owner: TestClient) -> None:
    publish(owner, draft())
    for reference in ("2.0.0", "staging", "..", "%00", "x" * 300):
        answer = owner.get(f"/api/tasks/triage/versions/{reference}")
        assert answer.status_code in (400, 404), reference
    assert owner.get("/api/tasks/triage/versions/2.0.0").json()["error"]["code"] == "not_found"


def test_two_versions_are_compared(owner: TestClient) -> None:
    publish(owner, draft())
    publish(owner, draft("Say: {{ comment }}"))
    found = owner.get("/api/tasks/triage/diff?from=1.0.0&to=1.1.0").json()
    assert (found["old"], found["new"], found["level"]) == ("1.0.0", "1.1.0", "minor")
    assert owner.get("/api/tasks/triage/diff?from=1.0.0").json()["error"]["param"] == "to"


def test_a_move_is_made_by_whoever_the_key_is_and_told_to_who_serves(
    house: Installation, owner: TestClient
) -> None:
    publish(owner, draft())
    moved = msgspec.convert(promote(owner, "1.0.0", why="first"), Move)
    assert (moved.by.name, moved.by.role, moved.to_version) == ("Ada", "owner", "1.0.0")
    assert house.changes == 2
    (pointer,) = owner.get("/api/tasks/triage/channels").json()["channels"]
    assert (pointer["channel"], pointer["version"]) == ("production", "1.0.0")
    assert owner.get("/api/channels").json()["channels"] == [pointer]
    moves = owner.get("/api/history?channel=production&limit=5").json()["moves"]
    assert moves == owner.get("/api/tasks/triage/history").json()["moves"]
    assert [move["why"] for move in moves] == ["first"]
    assert owner.get("/api/history?channel=staging").json() == {"moves": []}


def test_a_move_says_for_whom_the_local_token_acts(house: Installation) -> None:
    client = house.program(TOKEN)
    client.headers["x-roadworthy-actor"] = "Grace%20Hopper"
    publish(client, draft())
    assert promote(client, "1.0.0")["by"] == {"name": "Grace Hopper", "role": "owner"}


def test_a_gate_that_does_not_hold_is_told_figure_by_figure(
    house: Installation, owner: TestClient
) -> None:
    publish(owner, draft(suite=msgspec.structs.replace(SUITE, gate=Gate(pass_rate=0.9))))
    error = promote(owner, "1.0.0", status=409)["error"]
    assert error["code"] == "gate_refused"
    assert error["misses"]
    assert any("roadworthy test triage" in miss for miss in error["misses"])
    wish = MoveRequest(task="triage", to="1.0.0")
    told = post(owner, "/api/tasks/triage/channels/production?weigh=true", wish)
    assert [miss["message"] for miss in told["misses"]] == error["misses"]
    assert owner.get("/api/channels").json() == {"channels": []}
    forced = promote(owner, "1.0.0", force=True, why="it burns")
    assert forced["forced"]


@pytest.mark.parametrize(
    ("path", "wish", "param"),
    [
        ("triage/channels/production", {"task": "other", "to": "1.0.0"}, "task"),
        ("triage/channels/staging", {"task": "triage", "to": "1.0.0"}, "channel"),
        ("triage/channels/production", {"task": "triage", "kind": "import"}, "kind"),
        ("triage/channels/production", {"task": "triage", "why": "x" * 10_001}, "why"),
        ("triage/channels/%2e%2e", {"task": "triage", "channel": ".."}, "channel"),
        ("triage/channels/working", {"task": "triage", "channel": "working"}, "channel"),
        ("triage/channels/A%20b", {"task": "triage", "channel": "A b"}, "channel"),
        ("..%20/channels/production", {"task": "..", "to": "1.0.0"}, "task"),
    ],
)
def test_a_wish_that_contradicts_its_address_moves_nothing(
    owner: TestClient, path: str, wish: dict[str, str], param: str
) -> None:
    publish(owner, draft())
    answer = owner.post(f"/api/tasks/{path}", json=wish)
    assert answer.status_code in (400, 404, 405)
    assert answer.json()["error"]["param"] == param
    assert owner.get("/api/channels").json() == {"channels": []}


def result(task: str = "triage") -> CaseResult:
    key = ResultKey(task=task, definition="d" * 64, binding="b" * 64, question="q", run=0)
    return CaseResult(
        key=key,
        expected="e",
        case_id="one",
        outcome="first_pass",
        value={"label": "a"},
        passed=True,
        latency_ms=5.0,
        at_us=1,
    )


def test_results_are_kept_and_given_back(house: Installation, owner: TestClient) -> None:
    post(owner, "/api/results", {"results": [result()]}, status=204)
    path = f"/api/tasks/triage/results?definition={'d' * 64}"
    found = owner.get(path).json()["results"]
    assert msgspec.convert(found, list[CaseResult]) == [result()]
    assert owner.get(f"{path}&binding={'b' * 64}").json()["results"] == found
    assert owner.get(f"{path}&binding=other").json() == {"results": []}
    bad = msgspec.to_builtins(result("../x"))
    assert post(owner, "/api/results", {"results": [bad]}, status=400)["error"]["param"] == "task"


def test_a_registry_travels(house: Installation, owner: TestClient, tmp_path: Path) -> None:
    publish(owner, draft())
    promote(owner, "1.0.0")
    bundle = owner.get("/api/registry/export?task=triage").json()
    assert owner.get("/api/registry/export?task=other").json()["versions"] == []
    other = Installation(tmp_path / "other")
    client = other.program(TOKEN)
    taken = post(client, "/api/registry/import", bundle)
    assert [row["version"] for row in taken["versions"]] == ["1.0.0"]
    assert post(client, "/api/registry/import", bundle) == {"versions": []}
    assert other.changes == 1


def test_what_is_imported_is_held_to_what_is_published(owner: TestClient, tmp_path: Path) -> None:
    publish(owner, draft())
    bundle = owner.get("/api/registry/export").json()
    version = bundle["versions"][0]
    definition = version["definition"]
    client = Installation(tmp_path / "other").program(TOKEN)
    for place, key, value in (
        (version["row"], "task", "../../etc"),
        (definition, "input_schema", {"type": "objekt"}),
        (definition["templates"][0], "source", "{{ nobody }}"),
        (definition["templates"][0], "source", "{{ comment "),
        (version["row"], "digest", "0" * 64),
        (version["row"], "version", "../1.0.0"),
    ):
        kept, place[key] = place[key], value
        answer = client.post("/api/registry/import", json=bundle)
        place[key] = kept
        assert answer.status_code in (400, 409, 422), (key, answer.text)
    assert client.get("/api/versions").json() == {"versions": []}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"nul", b'{"definition": 1}', b"\xff", b"9" * 99]
)
@pytest.mark.parametrize("path", ["tasks/triage/versions", "results", "registry/import", "keys"])
def test_a_body_that_is_none_is_told_without_being_repeated(
    owner: TestClient, path: str, body: bytes
) -> None:
    answer = owner.post(f"/api/{path}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] in ("malformed_body", "invalid_request")


def test_a_body_that_is_nested_too_deep_is_told(owner: TestClient) -> None:
    deep = b'{"versions":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = owner.post("/api/registry/import", content=deep)
    assert answer.status_code == 400


def test_bodies_are_bounded_whether_they_say_how_long_they_are_or_not(owner: TestClient) -> None:
    assert owner.post("/api/keys", content=b" " * 10_001).status_code == 413

    def pieces() -> Any:
        yield from (b" " * 1_000 for _ in range(11))

    assert owner.post("/api/keys", content=pieces()).json()["error"]["code"] == "body_too_large"
    long = {"content-length": "9" * 30}
    assert owner.post("/api/keys", content=pieces(), headers=long).status_code == 413


@pytest.mark.parametrize(
    "name", ["%2e%2e", "a%2Fb", "%2e%2e%2f%2e%2e", ".hidden", "a b", "x" * 101]
)
def test_no_name_of_a_task_leads_out_of_the_registry(owner: TestClient, name: str) -> None:
    for path in ("versions", "channels", "history", "versions/1.0.0", "results?definition=d"):
        answer = owner.get(f"/api/tasks/{name}/{path}")
        assert answer.status_code in (400, 404), (path, answer.text)


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "limit=x", "colour=red"])
def test_a_query_that_is_not_known_is_told(owner: TestClient, query: str) -> None:
    answer = owner.get(f"/api/versions?{query}")
    assert answer.json()["error"]["param"] == query.partition("=")[0]
