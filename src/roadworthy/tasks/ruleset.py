"""A task's rules, compiled once, and what they make of an input. Pure.

Called by the path of a call before anything is rendered, and by whoever needs the variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec

from roadworthy.core import Fired
from roadworthy.core.errors import InvalidInput, ProjectError
from roadworthy.expressions import (
    AbsentError,
    Bound,
    EvaluationError,
    Expression,
    ExpressionError,
    ObjectType,
    Scope,
)
from roadworthy.tasks.definition import RuleDefinition, TaskDefinition
from roadworthy.tasks.rules.functions import RuleFunction
from roadworthy.tasks.rules.variables import types_of_variables

__all__ = ["RuleSet", "Ruling"]

_Compute: TypeAlias = Callable[[Bound], Any]


@dataclass(slots=True, kw_only=True)
class Ruling:
    """What the rules have made of one input."""

    fired: list[Fired] = field(default_factory=list)
    """Those that took effect, in their order."""
    answer: Any = msgspec.UNSET
    """What a rule answered. UNSET: none did."""
    denied: str | None = None
    """What a rule that denies says; None: none did."""
    model: str = ""
    """The logical model that a rule chose; empty: none did."""
    variables: dict[str, Any] = field(default_factory=dict)
    filled: dict[str, Any] = field(default_factory=dict)
    """Fields of the output that no model is asked for."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    definition: RuleDefinition
    fired: Fired
    when: Expression | None
    answer: _Compute | None
    values: tuple[tuple[str, _Compute], ...]


class RuleSet:
    """The rules of one task.

    ::

        ruling = RuleSet(definition).decide({"comment": ""})
        ruling.answer  # {"sentiment": "neutral"}
    """

    def __init__(
        self, task: TaskDefinition, functions: Mapping[str, RuleFunction] | None = None
    ) -> None:
        """``functions`` are those of Python that the rules name, by reference.

        Raises:
            ProjectError: an expression does not fit the task's schemas.
        """
        self._functions = functions or {}
        self.variables: ObjectType = types_of_variables(task, functions)
        self._scope = Scope({"input": task.input_schema, "vars": self.variables})
        try:
            self._rules = [self._compile(rule) for rule in task.rules]
        except ExpressionError as error:
            raise ProjectError([f"task {task.name!r}: a rule does not fit: {error}"]) from error

    def decide(self, input_: Mapping[str, Any]) -> Ruling:
        """What becomes of this input, which has passed the input schema.

        Raises:
            InvalidInput: a rule has no value for it.
            RuleFailed: a function of Python failed.
        """
        ruling = Ruling()
        values = self._scope.bind({"input": input_, "vars": ruling.variables})
        for rule in self._rules:
            try:
                if not _fires(rule, values) or (rule.definition.model and ruling.model):
                    continue
                ruling.fired.append(rule.fired)
                if _apply(rule, values, ruling):
                    break
            except EvaluationError as error:
                raise InvalidInput(
                    f"the rule {rule.definition.name!r} of the task cannot be applied to this"
                    f" input: {error}"
                ) from error
        return ruling

    def _compile(self, rule: RuleDefinition) -> _Compiled:
        return _Compiled(
            definition=rule,
            fired=Fired(name=rule.name, effect=rule.effect),
            when=None if rule.when is None else self._scope.compile(rule.when),
            answer=self._answer(rule.answer) if rule.effect == "answer" else None,
            values=tuple((name, self._value(value)) for name, value in rule.values.items()),
        )

    def _value(self, value: Mapping[str, Any]) -> _Compute:
        if "cel" in value:
            return self._scope.compile_value(value["cel"]).value
        if "python" in value:
            function, reference = self._functions.get(value["python"]), value["python"]
            if function is None:
                return lambda _: _missing(reference)
            return lambda values: function.call(values.raw["input"], values.raw["vars"])
        constant = value["value"]
        if isinstance(constant, dict | list | tuple):
            return lambda _: deepcopy(constant)  # whoever gets the answer may change it
        return lambda _: constant

    def _answer(self, answer: Any) -> _Compute:
        """The answer with what is computed in it."""
        if isinstance(answer, dict):
            if answer.keys() == _COMPUTED and isinstance(answer["cel"], str):
                return self._scope.compile_value(answer["cel"]).value
            fields = {name: self._answer(item) for name, item in answer.items()}
            return lambda values: {name: make(values) for name, make in fields.items()}
        if isinstance(answer, list | tuple):
            items = [self._answer(item) for item in answer]
            return lambda values: [make(values) for make in items]
        return lambda _: answer


_COMPUTED: Final = {"cel"}


def _fires(rule: _Compiled, values: Bound) -> bool:
    if rule.when is None:
        return True
    try:
        return rule.when.holds(values)
    except AbsentError:  # an optional field that was left out makes nothing true
        return False


def _apply(rule: _Compiled, values: Bound, ruling: Ruling) -> bool:
    """Whether the rule has ended the call."""
    definition = rule.definition
    if definition.effect == "answer":
        assert rule.answer is not None
        ruling.answer = rule.answer(values)
        return True
    if definition.effect == "deny":
        ruling.denied = definition.deny
        return True
    if definition.effect == "model":
        ruling.model = definition.model
        return False
    into = ruling.variables if definition.effect == "set" else ruling.filled
    into.update([(name, compute(values)) for name, compute in rule.values])
    if definition.effect == "set":
        values.set("vars", ruling.variables)
    return False


def _missing(reference: str) -> Any:
    raise EvaluationError(f"{reference} is not loaded here")
