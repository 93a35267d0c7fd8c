from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.core.errors import ExportDamaged, RegistryConflict
from roadworthy.registry.folder import bundle_from, files_of, read_folder, write_folder
from roadworthy.registry.version_folder import join_version, split_version

DEFINITION: dict[str, Any] = {
    "name": "sort",
    "version": "1.0.0",
    "model": "local",
    "parameters": {"temperature": 0},
    "input_schema": {"type": "object", "properties": {"z": {}, "a": {}}},
    "output_schema": {"properties": {"verdict": {"type": "string"}, "a": {}}},
    "templates": [
        {"role": "system", "source": "Be brief.", "file": "s.md", "literal": False},
        {"role": "user", "source": "{{ x }}", "file": "e.jsonl", "literal": True},
        {"role": "assistant", "source": "two\nlines\n", "file": "e.jsonl", "literal": True},
        {"role": "user", "source": "{{ comment }}\n", "file": "u.md", "literal": False},
    ],
    "blocks": {"voice.md": "Friendly."},
}
SUITE: dict[str, Any] = {
    "cases": [{"input": {"z": 1, "a": 2}, "expect": "x"}, {"input": {"a": 2}}],
    "sources": {"../checks.py": "def polite(): ..."},
    "gate": {"pass_rate": 0.9},
}


def version(number: str = "1.0.0", task: str = "sort") -> dict[str, Any]:
    row = {"task": task, "version": number, "digest": "d", "message": "why"}
    return {"row": row, "definition": DEFINITION, "suite": SUITE, "changes": []}


def move(at_us: int) -> dict[str, Any]:
    where = {"task": "sort", "channel": "production", "environment": "staging"}
    return {**where, "id": f"m{at_us}", "at_us": at_us, "to_version": f"1.{at_us}.0"}


def result(run: int, definition: str = "e" * 64) -> dict[str, Any]:
    key = {"task": "sort", "definition": definition, "binding": "b" * 64, "question": "q"}
    return {"key": {**key, "run": run}, "case_id": "1", "value": {"z": 1, "a": [0.1]}}


@pytest.fixture
def bundle() -> dict[str, Any]:
    return {
        "format": 1,
        "environment": "staging",
        "versions": [version("1.0.0"), version("1.1.0")],
        "channels": [{"task": "sort", "channel": "production", "version": "1.0.0"}],
        "history": [move(2), move(1)],
        "results": [result(0), result(1), result(0, "f" * 64)],
    }


def test_texts_schemas_and_cases_stand_in_files_of_their_own(bundle: dict[str, Any]) -> None:
    files = files_of(bundle)
    place = "sort/versions/1.0.0"
    assert files[f"{place}/prompt/system.md"] == b"Be brief.\n"
    assert files[f"{place}/blocks/voice.md"] == b"Friendly.\n"
    assert files[f"{place}/cases.jsonl"].splitlines()[0] == b'{"input":{"z":1,"a":2},"expect":"x"}'
    assert files[f"{place}/sources/%2E%2E/checks.py"] == b"def polite(): ...\n"
    schema = files[f"{place}/output.schema.json"].decode()
    assert schema.index("verdict") < schema.index('"a"')
    assert b"Be brief" not in files[f"{place}/version.json"]


def test_a_folder_stands_for_the_whole_export(bundle: dict[str, Any], tmp_path: Path) -> None:
    write_folder(bundle, tmp_path)
    back = read_folder(tmp_path)
    assert sorted(back) == ["format", "history", "results", "versions"]
    assert back["versions"] == bundle["versions"]
    assert back["history"] == [move(1), move(2)]
    assert len(back["results"]) == 3
    assert all(row in back["results"] for row in bundle["results"])


def test_equal_exports_are_equal_bytes(bundle: dict[str, Any]) -> None:
    turned = {
        name: rows[::-1] if isinstance(rows, list) else rows
        for name, rows in reversed(bundle.items())
    }
    assert files_of(turned) == files_of(bundle)
    back = bundle_from(files_of(bundle))
    assert files_of({**back, "environment": "prod", "channels": []}) == files_of(bundle)


def test_where_the_history_left_each_channel_is_there_for_people(bundle: dict[str, Any]) -> None:
    files = files_of(bundle)
    left = msgspec.json.decode(files["sort/channels.json"])
    assert left == {"staging": {"production": "1.2.0"}}


def test_another_move_adds_a_line_and_changes_none(bundle: dict[str, Any]) -> None:
    before = files_of(bundle)["sort/history.jsonl"]
    after = files_of({**bundle, "history": [move(9), *bundle["history"]]})["sort/history.jsonl"]
    assert after.startswith(before)
    assert len(after.splitlines()) == 3


@pytest.mark.parametrize(
    "name",
    [
        "sort/versions/1.0.0/prompt/system.md",
        "sort/versions/1.1.0/version.json",
        "sort/history.jsonl",
        "sort/channels.json",
        "sort/digests.json",
    ],
)
def test_an_edited_or_a_missing_file_is_named(
    bundle: dict[str, Any], tmp_path: Path, name: str
) -> None:
    write_folder(bundle, tmp_path)
    (tmp_path / name).write_text((tmp_path / name).read_text() + " ")
    with pytest.raises(ExportDamaged, match=f"{name}: was changed"):
        read_folder(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ExportDamaged, match=f"{name}: is missing"):
        read_folder(tmp_path)


def test_one_task_is_read_though_another_is_damaged(bundle: dict[str, Any], tmp_path: Path) -> None:
    bundle["versions"].append(version(task="other"))
    write_folder(bundle, tmp_path)
    (tmp_path / "sort" / "history.jsonl").unlink()
    assert [v["row"]["task"] for v in read_folder(tmp_path, ["other"])["versions"]] == ["other"]
    with pytest.raises(ExportDamaged, match="no task third"):
        read_folder(tmp_path, ["third"])


def test_another_export_leaves_other_tasks_and_takes_away_what_is_gone(
    bundle: dict[str, Any], tmp_path: Path
) -> None:
    write_folder({**bundle, "versions": [*bundle["versions"], version(task="other")]}, tmp_path)
    assert write_folder(bundle, tmp_path) == []
    changed = write_folder({**bundle, "results": []}, tmp_path)
    assert changed[-1].startswith("sort/results/")
    assert not list((tmp_path / "sort" / "results").iterdir())
    assert {v["row"]["task"] for v in read_folder(tmp_path)["versions"]} == {"sort", "other"}


def test_a_folder_with_something_else_in_it_is_left_alone(
    bundle: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RegistryConflict, match="something else"):
        write_folder(bundle, tmp_path)
    with pytest.raises(ExportDamaged, match="holds no export"):
        read_folder(tmp_path)


def test_an_export_of_another_registry_writes_nowhere_else(
    bundle: dict[str, Any], tmp_path: Path
) -> None:
    bundle["versions"].append(version(task="../outside"))
    with pytest.raises(ExportDamaged, match="no place in a folder"):
        write_folder(bundle, tmp_path / "inner")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_a_later_release_is_told_apart(tmp_path: Path, bundle: dict[str, Any]) -> None:
    write_folder(bundle, tmp_path)
    index = msgspec.json.decode((tmp_path / "registry.json").read_bytes())
    (tmp_path / "registry.json").write_bytes(msgspec.json.encode({**index, "folder": 2}))
    with pytest.raises(ExportDamaged, match="format 2"):
        read_folder(tmp_path)


TEXTS = st.text(st.characters(codec="utf-8"))
TEMPLATES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user"]), "source": TEXTS, "literal": st.booleans()}
    )
)


@given(TEMPLATES, st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), TEXTS))
def test_every_text_comes_back_as_it_was(
    templates: list[dict[str, Any]], blocks: dict[str, str]
) -> None:
    definition = {**DEFINITION, "templates": templates, "blocks": blocks}
    given_ = {**version(), "definition": definition}
    assert join_version(split_version(given_)) == given_


def chain(number: str, **pins: str) -> dict[str, Any]:
    """A version of a chain that runs these versions of tasks."""
    tasks = {
        task: {**DEFINITION, "name": task, "version": f"1.{at}.0"} for task, at in pins.items()
    }
    body = {"steps": [], "output": {"z": "sort.z", "a": "sort.a"}, "tasks": tasks}
    given = version(number, "sheet")
    return {**given, "definition": {**DEFINITION, "name": "sheet", "chain": body, "model": ""}}


def exported(*versions: dict[str, Any], partial: tuple[str, ...] = ()) -> dict[str, Any]:
    rows = {"history": [], "results": [], "versions": list(versions), "partial": partial}
    return {"format": 1, **rows}


def test_a_chain_s_steps_stand_in_files_of_their_own_in_the_order_of_their_schemas() -> None:
    given = chain("1.0.0", sort="0")
    files = split_version(given)
    step = files["steps/sort.json"].decode()
    assert step.index('"z"') < step.index('"a"')
    assert b"Be brief" not in files["version.json"]
    assert join_version(files) == given
    assert list(join_version(files)["definition"]["chain"]["output"]) == ["z", "a"]
    judged = version()
    judged["definition"] = {
        **DEFINITION,
        "judges": {"j": DEFINITION},
        "sources": {"r.py": "x = 1"},
        "rules": [{"answer": {"z": 1, "a": 2}}],
    }
    files = split_version(judged)
    assert {"judges/j.json", "python/r.py", "rules.json"} <= files.keys()
    assert join_version(files) == judged


def test_a_chain_s_export_adds_to_what_an_earlier_one_left_of_its_steps(tmp_path: Path) -> None:
    write_folder(exported(version("1.0.0"), version("1.1.0")), tmp_path)
    later = exported(chain("1.0.0", sort="2"), version("1.2.0"), partial=("sort",))
    write_folder(later, tmp_path)
    assert write_folder(later, tmp_path) == []
    found = read_folder(tmp_path)["versions"]
    named = [(v["row"]["task"], v["row"]["version"]) for v in found]
    assert named == [("sheet", "1.0.0"), *(("sort", f"1.{n}.0") for n in range(3))]


def test_a_chain_is_read_with_the_versions_that_it_runs(tmp_path: Path) -> None:
    of_one = {**version("1.1.0")["row"], "definition_digest": "e" * 64}
    sorts = [version("1.0.0"), {**version("1.1.0"), "row": of_one}]
    given = exported(chain("1.0.0", sort="1"), *sorts, version("1.0.0", "other"))
    given["results"] = [result(0), result(0, "f" * 64)]
    write_folder(given, tmp_path)
    found = read_folder(tmp_path, ["sheet"])
    assert [v["row"]["version"] for v in found["versions"]] == ["1.0.0", "1.1.0"]
    assert found["results"] == [result(0)]
