"""A task's constraints, compiled once, and what an answer breaks of them.

Whoever delivers asks after the schema has been satisfied; see `roadworthy.conformance`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from roadworthy.core import Violation
from roadworthy.core.errors import ProjectError
from roadworthy.expressions import (
    EACH,
    Bound,
    EvaluationError,
    Expression,
    ExpressionError,
    ObjectType,
    Place,
    Scope,
)
from roadworthy.tasks.definition import ConstraintDefinition, TaskDefinition
from roadworthy.tasks.rules import types_of_variables

__all__ = ["ConstraintSet"]

_MAX_VIOLATIONS: Final = 20


@dataclass(frozen=True, slots=True)
class _Compiled:
    definition: ConstraintDefinition
    when: Expression | None
    require: Expression
    paths: tuple[str, ...]


class ConstraintSet:
    """The constraints of one task.

    ::

        broken = constraints.violations({"comment": "…"}, {"sentiment": "positive"})
    """

    def __init__(self, task: TaskDefinition, variables: ObjectType | None = None) -> None:
        """``variables`` is the type of ``vars``, where Python functions set some; None: it is read
        off the rules.

        Raises:
            ProjectError: an expression does not fit the task's schemas.
        """
        output = {} if task.output_schema is None else task.output_schema
        if variables is None:
            variables = types_of_variables(task)
        self._scope = Scope({"input": task.input_schema, "output": output, "vars": variables})
        try:
            self._compiled = [self._compile(constraint) for constraint in task.constraints]
        except ExpressionError as error:
            raise ProjectError(
                [f"task {task.name!r}: a constraint does not fit: {error}"]
            ) from error

    def violations(
        self,
        input_: Mapping[str, Any],
        output: Any,
        variables: Mapping[str, Any] | None = None,
        *,
        filled: Collection[str] = (),
    ) -> tuple[Violation, ...]:
        """What this output, which conforms to its schema, breaks; at most 20, in order.

        A constraint that cannot be evaluated counts as broken, and its message says so. Of the
        fields that rules have ``filled`` nothing is named for which a model could be asked.
        """
        values = self._scope.bind({"input": input_, "output": output, "vars": variables or {}})
        found: list[Violation] = []
        for one in self._compiled:
            found += _broken(_without(one, filled) if filled else one, values)
        return tuple(found[:_MAX_VIOLATIONS])

    def _compile(self, constraint: ConstraintDefinition) -> _Compiled:
        require = self._scope.compile(constraint.require)
        return _Compiled(
            definition=constraint,
            when=None if constraint.when is None else self._scope.compile(constraint.when),
            require=require,
            paths=constraint.paths or _outermost(_pointers(require.reads)),
        )


def _broken(one: _Compiled, values: Bound) -> Iterator[Violation]:
    try:
        if one.when is not None and not one.when.holds(values):
            return
        if one.require.holds(values):
            return
        why = ""
    except EvaluationError as error:
        why = str(error)
    items = [] if one.definition.paths or one.paths == ("",) else one.require.failing_items(values)
    if items:
        for index in items[:_MAX_VIOLATIONS]:
            yield _violation(one, (f"{one.paths[0]}/{index}",), why)
    else:
        yield _violation(one, one.paths, why)


def _without(one: _Compiled, filled: Collection[str]) -> _Compiled:
    """The constraint, about what is left of its places without these fields."""
    paths = tuple(path for path in one.paths if _field_of(path) not in filled)
    return one if paths == one.paths else replace(one, paths=paths or ("",))


def _field_of(path: str) -> str:
    return path[1:].partition("/")[0].replace("~1", "/").replace("~0", "~")


def _violation(one: _Compiled, paths: tuple[str, ...], why: str) -> Violation:
    cannot = f" cannot be evaluated: {why}" if why else ""
    return Violation(
        path=paths[0] if len(paths) == 1 else _enclosing(paths),
        keyword="constraint",
        message=f"{one.definition.message} (constraint {one.definition.name}{cannot})",
        paths=paths if len(paths) > 1 else (),
    )


def _pointers(places: Iterable[Place]) -> list[str]:
    """Places of the output as pointers, cut where they go into every item of a list."""
    found = []
    for variable, *parts in places:
        if variable == "output":
            until = parts.index(EACH) if EACH in parts else len(parts)
            escaped = [str(part).replace("~", "~0").replace("/", "~1") for part in parts[:until]]
            found.append("".join("/" + part for part in escaped))
    return found


def _outermost(pointers: list[str]) -> tuple[str, ...]:
    unique = dict.fromkeys(pointers)
    outer = [p for p in unique if not any(p.startswith(q + "/") for q in unique)]
    return tuple(outer) or ("",)


def _enclosing(pointers: tuple[str, ...]) -> str:
    """The deepest place above all of these."""
    shared = []
    for parts in zip(*(pointer.split("/") for pointer in pointers), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared)
