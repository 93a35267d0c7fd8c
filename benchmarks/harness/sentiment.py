"""Texts whose sentiment people have said, and tasks that ask the embedded model for it."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.public_data import data_folder
from roadworthy.tasks import Project, load_project

__all__ = ["FIVE", "QUESTIONS", "THREE", "Question", "Text", "amazon", "tweets", "write_project"]

THREE: Final = ("positive", "neutral", "negative")
FIVE: Final = ("very negative", "negative", "neutral", "positive", "very positive")


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody wrote, and what people say of it."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One wording of a task."""

    name: str
    values: tuple[str, ...]
    system: str
    user: str = "{{ comment }}"


QUESTIONS: Final = (
    Question(
        "named",
        THREE,
        "Classify the sentiment of the customer's comment as positive, neutral or negative."
        " Answer in JSON.",
    ),
    Question(
        "graded",
        FIVE,
        "Grade the sentiment of the customer's sentence as very negative, negative, neutral,"
        " positive or very positive. Answer in JSON.",
    ),
    Question(
        "not-named",
        THREE,
        "Classify the sentiment of the customer's comment. Answer in JSON.",
    ),
    Question(
        "shown",
        THREE,
        'You label comments of customers. Answer with JSON: {"sentiment": "positive"},'
        ' {"sentiment": "neutral"} or {"sentiment": "negative"}.',
    ),
    Question("asked", THREE, "Is this comment positive, neutral or negative?"),
)


def tweets(seed: int) -> list[Text]:
    """Tweets to airlines, in random order, with the label that people gave them."""
    path = data_folder("support") / "airline_tweets.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        found = [Text(row["text"], row["airline_sentiment"]) for row in csv.DictReader(lines)]
    random.Random(seed).shuffle(found)
    return found


def amazon(seed: int, label: Callable[[float], str]) -> list[Text]:
    """Sentences of reviews, in random order; people's mean grade, from -4 to 4, as a label."""
    path = data_folder("support") / "amazon_reviews_graded.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        found = [Text(row[2], label(float(row[1]))) for row in csv.reader(lines)]
    random.Random(seed).shuffle(found)
    return found


def write_project(folder: Path) -> Project:
    """Each question as two tasks of the same prompt: ``NAME-generated`` and ``NAME-chosen``."""
    files = {
        "roadworthy.toml": "format = 1\n[limits]\ntimeout_s = 600\n",
        "models.toml": '[models.local]\nprovider = "embedded"\ntimeout_s = 300\n',
    }
    for question in QUESTIONS:
        for way, line in (("generated", ""), ("chosen", 'choose = "likelihood"\n')):
            task = f"tasks/{question.name}-{way}"
            values = ", ".join(f'"{value}"' for value in question.values)
            files[f"{task}/task.toml"] = (
                f'model = "local"\n{line}[parameters]\ntemperature = 0\nmax_tokens = 40\n'
                '[input.fields]\ncomment = "string"\n'
                f'[output.fields.sentiment]\ntype = "string"\nenum = [{values}]\n'
            )
            files[f"{task}/prompt/system.md"] = question.system + "\n"
            files[f"{task}/prompt/user.md"] = question.user + "\n"
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return load_project(folder)
