"""Functions of a project's Python files that rules compute with.

A function says by its parameters what it takes: fields of the input and variables, by their names,
or all of them as ``input`` and ``vars``. Its annotations are its types: values are converted to
them, so that a date may come as a `datetime.date`, and lines of an order as dataclasses.
"""

from __future__ import annotations

import inspect
import sys
import traceback
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from roadworthy.core.documents import did_you_mean
from roadworthy.core.errors import RuleFailed
from roadworthy.expressions import AbsentError, EvaluationError, SchemaType, require_json
from roadworthy.tasks.python_files import line_in, running

__all__ = ["RuleFunction", "UnusableFunction", "functions_in", "load_functions"]

WHOLE: Final = ("input", "vars")
"""Names of parameters that take all of it, where nothing has them for its own."""
_PLAIN: Final = (str, int, float, bool)


class UnusableFunction(Exception):
    """The function cannot be used; the message says why."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFunction:
    """A function with its types."""

    name: str
    """``rules.py:total``"""
    function: Callable[..., Any]
    parameters: Mapping[str, Any]
    """The types of its parameters, in their order."""
    required: frozenset[str]
    """Those without a default."""
    returns: Any
    schema: dict[str, Any]
    """What it returns, as JSON Schema."""

    @property
    def type(self) -> SchemaType:
        """Of what it returns."""
        return SchemaType((self.schema,), self.schema)

    def call(self, input_: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
        """What it returns for these, as JSON.

        Raises:
            AbsentError: a value that it needs is not there.
            RuleFailed: it raised an error, or returned something else than it says.
        """
        given: dict[str, Any] = {}
        try:
            for name, type_ in self.parameters.items():
                value = _taken(name, input_, variables)
                if value is not msgspec.UNSET:
                    given[name] = _converted(value, type_)
                elif name in self.required:
                    raise AbsentError("a value that it takes is missing")
        except msgspec.ValidationError as error:
            raise EvaluationError("a value is of another type than its parameter") from error
        try:
            result = self.function(**given)
        except Exception as error:  # the project's own code: its kind and line are the record
            raise RuleFailed(f"{self.name} raised {_raised(error)}; mend the function") from error
        return self._as_json(result)

    def _as_json(self, result: Any) -> Any:
        try:
            value = msgspec.to_builtins(msgspec.convert(result, self.returns, from_attributes=True))
            require_json(value)
            return value
        except (msgspec.ValidationError, EvaluationError, TypeError, RecursionError) as error:
            raise RuleFailed(
                f"{self.name} returned a {type(result).__name__}, and its annotation promises"
                f" {_shown(self.returns)}; mend the function"
            ) from error


def load_functions(references: Iterable[str], root: Path) -> dict[str, RuleFunction]:
    """The functions by reference (``tasks/orders/rules.py:total``), from the files of the project
    at `root`.

    Raises:
        UnusableFunction: one is missing, cannot be run or says nothing of its types.
    """
    found: dict[str, RuleFunction] = {}
    by_file: dict[str, list[str]] = {}
    for reference in references:
        file, _, name = reference.rpartition(":")
        by_file.setdefault(file, []).append(name)
    for file, names in by_file.items():
        try:
            source = (root / file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UnusableFunction(f"{file} is not in the project, or is no text") from error
        functions, _ = functions_in(file, source, names, root)
        found |= {f"{file}:{name}": function for name, function in functions.items()}
    return found


def functions_in(
    file: str, source: str, names: Iterable[str], root: Path
) -> tuple[dict[str, RuleFunction], dict[str, str]]:
    """Functions of one file by name, and the texts of all files of the project that it imports.

    Raises:
        UnusableFunction: as `load_functions`.
    """
    path = root / file
    try:
        with running(source, path, root) as module:
            functions = {name: _function(module, file, name) for name in names}
            return functions, {file: source} | _neighbours(path.parent, root)
    except UnusableFunction:
        raise
    except (Exception, SystemExit) as error:  # becomes a fault of the project
        raise UnusableFunction(f"{file} raised {_raised(error)}", line_in(error, path)) from error


def _neighbours(folder: Path, root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for module in list(sys.modules.values()):
        origin = getattr(module, "__file__", None)
        if isinstance(origin, str) and Path(origin).parent in (folder, root):
            path = Path(origin)
            if path.suffix == ".py" and path.is_file():
                found[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8")
    return found


def _function(module: Any, file: str, name: str) -> RuleFunction:
    function = getattr(module, name, None)
    label = f"{file.rpartition('/')[2]}:{name}"
    if not inspect.isfunction(function):
        known = [n for n, v in vars(module).items() if inspect.isfunction(v) and n[0] != "_"]
        raise UnusableFunction(f'{file} has no function "{name}"{did_you_mean(name, known)}')
    line = function.__code__.co_firstlineno
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise UnusableFunction(f"{label} must be a plain function: rules wait for nothing", line)
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise UnusableFunction(f"{label} takes *{parameter.name}; name what it takes", line)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UnusableFunction(f"{label}: {parameter.name} must be taken by name", line)
        if parameter.name not in hints:
            raise UnusableFunction(f"{label}: {parameter.name} has no type; annotate it", line)
    if "return" not in hints:
        raise UnusableFunction(f"{label} does not say what it returns; annotate it with ->", line)
    types = {n: hints[n] for n in parameters}
    for what, type_ in (*types.items(), ("what it returns", hints["return"])):
        _schema_of(type_, f"{label}: {what}", line)
    return RuleFunction(
        name=label,
        function=function,
        parameters=types,
        required=frozenset(n for n, p in parameters.items() if p.default is p.empty),
        returns=hints["return"],
        schema=_schema_of(hints["return"], label, line),
    )


def _schema_of(type_: Any, what: str, line: int) -> dict[str, Any]:
    try:
        schema: dict[str, Any] = msgspec.json.schema(type_)
    except (TypeError, ValueError) as error:
        raise UnusableFunction(
            f"{what} is of the type {_shown(type_)}, which is none of JSON; use str, int, float,"
            " bool, list, dict, date, a dataclass or a msgspec Struct",
            line,
        ) from error
    return schema


def _taken(name: str, input_: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    if name in input_:
        return input_[name]
    if name in variables:
        return variables[name]
    if name in WHOLE:
        return input_ if name == "input" else variables
    return msgspec.UNSET


def _converted(value: Any, type_: Any) -> Any:
    if type(value) is type_ and type_ in _PLAIN:
        return value
    if type_ is int and type(value) is float and value.is_integer():
        return int(value)  # the same number in JSON
    return msgspec.convert(value, type_)


def _raised(error: BaseException) -> str:
    """The error's kind and line, and not what it says: that may quote the input."""
    frames = traceback.extract_tb(error.__traceback__)
    line = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{line}"


def _shown(type_: Any) -> str:
    return getattr(type_, "__name__", None) or str(type_)
