"""Small projects for tests."""

from __future__ import annotations

from pathlib import Path

TASK = """
description = "Tell what a customer's comment says."
model = "canned"

[parameters]
temperature = 0

[input.fields.comment]
type = "string"

[output.fields.sentiment]
enum = ["positive", "neutral", "negative"]

[output.fields.confidence]
type = "number"
minimum = 0
maximum = 1
"""


def write_project(root: Path, base_url: str, *, settings: str = "", task: str = TASK) -> Path:
    """A project with the task ``triage`` on the model ``canned`` at this address."""
    files = {
        "roadworthy.toml": f"format = 1\n{settings}",
        "models.toml": f"""
[models.canned]
provider = "openai-compatible"
model = "canned-1"
base_url = "{base_url}"
max_retries = 0

[models.canned.price]
input_usd_per_million = 1.0
output_usd_per_million = 2.0
""",
        "tasks/triage/task.toml": task,
        "tasks/triage/prompt/system.md": "You read customers' comments.\n",
        "tasks/triage/prompt/user.md": "Comment: {{ comment }}\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
