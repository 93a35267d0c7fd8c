"""Scores of one check on one answer, of a task whose output may be anything."""

from __future__ import annotations

import asyncio
from typing import Any

from roadworthy.evaluation.expectations import Answer, Services, compile_expectations
from roadworthy.registry import Score
from roadworthy.tasks import Case, Suite, TaskDefinition

ANYTHING = TaskDefinition(name="anything", model="local", input_schema={}, output_schema={})


def score_of(
    check: dict[str, Any],
    value: Any = None,
    *,
    services: Services | None = None,
    suite: Suite | None = None,
    answer: Answer | None = None,
    task: TaskDefinition = ANYTHING,
) -> Score:
    """What the check says of the value, or of the whole answer."""
    case = Case(input={"comment": "ok"}, checks=[check])
    expectations = compile_expectations(
        case, suite or Suite(), task, services=services or Services()
    )
    answer = answer or Answer(input={"comment": "ok"}, value=value, latency_ms=5, cost_usd=0.001)
    return asyncio.run(expectations.score(answer))[0]


def negated(check: dict[str, Any]) -> dict[str, Any]:
    """The check in its ``not_`` form."""
    kind = next(iter(check))
    return {f"not_{kind}": check[kind], **{key: check[key] for key in list(check)[1:]}}
