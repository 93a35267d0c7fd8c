"""The functions that a suite's `python` checks name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from roadworthy.core.documents import SourceFolder
from roadworthy.core.errors import ProjectError
from roadworthy.tasks import Suite
from roadworthy.tasks.python_files import find_python, line_in, running

__all__ = ["PythonFunctions"]


class PythonFunctions:
    """Functions by file and name, as `Services.python` wants them; each file runs once.

    A version carries the text of its files, and is scored by no other: but what runs is the
    project's own file, so that a version from elsewhere brings no code to this machine.
    """

    def __init__(self, suite: Suite, *, root: Path, task: str) -> None:
        self._sources = suite.sources
        self._project = SourceFolder(root)
        self._task = task
        self._names: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, file: str, name: str) -> Callable[..., Any]:
        """The function.

        Raises:
            ProjectError: there is none, or the file is not the one that the version was
                published with.
        """
        with self._lock:
            if file not in self._names:
                self._names[file] = self._run(file)
            found = self._names[file].get(name)
        if not callable(found):
            raise ProjectError([f'{file}: has no function "{name}"'])
        function: Callable[..., Any] = found
        return function

    def _run(self, file: str) -> dict[str, Any]:
        place, source = find_python(file, self._task, self._project) or (file, None)
        if source is None or source != self._sources.get(file):
            raise ProjectError(
                [
                    f"{file}: is not the file that the version was published with; check out the"
                    " version's commit to score by it"
                ]
            )
        path = self._project.root / place
        try:
            with running(source, path, self._project.root) as module:
                return dict(vars(module))
        except (Exception, SystemExit) as error:  # the project's own code may raise anything
            at = line_in(error, path)
            raise ProjectError([f"{file}:{at}: raised {type(error).__name__}"]) from error
