from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from control_double import ControlDouble, control_double
from roadworthy.core.errors import Forbidden, GateRefused, NotFound, RegistryUnreachable
from roadworthy.registry import (
    Actor,
    CaseResult,
    Draft,
    Evidence,
    Figures,
    Move,
    MoveRequest,
    Pointer,
    Publication,
    ResultKey,
    Version,
    VersionRow,
)
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.tasks import Suite, TaskDefinition

ANA = Actor(name="Ana Łoś")
ROW = VersionRow(
    task="sort",
    version="1.4.0",
    digest="d" * 64,
    definition_digest="e" * 64,
    level="minor",
    message="shorter",
    author="Ana",
    commit=None,
    published_us=1,
)
TASK = TaskDefinition(name="sort", model="local", input_schema={"z": 1, "a": 2})
MOVE = Move(
    id="m1",
    task="sort",
    channel="production",
    kind="promote",
    from_version=None,
    to_version="1.4.0",
    at_us=2,
    by=ANA,
)
RESULT = CaseResult(
    key=ResultKey(task="sort", definition="e", binding="b", question="q", run=0),
    expected="x",
    case_id="1",
    outcome="first_pass",
    latency_ms=12.5,
    at_us=3,
)


@pytest.fixture
def control() -> Iterator[ControlDouble]:
    with control_double() as double:
        yield double


@pytest.fixture
def registry(control: ControlDouble) -> RemoteRegistry:
    return RemoteRegistry(control.url + "/", "secret")


def test_a_draft_goes_to_its_task_with_key_and_name(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    control.status, control.answer = 201, Publication(version=ROW, new=True)
    publication = registry.publish(Draft(definition=TASK, message="shorter"), ANA)
    asked = control.asked[0]
    assert (asked.method, asked.path) == ("POST", "/api/tasks/sort/versions")
    assert asked.headers["authorization"] == "Bearer secret"
    assert asked.headers["x-roadworthy-actor"] == "Ana %C5%81o%C5%9B"
    assert msgspec.convert(asked.body, Draft) == Draft(definition=TASK, message="shorter")
    assert publication == Publication(version=ROW, new=True)


def test_the_order_of_a_schemas_fields_survives_the_journey(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    control.answer = Version(row=ROW, definition=TASK, suite=Suite())
    version = registry.version("sort", "^1")
    assert control.asked[0].path == "/api/tasks/sort/versions/%5E1"
    assert list(version.definition.input_schema) == ["z", "a"]


@pytest.mark.parametrize(
    ("task", "path"),
    [(None, "/api/versions?limit=7"), ("a.b", "/api/tasks/a.b/versions?limit=7")],
)
def test_lists_are_of_one_task_or_of_all(
    control: ControlDouble, registry: RemoteRegistry, task: str | None, path: str
) -> None:
    control.answer = {"versions": [ROW]}
    assert registry.versions(task, limit=7) == [ROW]
    assert control.asked[0].path == path


def test_channels_and_history_come_as_values(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    pointer = Pointer(task="sort", channel="production", version="1.4.0", since_us=1)
    control.answer = {"channels": [pointer], "moves": [MOVE]}
    assert registry.channels() == [pointer]
    assert registry.history("sort", channel="production") == [MOVE]
    assert [asked.path for asked in control.asked] == [
        "/api/channels",
        "/api/tasks/sort/history?channel=production&limit=100",
    ]


def test_weighing_asks_the_same_address_as_moving_and_says_so(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    request = MoveRequest(task="sort", to="1.4.0")
    control.answer = Evidence(figures=Figures(cases=3))
    assert registry.weigh(request).figures.cases == 3
    control.answer = MOVE
    assert registry.move(request, ANA) == MOVE
    weighed, moved = control.asked
    assert weighed.path == f"{moved.path}?weigh=true"
    assert moved.path == "/api/tasks/sort/channels/production"


def test_results_go_and_come(control: ControlDouble, registry: RemoteRegistry) -> None:
    control.answer = {"results": [RESULT]}
    assert registry.results("sort", definition="e") == [RESULT]
    control.status, control.answer = 204, b""
    registry.record([RESULT], ANA)
    assert control.asked[0].path == "/api/tasks/sort/results?definition=e"
    assert msgspec.convert(control.asked[1].body["results"][0], CaseResult) == RESULT


def test_a_bundle_goes_and_comes(control: ControlDouble, registry: RemoteRegistry) -> None:
    control.answer = {"format": 1, "versions": [ROW]}
    bundle = registry.export(["b", "a"])
    assert bundle["format"] == 1
    assert registry.take(bundle, ANA) == [ROW]
    assert control.asked[0].path == "/api/registry/export?task=a&task=b"
    assert control.asked[1].body == bundle


def test_a_refusal_comes_back_with_each_of_its_misses(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    control.refuse(409, "gate_refused", "No.", misses=["pass_rate 0.8", "p95_ms 900"])
    with pytest.raises(GateRefused, match="No") as raised:
        registry.move(MoveRequest(task="sort", to="1.4.0"), ANA)
    assert raised.value.misses == ("pass_rate 0.8", "p95_ms 900")


@pytest.mark.parametrize(
    ("status", "code", "error"), [(404, "not_found", NotFound), (403, "forbidden", Forbidden)]
)
def test_other_errors_come_back_as_what_they_were(
    control: ControlDouble,
    registry: RemoteRegistry,
    status: int,
    code: str,
    error: type[Exception],
) -> None:
    control.refuse(status, code, "Why, and what to do.")
    with pytest.raises(error, match="Why, and what to do"):
        registry.version("sort", "9")


def test_the_key_is_not_carried_to_another_address(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    control.status, control.headers = 302, {"location": f"{control.url}/elsewhere"}
    with pytest.raises(RegistryUnreachable, match="answered 302"):
        registry.channels()
    assert len(control.asked) == 1


def test_what_is_no_control_plane_is_said_to_be_none(
    control: ControlDouble, registry: RemoteRegistry
) -> None:
    control.answer = {"object": "list", "data": []}
    with pytest.raises(RegistryUnreachable, match="does not read"):
        registry.versions()
    control.status, control.answer = 404, b"<html>"
    with pytest.raises(RegistryUnreachable, match="answered 404, and not as a control plane"):
        registry.versions()


def test_nobody_there_is_said_with_the_address() -> None:
    with control_double() as gone:
        pass
    with pytest.raises(RegistryUnreachable, match=f"{gone.url} cannot be reached: "):
        RemoteRegistry(gone.url, None).channels()


def test_a_proxy_for_the_world_is_not_asked_for_this_machine(
    control: ControlDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    control.answer = {"channels": []}
    assert RemoteRegistry(control.url, None).channels() == []
    assert "authorization" not in control.asked[0].headers
