"""How many tokens of each call every part of a prompt is. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from roadworthy.core.errors import RoadworthyError
from roadworthy.evaluation.lint.report import Weight
from roadworthy.evaluation.lint.subject import Subject, descriptions_of
from roadworthy.tasks import CompiledPrompt, input_fields
from roadworthy.tasks.prompt import closed_environment, undeclared_names
from roadworthy.tasks.template_source import spans, tags

__all__ = ["Lengths", "lengths_of", "weights_of"]

_VARIABLE: Final = re.compile(r"(?<![\w.])vars\.([A-Za-z_]\w*)")


class Lengths(NamedTuple):
    """Tokens of whole prompts."""

    mean: float | None
    """None: no case could be rendered."""
    most: int | None
    cases: int


def weights_of(subject: Subject) -> Iterator[Weight]:
    """The parts in the order in which the model reads them, then values, then the schema."""
    count = subject.counter.count
    times = Counter(name for name, _, _ in subject.inclusions)
    told: set[str] = set()
    examples_at = next(
        (at for at, template in enumerate(subject.own) if template.role == "user"), 0
    )
    for at, template in enumerate(subject.own):
        if at == examples_at:
            yield from _examples(subject)
        yield Weight(
            kind="message",
            name=template.role,
            file=template.file,
            line=1,
            tokens=_own_tokens(template.source, count),
        )
        for name, _, _ in subject.inclusions:
            if name not in told:
                told.add(name)
                tokens = _own_tokens(subject.definition.blocks[name], count) * times[name]
                yield Weight(
                    kind="block",
                    name=name,
                    file=f"blocks/{name}",
                    line=1,
                    tokens=tokens,
                    times=times[name],
                )
    if not subject.own:
        yield from _examples(subject)
    yield from _values(subject)
    yield from _variables(subject)
    yield from _schema(subject)


def lengths_of(subject: Subject) -> Lengths:
    """Tokens of the whole prompt over the cases, the schema included where it is sent."""
    known: dict[str, int] = {}
    sent = subject.counter.count(subject.schema_sent)

    def count(text: str) -> int:
        if text not in known:
            known[text] = subject.counter.count(text)
        return known[text]

    prompt = CompiledPrompt(subject.definition)
    found = []
    for asked in subject.asked:
        try:
            messages = prompt.render(dict(asked.input), asked.variables)
        except RoadworthyError:
            continue
        texts = [str(message.get("content") or "") for message in messages]
        found.append(sum(map(count, texts)) + sent)
    if not found:
        return Lengths(None, None, 0)
    return Lengths(sum(found) / len(found), max(found), len(found))


def _own_tokens(source: str, count: Callable[[str], int]) -> int:
    texts = (source[span.start : span.end] for span in spans(source) if span.kind == "text")
    return sum(count(text) for text in texts if text.strip())


def _examples(subject: Subject) -> Iterator[Weight]:
    count = subject.counter.count
    for example in subject.examples:
        file, line = subject.places.example(example.number)
        yield Weight(
            kind="example",
            name=f"example {example.number}",
            file=file,
            line=line,
            tokens=count(example.asked) + count(example.answer),
        )


def _values(subject: Subject) -> Iterator[Weight]:
    """The input fields that the prompt shows, over the cases."""
    environment = closed_environment(())
    shown = {
        name for _, source in subject.sources for name in undeclared_names(environment, source)
    }
    inputs = [asked.input for asked in subject.asked]
    for name, field in input_fields(subject.definition.input_schema).items():
        if name not in shown:
            continue
        tokens = [_tokens_of(found.get(name), subject.counter.count) for found in inputs]
        file, line = subject.places.field("input", name)
        yield Weight(
            kind="context" if field.get("role") == "context" else "input",
            name=name,
            file=file,
            line=line,
            tokens=round(sum(tokens) / len(tokens), 1) if tokens else 0.0,
            most=max(tokens, default=None),
            cases=sum(name in found for found in inputs),
        )


def _variables(subject: Subject) -> Iterator[Weight]:
    """What rules set and templates show, over the cases."""
    shown = {
        found[1]
        for _, source in subject.sources
        for tag in tags(source)
        for found in _VARIABLE.finditer(tag.body)
    }
    for rule in subject.definition.rules:
        for name in rule.values if rule.effect == "set" else ():
            if name not in shown:
                continue
            shown.discard(name)
            given = [asked.variables.get(name) for asked in subject.asked]
            tokens = [_tokens_of(value, subject.counter.count) for value in given]
            file, line = subject.places.rule(rule.name)
            yield Weight(
                kind="input",
                name=f"vars.{name}",
                file=file,
                line=line,
                tokens=round(sum(tokens) / len(tokens), 1) if tokens else 0.0,
                most=max(tokens, default=None),
                cases=sum(value is not None for value in given),
            )


def _tokens_of(value: Any, count: Callable[[str], int]) -> int:
    if value is None:
        return 0
    return count(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _schema(subject: Subject) -> Iterator[Weight]:
    schema = subject.definition.output_schema
    if schema is None:
        return
    sent = subject.schema_sent
    file, line = subject.places.field("output", "")
    count = subject.counter.count
    text = sent or msgspec.json.encode(schema).decode()
    yield Weight(
        kind="schema",
        name="output schema",
        file=file,
        line=line,
        tokens=count(text),
        sent=bool(sent),
    )
    for description in descriptions_of(schema):
        file, line = subject.places.field("output", description.path.partition(".")[0])
        yield Weight(
            kind="description",
            name=description.path or "the output",
            file=file,
            line=line,
            tokens=count(description.text),
            sent=bool(sent),
            part=True,
        )
