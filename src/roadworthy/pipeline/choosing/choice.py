"""`choose`: closed fields take the value that is the likeliest once the bias is taken away."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from roadworthy.core import Confidence, Message
from roadworthy.core.errors import InvalidInput, TaskUnservable, UpstreamTimeout
from roadworthy.pipeline.choosing.closed import ClosedFields, closed_of
from roadworthy.pipeline.choosing.content_free import MARKERS, content_free
from roadworthy.pipeline.choosing.distribution import (
    Distribution,
    calibrated,
    likeliest,
    mean,
)
from roadworthy.pipeline.choosing.likelihood import Question
from roadworthy.pipeline.compiled import CompiledTask
from roadworthy.pipeline.generate import Generation

__all__ = ["Chosen", "choose_fields"]

_MAX_COMBINATIONS: Final = 256


@dataclass(slots=True)
class Chosen:
    """The fields that were chosen."""

    closed: ClosedFields
    values: dict[str, Any] = field(default_factory=dict)
    """In the order in which the answer has them."""
    weights: dict[str, Distribution] = field(default_factory=dict)
    """By field, what speaks for each of its values; those that were measured."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be generated."""
        return self.closed.leaves_nothing_beside(self.values)

    def confidence(self, value: Any) -> dict[str, Confidence]:
        """What speaks for the fields of this answer; a field that was asked for again in the end
        has another value, or the same for another reason."""
        found = {}
        for name, weights in self.weights.items():
            if isinstance(value, dict) and name in value:
                text = msgspec.json.encode(value[name]).decode()
                if text in self.closed.values[name]:
                    index = self.closed.values[name].index(text)
                    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
                    found[pointer] = Confidence(value=weights[index], method="likelihood")
        return found

    def combinations(self) -> Iterator[dict[str, Any]]:
        """All choices, the likeliest first, at most `_MAX_COMBINATIONS`. What is less likely is
        judged by the probabilities beside the fields that were chosen before."""
        names = list(self.weights)
        ranked = [
            sorted(zip(self.weights[name], self.closed.values[name], strict=True), reverse=True)
            for name in names
        ]
        some = itertools.islice(itertools.product(*ranked), _MAX_COMBINATIONS**2)
        for combination in itertools.islice(sorted(some, key=_joint), _MAX_COMBINATIONS):
            told = {n: msgspec.json.decode(v) for n, (_, v) in zip(names, combination, strict=True)}
            yield {name: told.get(name, value) for name, value in self.values.items()}


async def choose_fields(generation: Generation, task: CompiledTask) -> Chosen:
    """The task's chosen fields, one after the other in the schema's order, each beside those
    before it.

    Raises:
        TaskUnservable: the model does not say how likely its words are.
        RoadworthyError: it could not be asked, or refused.
    """
    schema = generation.prepared.schema
    assert schema is not None  # without one, `choose` is a fault
    closed = closed_of(schema)
    chosen = Chosen(closed)
    for name in (name for name in closed.values if name in task.definition.choose):
        values = closed.values[name]
        if len(values) < 2:
            if values:
                chosen.values[name] = msgspec.json.decode(values[0])
            continue
        _require_log_probabilities(generation, task)
        question = Question(
            generation=generation, closed=closed, field=name, fixed=dict(chosen.values)
        )
        weights = await _weights(question, task)
        if weights is not None:
            chosen.values[name] = msgspec.json.decode(values[likeliest(weights)])
            chosen.weights[name] = weights
    return chosen


async def _weights(question: Question, task: CompiledTask) -> Distribution | None:
    """The calibrated probabilities; None: the model wrote something else, and the field is left
    to be generated."""
    generation = question.generation
    found = await question.ask(generation.prepared.asked, "choose")
    if found is None:
        return None
    given = generation.recorder.call.input or {}
    priors = []
    for marker in MARKERS:
        messages = _content_free_messages(task, given, marker)
        if messages is None:
            continue

        async def measure(messages: list[Message] = messages) -> Distribution:
            told = await question.ask(messages, "calibrate")
            # Without content a model may decline to answer; then nothing is known of its bias.
            return told or tuple([1 / len(question.values)] * len(question.values))

        priors.append(await _prior(question, task, question.key(messages), measure))
    return calibrated(found, mean(priors)) if priors else found


async def _prior(
    question: Question,
    task: CompiledTask,
    key: str,
    measure: Callable[[], Awaitable[Distribution]],
) -> Distribution:
    """
    Raises:
        UpstreamTimeout: the call's time was used up while another one measured it.
    """
    generation = question.generation
    now_us = generation.recorder.began_us + generation.recorder.offset_us()
    left_s = (generation.prepared.deadline_us - now_us) / 1e6
    try:
        return await task.priors.of(key, measure, patience_s=left_s)
    except TimeoutError as late:
        raise UpstreamTimeout(
            f"the call's time was used up while another call measured how model"
            f" {generation.prepared.model.name!r} leans on {question.field!r}; try again"
        ) from late


def _content_free_messages(
    task: CompiledTask, given: dict[str, Any], marker: str
) -> list[Message] | None:
    """The prompt without content; None: it cannot be rendered so."""
    try:
        return task.prompt.render(content_free(given, task.definition.input_schema, marker))
    except InvalidInput:
        return None


def _require_log_probabilities(generation: Generation, task: CompiledTask) -> None:
    model = generation.prepared.model
    if not model.capabilities.log_probabilities:
        raise TaskUnservable(
            f"{task.definition.name} chooses fields by their likelihood, and model"
            f" {model.name!r} does not say how likely its words are; bind it to a model that does,"
            f" or set log_probabilities = true under [models.{model.name}] if it does"
        )


def _joint(combination: tuple[tuple[float, str], ...]) -> float:
    likelihood = 1.0
    for weight, _ in combination:
        likelihood *= weight
    return -likelihood
