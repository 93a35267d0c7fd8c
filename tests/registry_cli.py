"""A project with two tasks on one block, and the command line as a person uses it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from roadworthy.cli.app import app
from roadworthy.core.errors import RoadworthyError

TASK = """
description = "Tell what a comment says."
model = "canned"
[input.fields.comment]
type = "string"
[output.fields.sentiment]
enum = ["positive", "negative"]
"""
FILES = {
    "roadworthy.toml": "format = 1\n",
    "models.toml": """
[models.canned]
provider = "openai-compatible"
model = "canned-1"
base_url = "http://127.0.0.1:9/v1"
""",
    "blocks/voice.md": "Be friendly.\n",
    "tasks/sort/task.toml": TASK,
    "tasks/sort/prompt/system.md": "{% include 'voice.md' %}\n",
    "tasks/sort/prompt/user.md": "Comment: {{ comment }}\n",
    "tasks/reply/task.toml": TASK,
    "tasks/reply/prompt/system.md": "{% include 'voice.md' %} Reply.\n",
    "tasks/reply/prompt/user.md": "{{ comment }}\n",
    "tasks/alone/task.toml": TASK,
    "tasks/alone/prompt/user.md": "{{ comment }}\n",
}


class Said(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def write_tasks(root: Path) -> Path:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def roadworthy(*arguments: str, project: Path) -> Said:
    """Run a verb on a project as `main` does."""
    command = [*arguments, "--project", str(project)]
    done = CliRunner().invoke(app, command)
    if isinstance(done.exception, RoadworthyError):
        return Said(1, done.stdout, done.exception.message)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)
