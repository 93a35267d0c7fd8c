from __future__ import annotations

import json
import subprocess
from pathlib import Path

import msgspec
import pytest

from registry_cli import Said, roadworthy, write_tasks
from roadworthy.cli.registry_access import open_registry
from roadworthy.registry import Actor, CaseResult, ResultKey
from roadworthy.registry.binding import binding_of
from roadworthy.registry.weighing import gate_cases
from roadworthy.tasks import load_installation

SYSTEM = "tasks/sort/prompt/system.md"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr("roadworthy.cli.registry_access.author", lambda root: "Ana")
    return write_tasks(tmp_path)


def edit(project: Path, name: str, old: str, new: str) -> None:
    text = (project / name).read_text()
    assert old in text
    (project / name).write_text(text.replace(old, new, 1))


def published(project: Path, *more: str) -> Said:
    said = roadworthy("publish", *more, "-m", "why", project=project)
    assert said.status == 0, said.err
    return said


def test_a_first_version_is_published_and_the_next_command_named(project: Path) -> None:
    said = published(project, "sort")
    assert said.out.splitlines() == [
        "Published sort 1.0.0: major, the first version.",
        "Next: roadworthy promote sort 1.0.0 --to production",
    ]


def test_what_did_not_change_is_not_published(project: Path) -> None:
    published(project, "sort")
    assert published(project, "sort").out == "Unchanged: sort equals 1.0.0, nothing published.\n"
    assert len(roadworthy("log", "--json", project=project).out.splitlines()) == 1


def test_one_character_in_a_block_moves_exactly_the_tasks_that_include_it(project: Path) -> None:
    published(project, "--all")
    edit(project, "blocks/voice.md", "friendly.", "friendly!")
    said = published(project, "--all", "--json")
    made = [json.loads(line)["version"] for line in said.out.splitlines()]
    assert [(row["task"], row["version"]) for row in made] == [
        ("reply", "1.1.0"),
        ("sort", "1.1.0"),
    ]
    assert published(project, "--all").out == "3 tasks equal their newest version.\n"


def test_a_dry_run_says_why_that_level_and_writes_nothing(project: Path) -> None:
    published(project, "sort")
    edit(project, "tasks/sort/task.toml", '"negative"]', '"negative", "mixed"]')
    said = roadworthy("publish", "sort", "--dry-run", project=project)
    assert said.out.startswith("Would publish sort 2.0.0: major, was 1.0.0.\n  major  output")
    assert "Next" not in said.out
    assert "2.0.0" not in roadworthy("log", "sort", project=project).out


def test_a_level_may_be_raised(project: Path) -> None:
    published(project, "sort")
    edit(project, SYSTEM, "%}", "%} Now.")
    said = published(project, "sort", "--bump", "major")
    assert said.out.startswith("Published sort 2.0.0: major, was 1.0.0.")
    assert "Raised to major by --bump." in said.out


@pytest.mark.parametrize("arguments", [(), ("sort", "--all"), ("sort",)])
def test_publishing_takes_a_task_or_all_and_a_reason(
    project: Path, arguments: tuple[str, ...]
) -> None:
    assert roadworthy("publish", *arguments, project=project).status == 2


def test_an_unknown_task_is_named_with_what_is_near(project: Path) -> None:
    said = roadworthy("publish", "sorts", "-m", "why", project=project)
    assert (said.status, 'no task "sorts"; did you mean "sort"?' in said.err) == (1, True)


def test_the_log_shows_channels_beside_versions(project: Path) -> None:
    published(project, "sort")
    roadworthy("promote", "sort", "1.0.0", "--to", "staging", project=project)
    head, line = roadworthy("log", project=project).out.splitlines()
    assert head.split()[:2] == ["TASK", "VERSION"]
    assert "1.0.0" in line
    assert line.endswith("staging   why")


def test_a_version_is_shown_by_number_channel_or_as_the_newest(project: Path) -> None:
    published(project, "sort")
    edit(project, SYSTEM, "%}", "%} Now.")
    published(project, "sort")
    roadworthy("promote", "sort", "1.0.0", project=project)
    newest = roadworthy("show", "sort", project=project)
    assert "version      1.1.0 (minor)" in newest.out
    assert "    {% include 'voice.md' %} Now." in newest.out
    production = roadworthy("show", "sort", "production", "--json", project=project)
    assert json.loads(production.out)["row"]["version"] == "1.0.0"


def test_nothing_published_is_said_with_what_to_type(project: Path) -> None:
    assert 'roadworthy publish sort -m "why"' in roadworthy("log", "sort", project=project).out
    shown = roadworthy("show", "sort", project=project)
    assert (shown.status, 'publish sort -m "why"' in shown.err) == (1, True)
    assert "No channel of sort" in roadworthy("channels", "sort", project=project).out
    assert "No channel was moved" in roadworthy("history", project=project).out


def test_promotion_rollback_and_what_is_told_of_them(project: Path) -> None:
    published(project, "sort")
    edit(project, SYSTEM, "%}", "%} Now.")
    published(project, "sort")
    roadworthy("promote", "sort", "1.0.0", project=project)
    moved = roadworthy("promote", "sort", "1.1.0", "--why", "better", project=project)
    assert moved.out.splitlines()[0] == "sort: production 1.0.0 → 1.1.0, by Ana."
    assert moved.out.endswith("Back: roadworthy rollback sort\n")
    back = roadworthy("rollback", "sort", "--why", "worse", project=project)
    assert back.out.startswith("sort: production 1.1.0 → 1.0.0, by Ana.")
    channels = roadworthy("channels", "sort", project=project).out.splitlines()
    assert channels[1].split()[:3] == ["sort", "production", "1.0.0"]
    moves = roadworthy("history", "sort", "--json", project=project).out.splitlines()
    assert [(json.loads(m)["kind"], json.loads(m)["why"]) for m in moves] == [
        ("rollback", "worse"),
        ("promote", "better"),
        ("promote", ""),
    ]


def test_a_refused_promotion_names_each_miss_and_its_remedy(project: Path) -> None:
    edit(project, "tasks/sort/task.toml", "[input", "[gate]\npass_rate = 0.9\n[input")
    (project / "tasks/sort/cases.jsonl").write_text('{"input": {"comment": "fine"}}\n')
    assert published(project, "sort").out.endswith("Next: roadworthy test sort --version 1.0.0\n")
    said = roadworthy("promote", "sort", "1.0.0", project=project)
    assert said.status == 1
    assert "roadworthy test sort --version 1.0.0" in said.err
    weighed = roadworthy("promote", "sort", "1.0.0", "--dry-run", project=project)
    assert (weighed.status, "would be refused" in weighed.out) == (1, True)
    assert "No channel" in roadworthy("channels", project=project).out


def test_a_refusal_is_an_object_for_programs(project: Path) -> None:
    edit(project, "tasks/sort/task.toml", "[input", "[gate]\npass_rate = 0.9\n[input")
    published(project, "sort")
    said = roadworthy("promote", "sort", "1.0.0", "--json", project=project)
    assert said.status == 1
    assert json.loads(said.out)["misses"]


def test_forcing_takes_a_reason_and_is_told(project: Path) -> None:
    edit(project, "tasks/sort/task.toml", "[input", "[gate]\npass_rate = 0.9\n[input")
    published(project, "sort")
    refused = roadworthy("promote", "sort", "1.0.0", "--force", project=project)
    assert (refused.status, "--why" in refused.err) == (1, True)
    forced = roadworthy("promote", "sort", "1.0.0", "--force", "--why", "fire", project=project)
    assert forced.out.startswith("sort: production 1.0.0, forced, by Ana.\n")
    assert "  missed: " in forced.out
    assert "promote, forced" in roadworthy("history", "sort", project=project).out


def test_a_pipeline_that_promotes_again_has_nothing_to_do(project: Path) -> None:
    published(project, "sort")
    roadworthy("promote", "sort", "1.0.0", project=project)
    again = roadworthy("promote", "sort", "^1", project=project)
    assert (again.status, again.out) == (
        0,
        "Unchanged: production of sort points to 1.0.0 already.\n",
    )
    object_ = roadworthy("promote", "sort", "1.0.0", "--json", project=project)
    assert json.loads(object_.out)["unchanged"]["version"] == "1.0.0"
    assert len(roadworthy("history", "sort", "--json", project=project).out.splitlines()) == 1


def test_a_promotion_needs_a_version(project: Path) -> None:
    assert roadworthy("promote", "sort", project=project).status == 2
    same = ("--from-env", "a", "--to-env", "a")
    assert roadworthy("promote", "sort", *same, project=project).status == 2


def test_an_unknown_environment_is_named_with_those_that_are_known(project: Path) -> None:
    edit(project, "roadworthy.toml", "\n", "\n[environments.staging]\nurl = 'http://127.0.0.1:9'\n")
    said = roadworthy("promote", "sort", "--from-env", "stagin", project=project)
    assert (said.status, 'did you mean "staging"' in said.err) == (1, True)


def test_a_fault_in_a_working_copy_keeps_nobody_from_rolling_back(project: Path) -> None:
    published(project, "sort")
    edit(project, SYSTEM, "%}", "%} Now.")
    published(project, "sort")
    for version in ("1.0.0", "1.1.0"):
        roadworthy("promote", "sort", version, project=project)
    (project / "tasks/sort/task.toml").write_text("colour = 1")
    assert roadworthy("publish", "sort", "-m", "x", project=project).status == 1
    assert roadworthy("rollback", "sort", project=project).status == 0


def test_a_version_remembers_the_commit_and_that_files_differed(project: Path) -> None:
    for command in (
        ("init", "-q"),
        ("add", "."),
        ("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x"),
    ):
        subprocess.run(["git", "-C", str(project), *command], check=True, capture_output=True)
    published(project, "sort")
    edit(project, SYSTEM, "%}", "%} Now.")
    published(project, "sort")
    rows = roadworthy("log", "sort", "--json", project=project).out.splitlines()
    dirty, clean = (json.loads(row)["commit"] for row in rows)
    assert (len(clean), dirty) == (40, f"{clean}-dirty")


def test_what_was_published_before_one_fails_is_told(project: Path) -> None:
    published(project, "--all")
    edit(project, "tasks/alone/task.toml", "Tell", "Say")
    edit(project, SYSTEM, "%}", "%} Now.")
    said = roadworthy("publish", "--all", "-m", "x", "--bump", "patch", project=project)
    assert (said.status, "may be raised but not lowered" in said.err) == (1, True)
    rows = roadworthy("log", "alone", "--json", project=project).out.splitlines()
    assert json.loads(rows[0])["version"] == "1.0.1"
    assert "Published alone 1.0.1" in said.out


def test_the_figures_of_a_version_stand_in_its_documentation(project: Path) -> None:
    (project / "tasks/sort/cases.jsonl").write_text('{"input": {"comment": "fine"}}\n')
    published(project, "sort")
    installation = load_installation(project)
    with open_registry(installation) as registry:
        version = registry.version("sort", "1.0.0")
        case = gate_cases(version, None).cases[0]
        key = ResultKey(
            task="sort",
            definition=version.row.definition_digest,
            binding=binding_of(installation.models["canned"]),
            question=case.question,
            run=0,
        )
        result = CaseResult(
            key=key,
            expected=case.expected,
            case_id=case.id,
            outcome="first_pass",
            passed=True,
            latency_ms=5.0,
            at_us=1,
        )
        other = msgspec.structs.replace(key, binding="f" * 64)
        registry.record([result, msgspec.structs.replace(result, key=other)], Actor(name="Ana"))
    page = roadworthy("docs", "sort", project=project).out
    assert "On `openai-compatible/canned-1`:\n\n| figure |" in page
    assert "On `ffffffffffff`:" in page
    assert "| pass rate | 100.0% of 1 |" in page


def test_documentation_of_a_task_holds_no_date_of_its_own(project: Path, tmp_path: Path) -> None:
    published(project, "sort")
    page = roadworthy("docs", "sort", project=project)
    assert page.out.startswith("# sort\n\nTell what a comment says.\n")
    file = tmp_path / "sort.md"
    assert roadworthy("docs", "sort", "-o", str(file), project=project).out == ""
    assert file.read_text() == page.out
