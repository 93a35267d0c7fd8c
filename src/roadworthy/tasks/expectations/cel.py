"""`cel`: a condition over input and output."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from roadworthy.expressions import EvaluationError, Scope, check_expression
from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.expectations.edges import Text
from roadworthy.tasks.expectations.kind import About, Kind, no_value

__all__ = ["Cel"]


class Cel(Kind, frozen=True, kw_only=True):
    """The condition comes out true. One that cannot be evaluated fails, under `not_` too."""

    kind: ClassVar[str] = "cel"
    example: ClassVar[str] = '{"cel": "size(output.summary) < size(input.comment)"}'

    cel: Text
    """CEL over `input` and `output`; of a task without an output schema, `output` is the text."""

    def faults(self, about: About, /) -> Iterator[str]:
        for fault in check_expression(self.cel, _variables(about)):
            yield f"cel: character {fault.at + 1}: {fault.message}"

    def scorer(self, about: About, _services: Services, /) -> Scorer:
        scope = Scope(_variables(about))
        expression = scope.compile(self.cel)

        def score(answer: Answer) -> Verdict:
            if answer.error is not None:
                return no_value(answer)
            try:
                values = scope.bind({"input": answer.input, "output": answer.value})
                holds = expression.holds(values)
            except EvaluationError as error:
                reason = f"cannot be evaluated: {error}"
                return Verdict(passed=False, reason=reason, stands=True)
            return Verdict(passed=holds, reason="" if holds else f"not true: {self.cel}")

        return score


def _variables(about: About) -> dict[str, dict[str, object]]:
    return {"input": about.input_schema, "output": about.output_schema}
