"""`judge`: another task reads the answer and scores it.

How a judge is wired follows from its schemas: it is given what its input declares of ``input``,
``output`` and ``rubric``, and its output has a ``score`` within declared bounds, and perhaps a
``reason``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Final

import msgspec

from roadworthy.core.errors import RoadworthyError
from roadworthy.expressions import SchemaType, schema_type
from roadworthy.tasks.definition import TaskDefinition
from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.expectations.edges import Text
from roadworthy.tasks.expectations.kind import About, Placed
from roadworthy.tasks.fields import input_fields, required_names
from roadworthy.tasks.places import find

__all__ = ["Judge", "judge_input", "judge_score"]

GIVEN: Final = ("input", "output", "rubric")
_MAX_REASON: Final = 500


class Judge(Placed, frozen=True, kw_only=True):
    """A task that is given the answer scores it high enough. A judge that fails, or answers
    nonsense, leaves the score unscored."""

    kind: ClassVar[str] = "judge"
    example: ClassVar[str] = '{"judge": "judge-tone", "rubric": "Polite, no slang.", "min": 0.7}'

    judge: Text
    """The task, or one of its versions: `judge-tone`, `judge-tone@1.2.0`."""
    rubric: str = ""
    """What to look for; the judge is given it if its input has a `rubric`."""
    min: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    """The least score that passes. Scores are brought from the bounds in the judge's output schema
    to 0 to 1."""

    @property
    def label(self) -> str:
        return self.name or f"{self.kind}.{self.task}"

    @property
    def task(self) -> str:
        """The judge's task, without a version."""
        return self.judge.partition("@")[0]

    def wiring(self, judge: TaskDefinition) -> Iterator[str]:
        """What is wrong with this task as the judge."""
        taken = input_fields(judge.input_schema)
        if not taken.keys() & {"input", "output"}:
            yield f'judge: "{self.task}" takes neither output nor input; declare an input of one'
        for name in required_names(judge.input_schema):
            if name not in GIVEN:
                yield f'judge: "{self.task}" requires "{name}", and is given {", ".join(GIVEN)}'
        if self.rubric and "rubric" not in taken:
            yield f'judge: "{self.task}" takes no rubric; declare it among the inputs'
        elif not self.rubric and "rubric" in required_names(judge.input_schema):
            yield f'judge: "{self.task}" requires a rubric; write what it should look for'
        if _bounds(judge) is None:
            yield (
                f'judge: the output of "{self.task}" has no score within bounds; declare'
                ' score = { type = "number", minimum = 0, maximum = 1 }'
            )

    def look(self, _value: Any) -> Verdict:
        """What can be said before the judge is asked: nothing."""
        return Verdict(passed=None)

    def scorer(self, _about: About, services: Services, /) -> Scorer:
        async def score(answer: Answer) -> Verdict:
            verdict = self.score(answer)
            if verdict.passed is not None:
                return verdict
            judge = None if services.definition is None else services.definition(self.judge)
            if judge is None or services.ask_task is None:
                return _unscored(f'there is no task "{self.judge}" to judge')
            faults = list(self.wiring(judge))
            if faults:
                return _unscored(faults[0])
            _, value = find(answer.value, self.at)
            given = judge_input(
                judge, {"input": answer.input, "output": value, "rubric": self.rubric}
            )
            try:
                said = await services.ask_task(self.judge, given)
            except RoadworthyError as error:
                return _unscored(f"{self.judge} failed: {error.code}")
            except Exception as error:  # noqa: BLE001  # whatever fails here is the judge's failure
                return _unscored(f"{self.judge} failed: {type(error).__name__}")
            return self._verdict(said, judge)

        return score

    def _verdict(self, said: Any, judge: TaskDefinition) -> Verdict:
        degree = judge_score(judge, said)
        if degree is None:
            return _unscored(f"{self.judge} gave no score")
        if not 0 <= degree <= 1:
            return _unscored(f"{self.judge} gave a score out of its bounds")
        reason = said.get("reason")
        return Verdict(
            passed=degree >= self.min,
            score=degree,
            reason=reason[:_MAX_REASON] if isinstance(reason, str) else "",
        )


def _unscored(reason: str) -> Verdict:
    return Verdict(passed=None, reason=reason)


def judge_score(judge: TaskDefinition, said: Any) -> float | None:
    """The score in what a judge said, brought from its bounds to 0 to 1; None: there is none."""
    bounds, found = _bounds(judge), said.get("score") if isinstance(said, dict) else None
    if bounds is None or not isinstance(found, int | float):
        return None
    low, high = bounds
    return (found - low) / (high - low)


def judge_input(judge: TaskDefinition, values: dict[str, Any]) -> dict[str, Any]:
    """What the judge's input declares of the values; JSON where it takes text alone."""
    inputs = schema_type(judge.input_schema)
    required = required_names(judge.input_schema)
    taken = {name: place for name in GIVEN if (place := inputs.fields.get(name)) is not None}
    return {
        name: _as_taken(values[name], place)
        for name, place in taken.items()
        if values[name] != "" or name != "rubric" or name in required
    }


def _as_taken(value: Any, place: SchemaType) -> Any:
    if isinstance(value, str) or not place.kinds <= {"string", "null"}:
        return value
    return msgspec.json.encode(value).decode()


def _bounds(judge: TaskDefinition) -> tuple[float, float] | None:
    """The least and the greatest score; None if there is none, or it has no bounds."""
    place = schema_type(judge.output_schema or {}).fields.get("score")
    if place is None:
        return None
    if place.kinds == {"bool"}:
        return 0, 1
    lows = [node["minimum"] for node in place.nodes if "minimum" in node]
    highs = [node["maximum"] for node in place.nodes if "maximum" in node]
    for node in place.nodes:
        options = node.get("enum")
        if options and all(isinstance(o, int | float) for o in options):
            lows.append(min(options))
            highs.append(max(options))
    if not lows or not highs or not place.kinds <= {"int", "double"}:
        return None
    return (max(lows), min(highs)) if max(lows) < min(highs) else None
