"""What every kind of expectation is: options, what can be wrong with them, and a scorer. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final

import msgspec

from roadworthy.expressions import SchemaType, schema_type
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.places import fault_of_place, find

__all__ = ["FREE_TEXT", "About", "Kind", "Placed", "no_value"]

FREE_TEXT: Final[dict[str, Any]] = {"type": "string"}
"""The schema of an answer that has none."""
_KIND_NAMES: Final = {
    "string": "text",
    "int": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "list": "a list",
    "map": "an object",
    "null": "null",
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of the task whose answers are looked at."""

    task: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] = field(default_factory=lambda: FREE_TEXT)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Texts of the Python files that checks name, as they name them."""
    has_model: Callable[[str], bool] = lambda _: True
    """Whether a model of this name is declared."""

    @classmethod
    def of(cls, definition: TaskDefinition, sources: Mapping[str, str]) -> About:
        output = FREE_TEXT if definition.output_schema is None else definition.output_schema
        return cls(
            task=definition.name,
            input_schema=definition.input_schema,
            output_schema=output,
            sources=sources,
        )

    @cached_property
    def output(self) -> SchemaType:
        """The type of what is delivered."""
        return schema_type(self.output_schema)


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one expectation. A kind is a subclass, with a first field of its own name."""

    kind: ClassVar[str]
    """The key that makes a check one of this kind."""
    needs_value: ClassVar[bool] = True
    """Whether it says nothing of an answer that is an error."""
    example: ClassVar[str]
    """A check of this kind, as a line of JSON."""

    name: str = ""
    """What the score is called; left out: the kind and the place."""

    @property
    def label(self) -> str:
        """What the score is called."""
        return self.name or self.kind

    def faults(self, _about: About, /) -> Iterator[str]:
        """What is wrong with the options, beside their types."""
        yield from ()

    def scorer(self, _about: About, _services: Services, /) -> Scorer:
        """What says whether an answer is as expected. Called once a case, used for each run."""
        return self.score

    def score(self, answer: Answer) -> Verdict:
        """What this expectation says of the answer; for kinds that need nothing beside it."""
        raise NotImplementedError


class Placed(Kind, frozen=True, kw_only=True):
    """A kind that looks at one value: all that was delivered, or a place in it."""

    takes: ClassVar[frozenset[str]] = frozenset(_KIND_NAMES)
    """What may stand at the place, in the words of `SchemaType.kinds`."""

    at: str = ""
    """JSON pointer to the place, such as ``/summary``; left out: the whole."""
    optional: bool = False
    """Passes where there is no such place. Left out, a place that is missing is a failure, under
    `not_` too."""

    @property
    def label(self) -> str:
        return self.name or (f"{self.kind}.{self.at}" if self.at else self.kind)

    def look(self, value: Any) -> Verdict:
        """What this expectation says of the value at its place."""
        raise NotImplementedError

    def faults(self, about: About, /) -> Iterator[str]:
        place, fault = fault_of_place(self.at, about.output)
        if fault is not None:
            yield f"at: {fault}"
        elif place is not None and not place.kinds & self.takes:
            found = " or ".join(sorted(_KIND_NAMES[kind] for kind in place.kinds))
            where = self.at or "the output"
            yield f'{self.kind}: {where} is {found}, and "{self.kind}" takes {self._taken()}'
        elif place is not None:
            yield from self.faults_at(place)

    def faults_at(self, _place: SchemaType, /) -> Iterator[str]:
        """What is wrong with the options, given the type of the place."""
        yield from ()

    def score(self, answer: Answer) -> Verdict:
        if answer.error is not None:
            return no_value(answer)
        found, value = find(answer.value, self.at)
        if not found:
            return Verdict(passed=self.optional, reason=f"there is no {self.at}", stands=True)
        return self.look(value)

    def wrong_type(self, value: Any) -> Verdict:
        """The verdict on a value that this kind has no sense for; under `not_`, too."""
        where = self.at or "the answer"
        reason = f"{where} is {_described(value)}, not {self._taken()}"
        return Verdict(passed=False, reason=reason, stands=True)

    def _taken(self) -> str:
        return " or ".join(name for kind, name in _KIND_NAMES.items() if kind in self.takes)


def no_value(answer: Answer) -> Verdict:
    """The verdict of what looks at a value on an answer that has none; under `not_`, too."""
    code = "" if answer.error is None else f": {answer.error.code}"
    return Verdict(passed=False, reason=f"no value was delivered{code}", stands=True)


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    for types, name in (((int, float), "a number"), (str, "text"), (list, "a list")):
        if isinstance(value, types):
            return name
    return "null" if value is None else "an object"
