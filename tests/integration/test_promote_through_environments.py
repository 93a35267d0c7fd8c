"""A version on its way from staging to production: two installations, a third that directs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from registry_cli import roadworthy, write_tasks
from roadworthy.registry import Actor, CaseResult, ResultKey, Version
from roadworthy.registry.binding import binding_of
from roadworthy.registry.remote import RemoteRegistry
from roadworthy.registry.weighing import gate_cases
from roadworthy.tasks import load_project
from serving_process import Server, serving

CASES = '{"input": {"comment": "fine"}, "expect": {"sentiment": "positive"}}\n'
GATE = "[gate]\npass_rate = 0.9\n[input"


class Landscape:
    """Two keepers at work, and a project that knows both."""

    def __init__(self, root: Path, held: ExitStack) -> None:
        self.here = write_tasks(root / "here")
        task = self.here / "tasks/sort/task.toml"
        task.write_text(task.read_text().replace("[input", GATE, 1))
        (self.here / "tasks/sort/cases.jsonl").write_text(CASES)
        settings = "format = 1\n"
        self.servers: dict[str, Server] = {}
        self.keys: dict[str, str] = {}
        self.measured = 0
        for name in ("staging", "prod"):
            there = root / name
            there.mkdir()
            (there / "roadworthy.toml").write_text(f'[defaults]\nenvironment = "{name}"\n')
            models = (self.here / "models.toml").read_text()
            (there / "models.toml").write_text(models.replace(":9/", f":{len(self.keys) + 1}/"))
            made = roadworthy("keys", "create", "--name", "ci", "--role", "owner", project=there)
            self.keys[name] = made.out.strip()
            (self.here / f"{name}.key").write_text(made.out)
            self.servers[name] = held.enter_context(serving(there))
            settings += f'[environments.{name}]\nurl = "{self.servers[name].control}"\n'
            settings += f'api_key = {{file = "{name}.key"}}\n'
        (self.here / "roadworthy.toml").write_text(settings)

    def registry(self, name: str) -> RemoteRegistry:
        return RemoteRegistry(self.servers[name].control, self.keys[name])

    def measure(self, name: str, *, passed: bool) -> None:
        """What a test run over there would have found."""
        registry = self.registry(name)
        version = registry.version("sort", "1.0.0")
        model = load_project(self.here).models["canned"]
        self.measured += 1
        found = result(version, binding_of(model), passed=passed, at_us=self.measured)
        registry.record([found], Actor(name="ci"))


def result(version: Version, binding: str, *, passed: bool, at_us: int) -> CaseResult:
    case = gate_cases(version, None).cases[0]
    return CaseResult(
        key=ResultKey(
            task="sort",
            definition=version.row.definition_digest,
            binding=binding,
            question=case.question,
            run=0,
        ),
        expected=case.expected,
        case_id=case.id,
        outcome="first_pass",
        value={"sentiment": "positive" if passed else "negative"},
        passed=passed,
        latency_ms=5.0,
        at_us=at_us,
        environment="staging",
    )


def serves(server: Server, model: str) -> bool:
    """Whether its gateway comes to serve this, as gateways look for a new snapshot in turns."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        if model in {one["id"] for one in server.get("/v1/models").json()["data"]}:
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def landscape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landscape]:
    with ExitStack() as held:
        yield Landscape(tmp_path_factory.mktemp("environments"), held)


def test_a_version_travels_with_its_evidence_and_meets_the_gate_over_there(
    landscape: Landscape,
) -> None:
    here = landscape.here
    roadworthy("publish", "sort", "-m", "first", project=here)
    brought = roadworthy(
        "promote", "sort", "1.0.0", "--to-env", "staging", "--to", "trial", project=here
    )
    assert brought.out.splitlines()[:2] == [
        "Brought sort 1.0.0, with history and results.",
        "sort: trial 1.0.0, by ci.",
    ]
    onward = ("promote", "sort", "trial", "--from-env", "staging", "--to-env", "prod")
    dry = roadworthy(*onward, "--dry-run", project=here)
    assert "would be brought" in dry.out
    refused = roadworthy(*onward, project=here)
    assert refused.status == 1
    assert "roadworthy test sort --version 1.0.0" in refused.err
    assert landscape.registry("prod").channels() == []

    landscape.measure("staging", passed=False)
    missed = roadworthy(*onward, project=here)
    assert (missed.status, "0.900 short" in missed.err) == (1, True)

    landscape.measure("staging", passed=True)
    moved = roadworthy(*onward, "--why", "ready", "--json", project=here)
    assert moved.status == 0, moved.err
    move = json.loads(moved.out)
    assert (move["to_version"], move["by"]["name"], move["environment"]) == ("1.0.0", "ci", "prod")
    assert move["evidence"]["figures"]["pass_rate"]["value"] == 1.0

    history = landscape.registry("prod").history("sort")
    assert {(m.kind, m.channel, m.environment) for m in history} == {
        ("promote", "production", "prod"),
        ("import", "trial", "staging"),
    }
    assert serves(landscape.servers["prod"], "task:sort")


def test_a_viewers_key_brings_nothing(landscape: Landscape) -> None:
    prod = landscape.servers["prod"].state.parent
    made = roadworthy("keys", "create", "--name", "eve", "--role", "viewer", project=prod)
    key = landscape.here / "prod.key"
    owner = key.read_text()
    try:
        key.write_text(made.out)
        roadworthy("publish", "alone", "-m", "first", project=landscape.here)
        said = roadworthy("promote", "alone", "1.0.0", "--to-env", "prod", project=landscape.here)
    finally:
        key.write_text(owner)
    assert said.status == 1
    assert "owner" in said.err
    assert landscape.registry("prod").versions("alone") == []


def test_commands_of_a_served_project_go_through_its_keeper(landscape: Landscape) -> None:
    staging = landscape.servers["staging"].state.parent
    log = roadworthy("log", "--json", project=staging).out.splitlines()
    assert "sort" in {json.loads(line)["task"] for line in log}
    listed = roadworthy("keys", "list", "--json", project=staging).out.splitlines()
    assert [json.loads(line)["name"] for line in listed] == ["ci"]


def test_an_export_and_documentation_come_from_the_keeper_too(
    landscape: Landscape, tmp_path: Path
) -> None:
    staging = landscape.servers["staging"].state.parent
    said = roadworthy("export", "sort", "--to", str(tmp_path / "out"), project=staging)
    assert said.out.startswith(f"{tmp_path / 'out'}: 1 version of 1 task, ")
    taken = roadworthy("import", str(tmp_path / "out"), project=staging)
    assert taken.out == "0 versions new, 1 here already.\n"
    assert roadworthy("docs", "sort", project=staging).out.startswith("# sort\n")
    shown = roadworthy("show", "sort", "1.0", project=staging)
    assert (shown.status, "1.0.0" in shown.err) == (1, True)
