from __future__ import annotations

import json
import shlex

from roadworthy.control.source import ServedTask, Status
from roadworthy.control.teaching import first_commands

URL = "http://127.0.0.1:8700"


def test_commands_name_the_task_that_is_served() -> None:
    task = ServedTask(name="sort-mail", version="working", model="m", inputs=("subject", "body"))
    run, client, curl = first_commands(Status(revision="r", tasks=[task]), URL)
    assert run.text == "roadworthy run sort-mail --input subject=… --input body=…"
    assert f'base_url="{URL}/v1"' in client.text
    words = shlex.split(curl.text)
    assert words[1] == f"{URL}/v1/tasks/sort-mail"
    assert json.loads(words[-1]) == {"input": {"subject": "…", "body": "…"}}


def test_without_a_task_they_begin_at_the_beginning() -> None:
    run, _, curl = first_commands(Status(revision=""), URL)
    assert run.text.startswith("roadworthy init")
    assert json.loads(shlex.split(curl.text)[-1])["model"] == "local"


def test_where_nothing_is_in_production_they_put_something_there() -> None:
    first, _, curl = first_commands(Status(revision="r", waiting=("sort-mail",)), URL)
    assert first.text.splitlines() == [
        'roadworthy publish sort-mail -m "…"',
        "roadworthy promote sort-mail VERSION --to production",
    ]
    assert json.loads(shlex.split(curl.text)[-1])["model"] == "local"


def test_names_of_fields_cannot_break_out_of_the_command() -> None:
    task = ServedTask(name="t", version="v", model="m", inputs=("it's; rm -rf /",))
    run, _, curl = first_commands(Status(revision="r", tasks=[task]), URL)
    assert shlex.split(run.text)[-1] == "it's; rm -rf /=…"
    assert json.loads(shlex.split(curl.text)[-1])["input"] == {"it's; rm -rf /": "…"}
