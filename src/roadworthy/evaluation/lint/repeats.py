"""Text that the model reads twice: sentences, whole blocks, descriptions told in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.passages import VALUE, Passage, passages_in
from roadworthy.evaluation.lint.subject import Subject, descriptions_of

__all__ = ["repeated_blocks", "repeated_text"]

_FEWEST_WORDS: Final = 5
"""Of a sentence that counts as repeated: shorter ones are labels and headings."""
_LONG_RUN: Final = 10
"""Words in a row that two sentences hardly share by chance."""
_SHOWN: Final = 60


def repeated_text(subject: Subject) -> Iterator[Finding]:
    """Sentences that stand twice, and long parts of them."""
    whole: dict[tuple[str, ...], Passage] = {}
    runs: dict[tuple[str, ...], Passage] = {}
    for passage in _read(subject):
        words = passage.words
        if len(words) < _FEWEST_WORDS or VALUE in passage.text:
            continue
        first = whole.setdefault(words, passage)
        shared = _runs(words)
        if first is passage:
            same = next((runs[run] for run in shared if run in runs), None)
        else:
            same = first
        if same is not None and not _both_examples(same, passage):
            part = "" if same is first else "part of "
            text = passage.text if same is first else _common(same, passage)
            yield Finding(
                code="repeated-text",
                level="note",
                task=subject.task,
                file=passage.file,
                line=passage.line,
                message=f'{part}"{_short(passage.text)}" also stands in {same.where}'
                f" ({same.file}:{same.line})",
                remedy="say it once, where it matters most",
                tokens=subject.counter.count(text),
            )
        for run in shared:
            runs.setdefault(run, passage)


def repeated_blocks(subject: Subject) -> Iterator[Finding]:
    """Blocks that one prompt includes more than once."""
    times = Counter(name for name, _, _ in subject.inclusions)
    seen: set[str] = set()
    for name, file, line in subject.inclusions:
        if times[name] > 1 and name in seen:
            yield Finding(
                code="repeated-block",
                level="note",
                task=subject.task,
                file=file,
                line=line,
                message=f'block "{name}" is included {times[name]} times',
                remedy="include it once, in the system message",
                tokens=subject.counter.count(subject.definition.blocks[name]),
            )
        seen.add(name)


def _read(subject: Subject) -> Iterator[Passage]:
    """Everything that the model reads of what is fixed, values of examples included."""
    yield from subject.passages
    if subject.schema_sent:
        for description in descriptions_of(subject.definition.output_schema):
            file, line = subject.places.field("output", description.path.partition(".")[0])
            where = f"the description of {description.path or 'the output'}"
            for passage in passages_in(description.text, file=file, where=where, template=False):
                yield _at(passage, line)
    for example in subject.examples:
        file, line = subject.places.example(example.number)
        text = _without_frame(subject, example.asked)
        for passage in passages_in(
            text, file=file, where=f"example {example.number}", template=False
        ):
            yield _at(passage, line)


def _without_frame(subject: Subject, asked: str) -> str:
    """An example's input without the words of the user's template around it."""
    frame = {p.text for p in subject.passages if p.where == "the user message"}
    kept = [line for line in asked.split("\n") if " ".join(line.split()) not in frame]
    return "\n".join(kept)


def _at(passage: Passage, line: int) -> Passage:
    return Passage(
        file=passage.file,
        line=line,
        where=passage.where,
        text=passage.text,
        words=passage.words,
        conditional=passage.conditional,
        code=passage.code,
    )


def _runs(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[at : at + _LONG_RUN] for at in range(len(words) - _LONG_RUN + 1)]


def _common(a: Passage, b: Passage) -> str:
    """The longest run of words that both have."""
    best: tuple[str, ...] = ()
    starts: dict[str, list[int]] = {}
    for at, word in enumerate(a.words):
        starts.setdefault(word, []).append(at)
    for at, word in enumerate(b.words):
        for other in starts.get(word, ()):
            length = 0
            while (
                at + length < len(b.words)
                and other + length < len(a.words)
                and b.words[at + length] == a.words[other + length]
            ):
                length += 1
            if length > len(best):
                best = b.words[at : at + length]
    return " ".join(best)


def _both_examples(a: Passage, b: Passage) -> bool:
    # Examples show a pattern, and a pattern repeats.
    return a.where.startswith("example ") and b.where.startswith("example ")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1].rstrip()}…"
