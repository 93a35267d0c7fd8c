"""How often a `language` check is right, unsure and wrong; no model is asked.

    .venv/bin/python benchmarks/languages.py DJANGO [--others en,de,fr,es,zh,ja] [--json FILE]

DJANGO is the folder of an installed Django (``pip download django`` and unpack it): its translated
messages are public, short, and in many languages. Each is held against a check for its own
language, and against checks for the `--others`. The customers' comments of `examples/feedback`
follow, by the language that they are tagged with. What is measured is the check as it stands,
`roadworthy.tasks.expectations.language`, in verdicts: passed, unscored, failed.
"""

from __future__ import annotations

import argparse
import gettext
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.machine import describe_run
from harness.tables import table
from roadworthy.tasks.expectations.language import LANGUAGES, Language

COMMENTS = Path(__file__).resolve().parents[1] / "examples" / "feedback" / "comments.jsonl"
LENGTHS = (15, 25, 40, 80, 100_000)
_FOLDERS = {"no": "nb", "zh": "zh_Hans"}
_SLOTS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]+>|[“”\"]")
Verdict = bool | None


def main() -> None:
    options = parse()
    if not (options.django / "conf" / "locale").is_dir():
        print(f"skipped: {options.django} is no folder of an installed Django")
        return
    about = describe_run(("roadworthy", "py3langid", "numpy"))
    print("\n".join(about), end="\n\n")
    own: dict[str, Counter[Verdict]] = {}
    other: dict[str, Counter[Verdict]] = {}
    for language in LANGUAGES:
        for text in messages(options.django, language):
            name = bucket(text)
            own.setdefault(name, Counter())[verdict(text, language)] += 1
            for wanted in options.others.split(","):
                if wanted != language:
                    other.setdefault(name, Counter())[verdict(text, wanted)] += 1
    comments: Counter[Verdict] = Counter()
    for line in COMMENTS.read_text(encoding="utf-8").splitlines():
        comment = json.loads(line)
        comments[verdict(comment["comment"], comment["tags"][0])] += 1
    rows = [row(f"own, {name} characters", own[name]) for name in sorted(own, key=_first)]
    rows += [row(f"another, {name} characters", other[name]) for name in sorted(other, key=_first)]
    rows.append(row("own, customers' comments", comments))
    print(table(("checked for", "texts", "passed", "unscored", "failed"), rows, markdown=False))
    if options.json:
        figures = {"about": about, "rows": rows}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def messages(django: Path, language: str) -> list[str]:
    """The translated messages in this language, without what is put into them later."""
    found: set[str] = set()
    folder = _FOLDERS.get(language, language)
    for path in sorted(django.glob(f"**/locale/{folder}/LC_MESSAGES/django.mo")):
        with path.open("rb") as file:
            catalogue: dict[Any, str] = vars(gettext.GNUTranslations(file))["_catalog"]
        found |= {_SLOTS.sub("", text).strip() for key, text in catalogue.items() if key}
    return sorted(text for text in found if len(text) >= LENGTHS[0])


def verdict(text: str, language: str) -> Verdict:
    return Language(language=language).look(text).passed


def bucket(text: str) -> str:
    for low, high in pairwise(LENGTHS):
        if len(text) < high:
            return f"{low} to {high - 1}" if high < LENGTHS[-1] else f"{low} and more"
    raise AssertionError(len(text))


def row(name: str, counts: Counter[Verdict]) -> tuple[str, ...]:
    total = counts.total()
    shares = (f"{100 * counts[verdict] / total:.2f} %" for verdict in (True, None, False))
    return (name, f"{total:,}", *shares)


def _first(name: str) -> int:
    return int(name.split()[0])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("django", type=Path, help="the folder of an installed Django")
    parser.add_argument("--others", default="en,de,fr,es,zh,ja", help="languages to be told apart")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    return parser.parse_args()


if __name__ == "__main__":
    main()
