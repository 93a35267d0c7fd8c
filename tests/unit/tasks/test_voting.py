"""`votes`, `best_of` and `choose` of a task's file: what they mean, and their faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import dedent
from typing import Any

import pytest

from roadworthy.tasks import Project
from roadworthy.tasks.voting import closed_fields, closed_values

Load = Callable[[Mapping[str, str]], Project]
Faults = Callable[[Mapping[str, str]], tuple[str, ...]]

OUTPUT = """\
[output.fields]
mood = { type = "string", enum = ["good", "bad"] }
sure = "boolean"
why = "string"
"""
MODELS = """\
[models.silent]
provider = "groq"
model = "llama-3.1-8b"
[models.other]
provider = "openai"
model = "gpt-4o"
"""


def files(head: str, output: str = OUTPUT) -> dict[str, str]:
    return {
        "models.toml": MODELS,
        "tasks/t/task.toml": dedent(head) + output,
        "tasks/t/prompt/user.md": "Hello.",
    }


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ({"enum": ["a", 1, None]}, ["a", 1, None]),
        ({"const": "a", "type": "string"}, ["a"]),
        ({"type": "boolean"}, [True, False]),
        ({"type": ["boolean", "null"]}, [True, False, None]),
        ({"anyOf": [{"const": 1}, {"oneOf": [{"const": 2}, {"type": "null"}]}]}, [1, 2, None]),
        ({"anyOf": [{"const": 1}, {"$ref": "#/$defs/two"}]}, [1, 2, 3]),
        ({"anyOf": [{"const": 1}, {"type": "string"}]}, None),
        ({"anyOf": []}, None),
        ({"type": "string"}, None),
        ({"type": ["boolean", "string"]}, None),
        ({}, None),
    ],
)
def test_a_field_is_closed_where_all_its_values_are_known(
    field: dict[str, Any], values: list[Any] | None
) -> None:
    assert closed_values(field, {"$defs": {"two": {"enum": [2, 3]}}}) == values


def test_closed_fields_come_in_the_schemas_order() -> None:
    fields = {"z": {"type": "boolean"}, "text": {"type": "string"}, "a": {"enum": [1]}}
    assert closed_fields({"type": "object", "properties": fields}) == ("z", "a")


def test_choose_names_all_closed_fields_or_some(load: Load) -> None:
    assert load(files('choose = "likelihood"\n')).tasks["t"].choose == ("mood", "sure")
    some = files("", OUTPUT + '[choose]\nsure = "likelihood"\n')
    assert load(some).tasks["t"].choose == ("sure",)


@pytest.mark.parametrize(
    ("head", "line", "told"),
    [
        ('choose = { mod = "likelihood" }\n', 1, '"mod" is no closed field of the output; did'),
        ('choose = { why = "likelihood" }\n', 1, '"why" is no closed field of the output'),
        ('model = "silent"\nchoose = "likelihood"\n', 2, "log_probabilities = true under"),
        ('votes = { n = 3, models = ["local", "othr"] }\n', 1, 'unknown model "othr"'),
        ("votes = 3\nparameters = { temperature = 0 }\n", 1, "at temperature 0 one model gives"),
    ],
)
def test_a_key_that_makes_no_sense_is_a_fault_with_its_line(
    faults: Faults, head: str, line: int, told: str
) -> None:
    (fault,) = faults(files(head))
    assert fault.startswith(f"tasks/t/task.toml:{line}: ")
    assert told in fault


def test_where_no_field_is_closed_there_is_nothing_to_choose(faults: Faults) -> None:
    (fault,) = faults(files('choose = "likelihood"\n', '[output.fields]\nwhy = "string"\n'))
    assert "no field of the output is closed" in fault


def test_votes_on_free_text_are_a_fault(faults: Faults) -> None:
    (fault,) = faults(files("votes = 3\n", ""))
    assert "the answer is free text" in fault


def test_votes_on_fields_that_are_all_chosen_are_a_fault(faults: Faults) -> None:
    output = '[output.fields]\nsure = "boolean"\n'
    (fault,) = faults(files('votes = 3\nchoose = "likelihood"\n', output))
    assert "nothing is left to vote on" in fault


def test_votes_beside_candidates_are_a_fault(faults: Faults) -> None:
    judge = {
        "tasks/tone/task.toml": (
            "[input.fields]\noutput = 'string'\n"
            "[output.fields]\nscore = { type = 'number', minimum = 0, maximum = 1 }\n"
        ),
        "tasks/tone/prompt/user.md": "{{ output }}",
    }
    both = "votes = 3\n[best_of]\nn = 3\njudge = 'tone'\n"
    (fault,) = faults(files(both) | judge)
    assert "made by votes already" in fault


def test_several_models_may_vote_at_temperature_0(load: Load) -> None:
    head = 'parameters = { temperature = 0 }\nvotes = { n = 3, models = ["local", "other"] }\n'
    votes = load(files(head)).tasks["t"].votes
    assert votes is not None
    assert votes.models == ("local", "other")
