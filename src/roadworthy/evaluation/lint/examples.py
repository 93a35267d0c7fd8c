"""Examples that say the same or contradict each other, and cases that the prompt gives away.
Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from roadworthy.evaluation.lint.findings import Finding
from roadworthy.evaluation.lint.passages import words_of
from roadworthy.evaluation.lint.subject import ShownExample, Subject
from roadworthy.tasks.cases import case_id

__all__ = ["alike_examples", "cases_in_prompt", "texts_in"]

_ALIKE: Final = 0.85
"""Share of the words that two inputs have in common."""
_FEWEST_WORDS: Final = 8
"""Of a case's text that is looked for in the prompt: shorter ones stand there by chance."""


def alike_examples(subject: Subject) -> Iterator[Finding]:
    """Pairs of examples with the same input, or with nearly the same and one output."""
    frame = Counter(word for passage in subject.passages for word in set(passage.words))
    shown = [(example, _own_words(example, frame)) for example in subject.examples]
    for at, (later, words) in enumerate(shown):
        for earlier, known in shown[:at]:
            same_answer = _canonical(later.answer) == _canonical(earlier.answer)
            same_input = (
                " ".join(later.asked.split()).casefold()
                == " ".join(earlier.asked.split()).casefold()
            )
            if same_input and not same_answer:
                yield _contradicting(subject, later, earlier)
            elif same_answer and (same_input or _likeness(words, known) >= _ALIKE):
                yield _duplicate(subject, later, earlier)
                break


def cases_in_prompt(subject: Subject) -> Iterator[Finding]:
    """Cases whose input an example shows, or the prompt quotes: they measure memory."""
    shown = {_flat(example.asked): f"example {example.number}" for example in subject.examples}
    read = [(f" {_flat(source)} ", file) for file, source in subject.sources]
    asked = [(f" {text} ", where) for text, where in shown.items()]
    for number, case in enumerate(subject.suite.cases, start=1):
        for text in texts_in(case.input if case.input is not None else case.conversation):
            flat = _flat(text)
            if len(flat.split()) < _FEWEST_WORDS:
                continue
            where = next((w for t, w in (*asked, *read) if f" {flat} " in t), None)
            if where is not None:
                file, line = subject.places.case(number)
                yield Finding(
                    code="case-in-prompt",
                    level="warning",
                    task=subject.task,
                    file=file,
                    line=line,
                    message=f"the input of {case_id(case)} stands in the prompt ({where}), so that"
                    " the case tests whether the model can copy",
                    remedy="take another input for one of the two",
                )
                break


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_in(item)


def _contradicting(subject: Subject, later: ShownExample, earlier: ShownExample) -> Finding:
    file, line = subject.places.example(later.number)
    return Finding(
        code="contradicting-examples",
        level="warning",
        task=subject.task,
        file=file,
        line=line,
        message=f"examples {earlier.number} and {later.number} have one input and different"
        " outputs",
        remedy="keep the one that is right",
        tokens=_tokens(subject, later),
    )


def _duplicate(subject: Subject, later: ShownExample, earlier: ShownExample) -> Finding:
    file, line = subject.places.example(later.number)
    return Finding(
        code="duplicate-example",
        level="warning",
        task=subject.task,
        file=file,
        line=line,
        message=f"example {later.number} says what example {earlier.number} says",
        remedy="leave one of them out, or show something else by it",
        tokens=_tokens(subject, later),
    )


def _tokens(subject: Subject, example: ShownExample) -> int:
    return subject.counter.count(example.asked) + subject.counter.count(example.answer)


def _own_words(example: ShownExample, frame: Counter[str]) -> Counter[str]:
    """Its words without those of the prompt around it, unless nothing else is left."""
    words = Counter(words_of(example.asked))
    own = Counter({word: n for word, n in words.items() if word not in frame})
    return own if len(own) > len(words) / 2 else words


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """Shared words over all words; nothing is not like nothing."""
    whole = (a | b).total()
    return (a & b).total() / whole if whole else 0.0


def _flat(text: str) -> str:
    return " ".join(words_of(text))


def _canonical(answer: str) -> str:
    return " ".join(answer.split()).casefold()
