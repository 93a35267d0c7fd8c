from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from roadworthy.core import Settings
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import Project, find_project, load_project
from roadworthy.tasks.definition import Votes

Files = Mapping[str, str]
Load = Callable[[Files], Project]
Faults = Callable[[Files], tuple[str, ...]]

CLASSIFY = {
    "roadworthy.toml": "format = 1\n[defaults]\nmodel = 'local'\n",
    "models.toml": """\
        [models.big]
        provider = "openai"
        model = "gpt-5-mini"
        [environments.prod.models.big]
        model = "gpt-5"
        """,
    "blocks/voice.md": "Be brief. Answer about {{ comment|length }} letters.\n",
    "tasks/classify/task.toml": """\
        description = "Sorts feedback"
        [parameters]
        temperature = 0.7
        [input.fields]
        comment = "string"
        note = { type = "string", optional = true }
        [output.fields]
        sentiment = { type = "string", enum = ["positive", "negative"] }
        """,
    "tasks/classify/prompt/system.md": 'You sort feedback.\n{% include "voice.md" %}\n',
    "tasks/classify/prompt/user.md": "{{ comment }}\n",
    "tasks/classify/prompt/examples.jsonl": (
        '{"input": {"comment": "{{ 7 * 7 }} %}"}, "output": {"sentiment": "positive"}}\n'
    ),
    "tasks/classify/cases.jsonl": (
        '{"input": {"comment": "Bad."}, "expect": {"sentiment": "negative"}, "tags": ["en"]}\n'
    ),
}


def test_a_folder_without_files_is_a_project_without_tasks(tmp_path: Path) -> None:
    project = load_project(tmp_path)
    assert (project.settings, dict(project.tasks)) == (Settings(), {})


def test_a_task_is_put_together_from_its_files(load: Load) -> None:
    task = load(CLASSIFY).tasks["classify"]
    assert (task.model, task.parameters, task.stream) == ("local", {"temperature": 0.7}, "fields")
    assert task.input_schema["required"] == ["comment"]
    assert task.output_schema is not None
    assert task.output_schema["additionalProperties"] is False
    assert task.blocks.keys() == {"voice.md"}
    assert [(t.role, t.literal) for t in task.templates] == [
        ("system", False),
        ("user", True),
        ("assistant", True),
        ("user", False),
    ]
    assert task.templates[1].source == "{{ 7 * 7 }} %}"
    assert task.templates[2].source == '{"sentiment":"positive"}'


def test_two_files_are_a_task_that_answers_free_text(load: Load) -> None:
    project = load({"tasks/hello/task.toml": "", "tasks/hello/prompt/user.md": "Say hello."})
    task = project.tasks["hello"]
    assert (task.output_schema, task.stream, task.model) == (None, "raw", "local")
    assert "local" in project.models


def test_votes_choices_and_the_limit_of_cost_are_read(load: Load) -> None:
    given = "votes = 3\nchoose = 'likelihood'\nmax_cost_usd = 0.02\n[output.fields]\nok = 'boolean'"
    given += "\nwhy = 'string'"
    more = {"tasks/t/task.toml": given, "tasks/t/prompt/user.md": "Is it?"}
    task = load(more).tasks["t"]
    assert (task.votes, task.choose, task.max_cost_usd) == (Votes(n=3), ("ok",), 0.02)
    plain = load({"tasks/t/task.toml": "", "tasks/t/prompt/user.md": "Is it?"}).tasks["t"]
    assert (plain.votes, plain.choose, plain.max_cost_usd) == (None, (), None)


def test_an_environment_binds_a_model_anew(load: Load) -> None:
    root = load(CLASSIFY).root
    assert load_project(root).models["big"].upstream == "gpt-5-mini"
    assert load_project(root, environment="prod").models["big"].upstream == "gpt-5"


def test_all_faults_are_reported_together_sorted_and_once(faults: Faults) -> None:
    broken = CLASSIFY | {
        "roadworthy.toml": "format = 1\n[sever]\nport = 1\n",
        "models.toml": "[models.big]\nprovider = 'openai'\ntimeout_s = 0\nmodel = 'x'\n",
        "tasks/classify/task.toml": """\
            model = "bigg"
            temprature = 0.7
            [parameters]
            temperature = "hot"
            [input.fields]
            comment = "strng"
            """,
        "tasks/other/prompt/user.md": "x",
    }
    assert [fault.partition(";")[0] for fault in faults(broken)] == [
        "models.toml:3: models.big: timeout_s is 0.0",
        'roadworthy.toml:2: unknown key "sever"',
        'tasks/classify/task.toml:1: unknown model "bigg"',
        'tasks/classify/task.toml:2: unknown key "temprature"',
        "tasks/classify/task.toml:4: temperature: expected a number, got text",
        'tasks/classify/task.toml:6: "strng" is not a type',
        "tasks/other/task.toml: is missing",
    ]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"roadworthy.toml": "format = 2"}, "roadworthy.toml:1: format = 2: this release reads"),
        (
            {"models.toml": "[model.a]"},
            'models.toml:1: unknown key "model"; did you mean "models"?',
        ),
        (
            {"models.toml": "[models.a]\n[environments.prod.models.a]\nprovder = 'openai'"},
            'models.toml:1: missing key "provider"',
        ),
        (
            {
                "models.toml": (
                    "[models.a]\nprovider = 'embedded'\n[environments.prod.models.a]\ntimeout = 3"
                )
            },
            'models.toml:4: unknown key "timeout"; did you mean "timeout_s"?',
        ),
        ({"tasks/a b/task.toml": ""}, "tasks/a b: a task's name is at most 100 letters"),
        ({"tasks/a/task.toml": ""}, "tasks/a/prompt/user.md: is missing; write the message"),
        (
            {"tasks/a/task.toml": "", "tasks/a/prompt/usr.md": "", "tasks/a/prompt/user.md": "x"},
            'tasks/a/prompt/usr.md: unknown file; did you mean "user.md"?',
        ),
        (
            CLASSIFY | {"tasks/classify/cases.jsonl": '\n{"input": {"coment": "x"}}'},
            "tasks/classify/cases.jsonl:2: input: ",
        ),
        (
            CLASSIFY | {"tasks/classify/prompt/examples.jsonl": '{"input": {"comment": "x"}}'},
            'tasks/classify/prompt/examples.jsonl:1: missing key "output"',
        ),
        (
            CLASSIFY
            | {
                "tasks/classify/prompt/examples.jsonl": (
                    '{"input": {"comment": "x"}, "output": {"sentiment": "fine"}}'
                )
            },
            "tasks/classify/prompt/examples.jsonl:1: output.sentiment: ",
        ),
    ],
)
def test_each_file_is_checked(faults: Faults, files: Files, fault: str) -> None:
    assert faults(files)[0].startswith(fault)


def test_a_model_of_another_environment_does_not_serve_here(faults: Faults) -> None:
    files = {
        "models.toml": "[environments.prod.models.big]\nprovider = 'openai'\nmodel = 'x'\n",
        "tasks/a/task.toml": "model = 'big'",
        "tasks/a/prompt/user.md": "x",
    }
    assert faults(files)[0].startswith('tasks/a/task.toml:1: unknown model "big"')


def test_an_environment_that_no_file_names_is_a_fault(load: Load) -> None:
    root = load(CLASSIFY).root
    with pytest.raises(ProjectError, match='no environment "prd"; did you mean "prod"'):
        load_project(root, environment="prd")


def test_a_project_is_found_from_a_folder_inside_it(load: Load) -> None:
    root = load(CLASSIFY).root
    assert find_project(root / "tasks" / "classify") == root.resolve()
    assert find_project(Path("/")) is None


def mutated(text: str, source: random.Random) -> str:
    """The text after one cut, copy, swap or foreign piece."""
    start, end = sorted(source.choices(range(len(text) + 1), k=2))
    piece = text[start : min(end, start + 30)]
    foreign = source.choice(
        ["[", "]]", '"', "'''", "=", ".", "{", "}}", "\n", "\\u12", "#", "é", "-"]
    )
    change = source.randrange(4)
    if change == 0:
        return text[:start] + text[start + len(piece) :]
    if change == 1:
        return text[:start] + piece + piece + text[start:]
    if change == 2:
        return text[:start] + piece[::-1] + text[start + len(piece) :]
    return text[:start] + foreign + text[start:]


def faults_of(root: Path) -> tuple[str, ...]:
    try:
        load_project(root)
    except ProjectError as error:
        return error.faults
    return ()


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_project_raises_nothing_but_its_faults(load: Load, seed: int) -> None:
    source = random.Random(seed)
    root = load(CLASSIFY).root
    for _ in range(6):
        path = root / source.choice(sorted(CLASSIFY))
        path.write_text(mutated(path.read_text("utf-8"), source), encoding="utf-8")
        found = faults_of(root)
        assert len(set(found)) == len(found)
        assert all(": " in fault for fault in found)


def test_a_keys_file_is_found_from_the_project_wherever_the_gateway_starts(
    load: Callable[[Mapping[str, str]], Project],
) -> None:
    models = """
        [models.hosted]
        provider = "openai"
        model = "gpt-5-mini"
        api_key = { file = "secrets/key" }
        """
    project = load({"models.toml": models})
    secret = project.models["hosted"].api_key
    assert secret is not None
    assert secret.file == str(project.root.resolve() / "secrets/key")


def test_a_task_chooses_a_mode_that_its_model_has(load: Load, faults: Faults) -> None:
    def with_mode(mode: str) -> Files:
        text = CLASSIFY["tasks/classify/task.toml"].replace("[parameters]", "", 1)
        text = text.replace("temperature = 0.7", f'model = "big"\nmode = "{mode}"')
        return {**CLASSIFY, "tasks/classify/task.toml": text}

    assert load(with_mode("tool")).tasks["classify"].mode == "tool"
    (fault,) = faults(with_mode("grammar"))
    assert fault.startswith('tasks/classify/task.toml:4: mode is "grammar"')
    assert 'model "big" is asked in "strict", "tool", "json", "prompt"' in fault
