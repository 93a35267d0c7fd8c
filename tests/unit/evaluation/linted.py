"""A project with one task, written to be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from roadworthy.evaluation.lint import Finding, TaskLint, lint_project

TASK = """
model = "strong"

[input.fields.comment]
type = "string"

[output.fields.sentiment]
enum = ["positive", "neutral", "negative"]

[output.fields.themes]
type = "array"
items = { type = "string" }
maxItems = 3

[output.fields.confidence]
type = "number"
minimum = 0
maximum = 1
"""
MODELS = """
[models.strong]
provider = "openai-compatible"
model = "strong-1"
base_url = "http://127.0.0.1:9/v1"
"""


def write(root: Path, files: dict[str, Any]) -> Path:
    """A project with the task ``triage`` and these files; lists are JSON Lines."""
    usual: dict[str, Any] = {
        "roadworthy.toml": "format = 1\n",
        "models.toml": MODELS,
        "tasks/triage/task.toml": TASK,
        "tasks/triage/prompt/user.md": "{{ comment }}\n",
    }
    for name, text in (usual | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, list):
            text = "".join(json.dumps(line) + "\n" for line in text)
        path.write_text(text)
    return root


def linted(root: Path, files: dict[str, Any]) -> TaskLint:
    """What there is to say of the task ``triage``."""
    return lint_project(write(root, files)).tasks[0]


def found(root: Path, files: dict[str, Any]) -> list[Finding]:
    return list(linted(root, files).findings)


def told(root: Path, system: str, **more: Any) -> list[tuple[str, int]]:
    """Codes and lines of what is found in a system message."""
    files = {"tasks/triage/prompt/system.md": system, **more}
    return [(finding.code, finding.line) for finding in found(root, files)]
