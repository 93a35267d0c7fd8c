"""What counts as a part of a prompt, and what is left when some of them go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import TASK, write_project
from roadworthy.core.errors import ProjectError
from roadworthy.evaluation.trimming.parts import Part, parts_of, without
from roadworthy.evaluation.trimming.patch import patch_of
from roadworthy.evaluation.trimming.prompt_files import PromptFiles, read_prompt_files
from roadworthy.tasks import load_project

CONTEXT = TASK.replace(
    "[output.fields.sentiment]",
    '[input.fields.notes]\ntype = "string"\nrole = "context"\n[output.fields.sentiment]',
)
PIECES = (
    "Be fair.",
    "Two lines,\nof which the second ends.",
    "{% if comment %}\n\nOn its own: {{ comment }}.\n\n{% endif %}",
    "{% for n in [1, 2] %}\n- rule {{ n }}\n\n{% endfor %}",
    '{% set tone = "kind" %}',
    "Mind {{ comment }}.",
    '{% include "tone.md" %}',
    "```\ncode\n\nmore code\n```",
    "{# a comment\n\nover lines #}",
    "{% raw %}{{ not a tag }}{% endraw %}",
)


def files_of(root: Path, files: dict[str, Any], *, task: str = TASK) -> PromptFiles:
    write_project(root, "http://127.0.0.1:9/v1", task=task)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
    project = load_project(root)
    return read_prompt_files(project, project.tasks["triage"])


def names(parts: list[Part]) -> list[str]:
    return [part.name for part in parts]


SYSTEM = "tasks/triage/prompt/system.md"
USER = "tasks/triage/prompt/user.md"


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.data())
def test_whatever_goes_what_is_left_is_a_prompt_or_refused(
    tmp_path: Path, pieces: list[str], data: st.DataObject
) -> None:
    files = files_of(
        tmp_path, {SYSTEM: "\n\n".join(pieces) + "\n", "blocks/tone.md": "Kind.\n\nFair.\n"}
    )
    parts = parts_of(files)
    for part in parts:
        files.with_texts(without(files.texts, [part]))
    gone = data.draw(st.lists(st.sampled_from(parts), unique=True) if parts else st.just([]))
    after = without(files.texts, gone)
    lines = [(file, at) for part in gone for file, a, b in part.lines for at in range(a, b + 1)]
    assert len(set(lines)) == len(lines)  # parts share no line
    try:
        left = files.with_texts(after)
    except ProjectError:
        return
    assert any("{{ comment }}" in template.source for template in left.templates)
    assert (patch_of(files.texts, after) == "") == (not gone)


def test_conditions_loops_and_fences_stay_whole(tmp_path: Path) -> None:
    text = "\n\n".join([PIECES[0], PIECES[2], PIECES[3], PIECES[7], PIECES[1]]) + "\n"
    parts = parts_of(files_of(tmp_path, {SYSTEM: text}))
    assert [(part.line, part.last_line) for part in parts] == [
        *((1, 1), (3, 7), (9, 12), (14, 18), (20, 21)),
    ]


def test_the_only_copy_of_a_required_input_is_no_part_and_context_is_one(tmp_path: Path) -> None:
    user = "Notes: {{ notes }}\n\nComment: {{ comment }}\n"
    parts = parts_of(files_of(tmp_path, {USER: user}, task=CONTEXT))
    assert names(parts) == ["You read customers' comments.", "Notes: {{ notes }}"]


def test_what_others_use_is_no_part(tmp_path: Path) -> None:
    text = '{% set tone = "kind" %}\n\nBe {{ tone }}.\n'
    assert names(parts_of(files_of(tmp_path, {SYSTEM: text}))) == ["Be {{ tone }}."]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_paragraphs_of_a_block_are_parts_where_nobody_else_includes_it(
    tmp_path: Path, ends: str
) -> None:
    block = "First.\n\nSecond.\n".replace("\n", ends)
    given_files = {SYSTEM: '{% include "tone.md" %}\n', "blocks/tone.md": block}
    assert names(parts_of(files_of(tmp_path, given_files))) == ["tone.md", "First.", "Second."]
    other = {
        "tasks/other/task.toml": TASK,
        "tasks/other/prompt/system.md": '{% include "tone.md" %}\n',
        "tasks/other/prompt/user.md": "{{ comment }}\n",
    }
    assert names(parts_of(files_of(tmp_path, given_files | other))) == ["tone.md"]


def test_a_file_of_which_nothing_is_left_is_deleted(tmp_path: Path) -> None:
    shown = {"input": {"comment": "ok"}, "output": {"sentiment": "neutral", "confidence": 1.0}}
    files = files_of(tmp_path, {"tasks/triage/prompt/examples.jsonl": json.dumps(shown)})
    example = next(part for part in parts_of(files) if part.kind == "example")
    after = without(files.texts, [example])
    patch = patch_of(files.texts, after)
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=tmp_path, check=True)
    assert not (tmp_path / files.examples_file).exists()
    assert not any(template.literal for template in files.with_texts(after).templates)
