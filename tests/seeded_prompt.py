"""A prompt with planted parts, and a provider whose answers need some of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from projects import write_project

NEEDED = "Irony counts as negative: praise for a failure is a complaint."
USELESS = "This service was set up by the customer care team in spring.\nIt is a joy to run."
TONE = "Judge what was said, not who said it."
TASK = """
model = "canned"

[input.fields.comment]
type = "string"

[output.fields.sentiment]
enum = ["positive", "neutral", "negative"]

[gate]
pass_rate = 0.9
"""
SYSTEM = f'You read customers\' comments.\n\n{USELESS}\n\n{NEEDED}\n\n{{% include "tone.md" %}}\n'
EXAMPLES = [
    ("The handle broke off on the very first day.", "negative"),
    ("Works as it says on the box, delivered on Tuesday.", "neutral"),
    ("The handle broke off on the very first day!", "negative"),
]
CASES = [
    *((f"good mug {n}", "positive") for n in range(3)),
    *((f"bad mug {n}", "negative") for n in range(3)),
    *((f"ironic mug {n}", "negative") for n in range(12)),
    *((f"broken mug {n}", "negative") for n in range(6)),
]


def write_seeded(root: Path, base_url: str) -> Path:
    write_project(root, base_url, task=TASK)
    folder = root / "tasks/triage"
    (root / "blocks").mkdir()
    (root / "blocks/tone.md").write_text(TONE + "\n")
    (folder / "prompt/system.md").write_text(SYSTEM)
    (folder / "prompt/examples.jsonl").write_text(
        _lines({"input": {"comment": c}, "output": {"sentiment": s}} for c, s in EXAMPLES)
    )
    (folder / "cases.jsonl").write_text(
        _lines({"input": {"comment": c}, "expect": {"sentiment": s}} for c, s in CASES)
    )
    return root


def seeded_answer(request: dict[str, Any]) -> str:
    """Knows irony where the prompt speaks of it, and what is broken where an example shows it."""
    *before, asked = (message["content"] for message in request["messages"])
    comment = asked.removeprefix("Comment: ")
    knows_irony = any(NEEDED in text for text in before)
    knows_broken = any("The handle broke off" in text for text in before)
    sentiment = {
        "good": "positive",
        "bad": "negative",
        "ironic": "negative" if knows_irony else "positive",
        "broken": "negative" if knows_broken else "neutral",
    }[comment.split()[0]]
    return json.dumps({"sentiment": sentiment})


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)
