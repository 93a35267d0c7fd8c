"""`python`: a function of the project's own."""

from __future__ import annotations

import ast
import asyncio
import copy
import functools
import inspect
import math
import re
import traceback
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from roadworthy.core.documents import did_you_mean
from roadworthy.tasks.expectations.answer import Answer, Scorer, Services, Verdict
from roadworthy.tasks.expectations.kind import About, Kind, no_value

__all__ = ["Python", "named_file"]

_NAMED: Final = re.compile(r"(?P<file>[^:]+\.py):(?P<name>[A-Za-z_]\w*)")
_MAX_REASON: Final = 300


class Python(Kind, frozen=True, kw_only=True):
    """A function of a Python file says so. It is called with the output and the input, and returns
    true or false; a degree from 0 to 1; either with a reason, as a tuple; or None: unscored. What
    it raises is a failure, under `not_` too."""

    kind: ClassVar[str] = "python"
    example: ClassVar[str] = '{"python": "checks.py:polite"}'

    python: str
    """`file.py:function`, in the task's folder or the project's."""
    min: float = 0.5
    """The least degree that passes."""

    @property
    def label(self) -> str:
        return self.name or f"{self.kind}.{self.python.rpartition(':')[2]}"

    def faults(self, about: About, /) -> Iterator[str]:
        match = _NAMED.fullmatch(self.python)
        if match is None:
            yield f'python: "{self.python}" is no function; write "checks.py:polite"'
            return
        source = about.sources.get(match["file"])
        if source is None:
            where = "in the task's folder or the project's"
            yield f'python: there is no file "{match["file"]}" {where}'
            return
        yield from _faults_of(source, match["file"], match["name"])

    def scorer(self, _about: About, services: Services, /) -> Scorer:
        file, _, name = self.python.rpartition(":")

        @functools.cache
        def function() -> Any:
            return None if services.python is None else services.python(file, name)

        async def score(answer: Answer) -> Verdict:
            if answer.error is not None:
                return no_value(answer)
            # In threads: what takes long to load or to run holds up no other run.
            called = await asyncio.to_thread(function)
            if called is None:
                return Verdict(passed=None, reason="no Python functions are at hand")
            try:
                # On copies: what it changes, the next check does not see.
                given = copy.deepcopy((answer.value, answer.input))
                said = await asyncio.to_thread(called, *given)
                if inspect.isawaitable(said):
                    said = await said
            except (Exception, SystemExit) as error:  # noqa: BLE001  # the project's own code: its record
                return Verdict(passed=False, reason=_raised(error, file), stands=True)
            return _verdict(said, self.min)

        return score


def named_file(check: dict[str, Any]) -> str | None:
    """The file that a check as it was written names; None if it is of another kind."""
    given = check.get("python", check.get("not_python"))
    match = _NAMED.fullmatch(given) if isinstance(given, str) else None
    return match["file"] if match else None


def _faults_of(source: str, file: str, name: str) -> Iterator[str]:
    # Read, not run: whoever only loads a project runs none of its checks.
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        yield f"python: {file}{f':{line}' if line else ''} is not Python: {type(error).__name__}"
        return
    names = set(_names(tree.body))
    if name not in names and "*" not in names:
        yield f'python: {file} has no function "{name}"{did_you_mean(name, names)}'


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """Names that the statements give, those inside ``if`` and ``try`` included."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.alias):
                yield (inner.asname or inner.name).partition(".")[0]
            elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
            elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                yield inner.name


def _verdict(said: Any, least: float) -> Verdict:
    reason = ""
    if isinstance(said, tuple) and len(said) == 2:
        said, given = said
        reason = given[:_MAX_REASON] if isinstance(given, str) else ""
    if said is None:
        return Verdict(passed=None, reason=reason or "the function said nothing")
    if isinstance(said, bool):
        return Verdict(passed=said, reason=reason)
    if isinstance(said, int | float) and math.isfinite(said) and 0 <= said <= 1:
        return Verdict(passed=said >= least, score=float(said), reason=reason)
    reason = f"the function returned a {type(said).__name__}, not true, false or a degree"
    return Verdict(passed=False, reason=reason, stands=True)


def _raised(error: BaseException, file: str) -> str:
    name = file.rpartition("/")[2]
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(name)]
    line = f" at {file}:{frames[-1].lineno}" if frames else ""
    # Not what it says: that may quote the answer at any length.
    return f"{type(error).__name__}{line}"
