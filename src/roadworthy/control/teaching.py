"""The commands that an empty page shows: three ways to make the first call. Pure."""

from __future__ import annotations

import json
import shlex

import msgspec

from roadworthy.control.source import ServedTask, Status

__all__ = ["Command", "first_commands"]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something to copy."""

    title: str
    explain: str
    text: str


def first_commands(status: Status, gateway_url: str) -> list[Command]:
    """With the names of the first task that is served, so that they work as they stand."""
    task = status.tasks[0] if status.tasks else None
    waits = task is None and status.waiting
    first = _promote(status.waiting[0]) if waits else _run(task)
    return [first, _client(task, gateway_url), _curl(task, gateway_url)]


def _promote(name: str) -> Command:
    task = shlex.quote(name)
    return Command(
        title="Put a task into production",
        explain="Nothing is in production yet. Publish a version of a task, and promote it.",
        text=(
            f'roadworthy publish {task} -m "…"\nroadworthy promote {task} VERSION --to production'
        ),
    )


def _run(task: ServedTask | None) -> Command:
    if task is None:
        return Command(
            title="Make a task and run it",
            explain="A task is two files: what goes in and comes out, and the prompt.",
            text="roadworthy init\nroadworthy run TASK --input NAME=VALUE",
        )
    inputs = " ".join(f"--input {shlex.quote(name)}=…" for name in task.inputs)
    return Command(
        title="Run a task",
        explain=task.description or "One call through the gateway, from the command line.",
        text=f"roadworthy run {shlex.quote(task.name)} {inputs}".strip(),
    )


def _client(task: ServedTask | None, gateway_url: str) -> Command:
    model = f"task:{task.name}" if task else "local"
    return Command(
        title="Point an existing client here",
        explain=f'An unmodified OpenAI client changes its base URL; "{model}" is then a model.',
        text=(
            "from openai import OpenAI\n\n"
            f'client = OpenAI(base_url="{gateway_url}/v1", api_key="unused")'
        ),
    )


def _curl(task: ServedTask | None, gateway_url: str) -> Command:
    if task is None:
        address = f"{gateway_url}/v1/chat/completions"
        body: dict[str, object] = {
            "model": "local",
            "messages": [{"role": "user", "content": "Hello"}],
        }
    else:
        address = f"{gateway_url}/v1/tasks/{task.name}"
        body = {"input": dict.fromkeys(task.inputs, "…")}
    data = shlex.quote(json.dumps(body, ensure_ascii=False))
    return Command(
        title="Or by hand",
        explain="Any HTTP client will do.",
        text=(
            f"curl {shlex.quote(address)} \\\n  -H 'content-type: application/json' \\\n  -d {data}"
        ),
    )
