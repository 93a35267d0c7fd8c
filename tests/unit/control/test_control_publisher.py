"""What the keeper has gateways serve, from files and the registry of a folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from pipelines import MODEL
from projects import write_project
from roadworthy.control.keeping.publisher import BoundModels, Publisher
from roadworthy.core import SystemClock
from roadworthy.core.errors import ProjectError, StoreError
from roadworthy.registry import Actor, Draft, MoveRequest
from roadworthy.registry.served import ServedVersions
from roadworthy.registry.store import StoredRegistry
from roadworthy.storage import StateFolder
from roadworthy.storage.database import open_database
from roadworthy.tasks import Snapshot, load_project, read_snapshot
from roadworthy.tasks.version_files import read_version_file

ME = Actor(name="me")
PROMPT = "tasks/triage/prompt/user.md"


class Installation:
    """A project, its state folder and its registry."""

    def __init__(self, root: Path) -> None:
        self.root = write_project(root, "http://127.0.0.1:9/v1")
        self.folder = StateFolder(root / ".roadworthy")
        self.engine = open_database(self.folder)
        self.registry = StoredRegistry(
            self.engine,
            self.folder,
            clock=SystemClock(),
            protected=(),
            models=lambda: {"canned": MODEL, "openai/gpt-5-mini": MODEL},
            environment="dev",
        )

    def publish(self, wording: str, *, promote: bool = True) -> str:
        """A version whose prompt is this text."""
        (self.root / PROMPT).write_text(f"{wording} {{{{ comment }}}}")
        project = load_project(self.root)
        draft = Draft(
            definition=project.tasks["triage"], suite=project.suites["triage"], message="why"
        )
        version = self.registry.publish(draft, ME).version.version
        if promote:
            self.registry.move(MoveRequest(task="triage", to=version), ME)
        return version

    def roll_back(self) -> None:
        self.registry.move(MoveRequest(task="triage", kind="rollback"), ME)

    def started(self, *, dev: bool = False, away: bool = False, again: bool = False) -> Publisher:
        publisher = Publisher(root=self.root, folder=self.folder, environment=None, dev=dev)
        registry = None if away else ServedVersions(self.engine, self.folder)
        publisher.start(registry, again=again)
        return publisher

    def snapshot(self) -> Snapshot:
        return read_snapshot(self.folder.snapshot)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def prompt_of(snapshot: Snapshot) -> str:
    return snapshot.tasks["triage"].templates[-1].source.partition(" ")[0]


def test_production_serves_what_its_channel_points_to_and_not_the_working_copy(
    here: Installation,
) -> None:
    here.publish("One")
    here.publish("Two", promote=False)
    here.started()
    snapshot = here.snapshot()
    assert (snapshot.serves, prompt_of(snapshot)) == ("production", "One")
    assert snapshot.tasks["triage"].version == "1.0.0"
    assert list(snapshot.versions["triage"].digests) == ["1.1.0", "1.0.0"]
    assert snapshot.versions["triage"].channels == {"production": "1.0.0"}


def test_every_version_of_the_index_has_its_file(here: Installation) -> None:
    here.publish("One")
    here.publish("Two")
    here.started()
    for digest in here.snapshot().versions["triage"].digests.values():
        assert read_version_file(here.folder.versions, digest).name == "triage"


def test_dev_serves_the_working_copy_and_indexes_versions(here: Installation) -> None:
    here.publish("One")
    (here.root / PROMPT).write_text("Two {{ comment }}")
    here.started(dev=True)
    snapshot = here.snapshot()
    assert (snapshot.serves, prompt_of(snapshot)) == ("working", "Two")
    assert snapshot.versions["triage"].channels == {"production": "1.0.0"}


def test_what_is_not_in_production_is_named_without_being_served(here: Installation) -> None:
    here.started()
    snapshot = here.snapshot()
    assert snapshot.tasks == {}
    assert snapshot.versions["triage"].digests == {}


def test_a_move_is_served_at_the_next_look_and_only_then_written(here: Installation) -> None:
    here.publish("One")
    publisher = here.started()
    assert not publisher.refresh()
    here.publish("Two")
    assert publisher.refresh()
    assert prompt_of(here.snapshot()) == "Two"
    here.roll_back()
    assert publisher.refresh()
    assert prompt_of(here.snapshot()) == "One"
    assert not publisher.refresh()


def test_a_range_reaches_what_was_released_and_not_what_was_rolled_back_from(
    here: Installation,
) -> None:
    for wording in ("One", "Two", "Three"):
        here.publish(wording)
    here.roll_back()
    here.publish("Four", promote=False)
    here.started()
    assert here.snapshot().versions["triage"].released == ("1.0.0", "1.1.0")
    here.registry.move(MoveRequest(task="triage", to="1.2.0"), ME)
    here.started()
    assert set(here.snapshot().versions["triage"].released) == {"1.0.0", "1.1.0", "1.2.0"}


def test_a_version_whose_model_is_not_bound_is_not_served_and_says_why(
    here: Installation,
) -> None:
    here.publish("One")
    task = here.root / "tasks/triage/task.toml"
    task.write_text(task.read_text().replace('"canned"', '"local"'))
    (here.root / "models.toml").write_text("")
    here.started()
    snapshot = here.snapshot()
    assert snapshot.tasks == {}
    assert "the model 'canned', which is not bound" in snapshot.unservable["triage"]


def test_a_model_that_needs_no_file_is_served_with_its_price(here: Installation) -> None:
    task = here.root / "tasks/triage/task.toml"
    canned = task.read_text()
    task.write_text(canned.replace('"canned"', '"openai/gpt-5-mini"'))
    here.publish("One")
    task.write_text(canned)
    here.started()
    assert here.snapshot().models["openai/gpt-5-mini"].price is not None
    assert "triage" in here.snapshot().tasks


def test_a_faulty_working_copy_keeps_nothing_from_being_served(here: Installation) -> None:
    here.publish("One")
    (here.root / PROMPT).write_text("{{ coment }}")
    publisher = here.started()
    assert prompt_of(here.snapshot()) == "One"
    assert publisher.faults == ()
    assert "coment" in publisher.draft_faults[0]


@pytest.mark.parametrize("dev", [False, True])
def test_faults_of_an_installations_own_files_stop_the_first_start(
    here: Installation, dev: bool
) -> None:
    (here.root / "roadworthy.toml").write_text("[servr]")
    with pytest.raises(ProjectError, match="servr"):
        here.started(dev=dev)
    assert not here.folder.snapshot.exists()


def test_faults_of_later_leave_the_last_models_in_place_and_follow_the_registry(
    here: Installation,
) -> None:
    here.publish("One")
    here.started()
    (here.root / "models.toml").write_text("[modles.canned]")
    publisher = here.started()
    assert "modles" in publisher.faults[0]
    assert here.snapshot().models["canned"].upstream == "canned-1"
    assert prompt_of(here.snapshot()) == "One"


def test_without_the_database_the_last_versions_are_served_on(here: Installation) -> None:
    here.publish("One")
    here.started()
    before = here.snapshot()
    here.started(away=True)
    after = here.snapshot()
    assert (after.tasks, after.versions) == (before.tasks, before.versions)


def replace_database(here: Installation) -> None:
    """As who moves a damaged one away."""
    here.engine.dispose()
    for path in here.folder.path.glob("calls.sqlite*"):
        path.unlink()
    here.__init__(here.root)  # type: ignore[misc]


def test_a_replaced_database_takes_nothing_out_of_production(here: Installation) -> None:
    here.publish("One")
    here.publish("Two")
    here.started()
    before = here.snapshot()
    replace_database(here)
    publisher = here.started()
    after = here.snapshot()
    assert publisher.lost == ("triage",)
    assert (after.tasks, after.versions) == (before.tasks, before.versions)
    here.publish("Three", promote=False)
    assert publisher.refresh()
    assert prompt_of(here.snapshot()) == "Two"
    here.registry.move(MoveRequest(task="triage", to="1.0.0"), ME)
    assert publisher.refresh()
    assert prompt_of(here.snapshot()) == "Three"
    assert len(publisher.lost) == 0


def test_a_version_that_is_damaged_in_the_database_is_served_on(here: Installation) -> None:
    here.publish("One")
    here.started()
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE version_contents SET content = x'00'"))
    here.started()
    assert prompt_of(here.snapshot()) == "One"
    here.folder.snapshot.unlink()
    here.started()
    assert "damaged" in here.snapshot().unservable["triage"]


def test_without_the_database_dev_serves_working_copies_and_known_versions(
    here: Installation,
) -> None:
    here.publish("One")
    here.started(dev=True)
    (here.root / PROMPT).write_text("Two {{ comment }}")
    here.started(dev=True, away=True)
    assert prompt_of(here.snapshot()) == "Two"
    assert list(here.snapshot().versions["triage"].digests) == ["1.0.0"]


@pytest.mark.parametrize("before", [lambda here: None, lambda here: here.started(dev=True)])
def test_without_a_database_nothing_takes_productions_place(
    here: Installation, before: Callable[[Installation], object]
) -> None:
    before(here)
    with pytest.raises(StoreError, match="serve --dev"):
        here.started(away=True)


def test_a_keeper_that_died_follows_the_registry_but_not_the_files(here: Installation) -> None:
    here.publish("One")
    here.started()
    (here.root / "models.toml").write_text("")
    publisher = here.started(again=True)
    assert here.snapshot().models["canned"].upstream == "canned-1"
    here.registry.move(MoveRequest(task="triage", to="1.0.0", channel="staging"), ME)
    assert publisher.refresh()
    assert here.snapshot().versions["triage"].channels["staging"] == "1.0.0"


def test_an_older_releases_snapshot_is_no_hindrance(
    here: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    here.publish("One")
    here.folder.snapshot.write_text('{"format":1}')
    with caplog.at_level(logging.WARNING):
        here.started()
    assert prompt_of(here.snapshot()) == "One"


def test_lost_files_of_versions_are_written_anew(here: Installation) -> None:
    here.publish("One")
    here.publish("Two")
    publisher = here.started()
    assert publisher.restore_files() == 0
    lost = sorted(here.folder.versions.glob("*.json"))[0]
    digest = read_version_file(here.folder.versions, lost.stem).digest
    lost.unlink()
    assert publisher.restore_files() == 1
    assert read_version_file(here.folder.versions, lost.stem).digest == digest


def test_the_operators_token_is_in_the_snapshot_and_new_at_each_start(
    here: Installation,
) -> None:
    first = here.started().operator_token
    second = here.started().operator_token
    assert here.snapshot().operator_token == second != first
    assert len(second) > 40
    revision = here.snapshot().revision
    here.started(again=True)  # a keeper that died makes no revision
    assert here.snapshot().revision == revision


def test_bound_models_are_those_that_are_served_and_those_without_a_file(
    here: Installation,
) -> None:
    models = BoundModels(here.started())
    assert models["canned"].upstream == "canned-1"
    assert models["local"].provider == "embedded"
    assert "nobody" not in models
    assert set(models) >= {"canned"}


def test_a_version_whose_python_is_not_installed_so_is_not_served(here: Installation) -> None:
    (here.root / "rules.py").write_text("x = 1\n")
    project = load_project(here.root)
    definition = msgspec.structs.replace(project.tasks["triage"], sources={"rules.py": "x = 1\n"})
    here.registry.publish(Draft(definition=definition, message="why"), ME)
    here.registry.move(MoveRequest(task="triage", to="1.0.0"), ME)
    here.started()
    assert "triage" in here.snapshot().tasks
    (here.root / "rules.py").write_text("x = 2\n")
    here.started()
    assert "runs Python that differs" in here.snapshot().unservable["triage"]
    assert "triage" not in here.snapshot().tasks
