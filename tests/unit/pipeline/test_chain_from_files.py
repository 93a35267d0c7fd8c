"""Chains out of files, run with steps that fail at random: what was promised of them holds."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chains import ByTask
from pipelines import MODEL
from roadworthy.core import Settings, SystemClock
from roadworthy.core.errors import ProjectError, RoadworthyError, UpstreamUnavailable
from roadworthy.models import Reply
from roadworthy.pipeline import CallRequest, Finished, Pipeline, compile_state
from roadworthy.tasks import Project, Snapshot, load_project
from roadworthy.tasks.schemas import validator_of
from roadworthy.testing import MemoryJournal

TASK = """\
[input.fields]
text = "string"
note = { type = "string", optional = true }
[output.fields]
text = "string"
words = { type = "array", items = "string" }
maybe = { type = "string", optional = true }
"""
INPUT = """\
[input.fields]
text = "string"
items = { type = "array", items = "string" }
"""
GIVEN = {"text": "x", "items": ["a", "", "c"]}


def random_chain(rng: random.Random) -> str:
    """The file of a chain whose every step gives a field of its output."""
    steps, output = "", ""
    plain: list[str] = []
    for index in range(rng.randint(1, 5)):
        name = f"s{index}"
        texts = ["input.text", *(f"{one}.text" for one in plain)]
        step = f"[[step]]\nname = '{name}'\ntask = '{rng.choice('abc')}'\n"
        each = rng.random() < 0.3
        if each:
            over = rng.choice(["input.items", *(f"{one}.words" for one in plain)])
            step += f"for_each = '{over}'\n"
        step += f"input.text = '{'item' if each else rng.choice(texts)}'\n"
        if rng.random() < 0.4:
            maybe = rng.choice([*texts, *(f"{one}.maybe" for one in plain)])
            step += f"input.note = '{maybe}'\n"
        if rng.random() < 0.4:
            what = rng.choice([*texts, "item"] if each else texts)
            step += f"when = '{what} != \"\"'\n"
        step += random_failure(rng, each=each)
        if not each:
            plain.append(name)
        steps += step
        output += f"{name} = '{name}'\n"
    return f"{INPUT}{steps}[output]\n{output}"


def random_failure(rng: random.Random, *, each: bool) -> str:
    on_error = rng.choice(["fail", "skip", "default", "task:c"])
    default = "{ text = 'd', words = ['d'] }"
    if each and on_error != "default":
        default = f"[{default}]"
    said = f"on_error = '{on_error}'\n"
    return said + (f"default = {default}\n" if on_error == "default" or rng.random() < 0.3 else "")


def random_answers(rng: random.Random) -> Mapping[str, Callable[[str], str | Reply]]:
    def answer(_text: str) -> str:
        if rng.random() < 0.3:
            raise UpstreamUnavailable
        maybe = {"maybe": "m"} if rng.random() < 0.5 else {}
        words = ["w", ""][: rng.randint(0, 2)]
        return json.dumps({"text": rng.choice(["", "t"]), "words": words, **maybe})

    return dict.fromkeys("abc", answer)


def files(chain: str) -> dict[str, str]:
    tasks = {f"tasks/{name}/task.toml": f"max_reasks = 0\n{TASK}" for name in "abc"}
    prompts = {f"tasks/{name}/prompt/user.md": name + ":{{ text }}" for name in "abc"}
    return {**tasks, **prompts, "tasks/sheet/task.toml": chain}


def run(project: Project, upstream: ByTask) -> Finished | RoadworthyError:
    state = compile_state(
        Snapshot(
            revision="r1",
            settings=Settings(),
            tasks=dict(project.tasks),
            models={"local": MODEL},
        ),
        {},
    )
    assert not state.unservable, state.unservable
    pipeline = Pipeline(
        state=lambda: state, upstream=upstream, journal=MemoryJournal(), clock=SystemClock()
    )
    request = CallRequest(target="task:sheet", surface="task", input=GIVEN)
    try:
        return asyncio.run(pipeline.run(request))
    except RoadworthyError as error:
        return error


@pytest.mark.parametrize("seed", range(40))
def test_what_is_promised_of_a_chain_holds_whatever_fails(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    for name, text in files(random_chain(rng)).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    project = loaded(tmp_path)
    if project is None:
        return
    schema: Any = project.tasks["sheet"].output_schema
    for _ in range(3):
        ended = run(project, ByTask(random_answers(rng)))
        if isinstance(ended, RoadworthyError):
            assert ended.step
            continue
        assert (ended.error, ended.call.outcome) == (None, "chain")
        assert list(validator_of(schema).iter_errors(ended.call.value)) == []


def loaded(root: Path) -> Project | None:
    """The project; None: a default of it is never used, the only fault that it can have."""
    try:
        return load_project(root)
    except ProjectError as error:
        if not all("default: is never used" in fault for fault in error.faults):
            raise
        return None
