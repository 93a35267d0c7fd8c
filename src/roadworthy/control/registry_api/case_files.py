"""Saves a case to a working copy: the one thing that the control plane writes into a project.

The line is held against the working copy first, by the loader's own eyes, so that a saved case
never puts a project at fault; what is there already is never changed.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from threading import Lock
from typing import Any, Final

import msgspec

from roadworthy.core.documents import Document, Fault, SourceFolder
from roadworthy.core.errors import InvalidRequest, NotFound, StoreError
from roadworthy.tasks import Suite, TaskDefinition, is_task_name
from roadworthy.tasks.cases import Case, case_id
from roadworthy.tasks.expectations import About
from roadworthy.tasks.project import Project, survey_project
from roadworthy.tasks.suite_file import CASES_FILE, judge_faults, load_suite

__all__ = ["SavedCase", "save_case"]

MAX_TOLD: Final = 5
_one_at_a_time = Lock()


class SavedCase(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands now."""

    task: str
    id: str
    """The one that was given, or what stands for the case's input."""
    file: str
    """Relative to the project."""
    line: int


def save_case(root: Path | None, task: str, data: dict[str, Any]) -> SavedCase:
    """Add a line to the `cases.jsonl` of a working copy.

    Raises:
        NotFound: there is no working copy of this task here.
        InvalidRequest: the case does not fit the task, or the working copy is at fault itself.
        StoreError: the file cannot be written; then nothing was.
    """
    if root is None or not is_task_name(task) or not (root / "tasks" / task).is_dir():
        raise NotFound(
            f"This installation has no working copy of {task[:80]!r}. Save the case where the"
            " task's files are: add it to cases.jsonl there, and publish."
        )
    project = survey_project(root)
    definition = project.tasks.get(task)
    if definition is None:
        raise InvalidRequest(
            f"The working copy of {task!r} has faults; mend them first: "
            + _told([fault for fault in project.faults if f"tasks/{task}/" in fault])
        )
    line = _line(data)
    file = f"tasks/{task}/{CASES_FILE}"
    with _one_at_a_time:
        number, case = _checked(project, definition, line)
        _append(root / file, line)
    return SavedCase(task=task, id=case_id(case), file=file, line=number)


class _WithLine(SourceFolder):
    """A project's files, and one of them a line longer than it is."""

    def __init__(self, root: Path, file: str, line: str) -> None:
        super().__init__(root)
        self._file, self._line = file, line
        self.number = 0

    def read(self, file: str) -> str | None:
        text = super().read(file)
        if file != self._file:
            return text
        before = text or ""
        before += "" if before.endswith("\n") or not before else "\n"
        self.number = before.count("\n") + 1
        return f"{before}{self._line}\n"


def _checked(project: Project, definition: TaskDefinition, line: str) -> tuple[int, Case]:
    """The number of the line, and the case in it."""
    folder = f"tasks/{definition.name}"
    files = _WithLine(project.root, f"{folder}/{CASES_FILE}", line)
    document: Document[Any] = Document(file=f"{folder}/task.toml", value=None, faults=[])
    loaded = load_suite(Suite(), About.of(definition, {}), document=document, project=files)
    judges = [use for use in loaded.judges if use.place.line == files.number]
    faults = loaded.faults + judge_faults(judges, project.tasks, project.tasks.keys())
    faults = [fault for fault in faults if fault.line == files.number]
    if faults or not loaded.suite.cases:
        raise InvalidRequest("The case was not saved: " + _told(_messages(faults)))
    return files.number, loaded.suite.cases[-1]


def _line(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False)
    # Some editors and readers take these for the end of a line.
    for end in "\u0085\u2028\u2029":
        text = text.replace(end, f"\\u{ord(end):04x}")
    return text


def _append(file: Path, line: str) -> None:
    """All of the line or nothing; a last line that has no end gets one."""
    try:
        data = line.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidRequest("The case holds half of a character, which no file can.") from error
    try:
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            size = os.fstat(fd).st_size
            ended = size == 0 or os.pread(fd, 1, size - 1) == b"\n"
            whole = (b"" if ended else b"\n") + data + b"\n"
            if os.write(fd, whole) != len(whole):
                os.ftruncate(fd, size)
                raise StoreError(f"{file} cannot be written: the disk is full. Free some of it.")
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise StoreError(
            f"{file} cannot be written: {error.strerror}. Give the user that Roadworthy runs as"
            " the right to write there."
        ) from error


def _messages(faults: list[Fault]) -> list[str]:
    return [fault.message for fault in faults] or ["it cannot be read"]


def _told(faults: list[str]) -> str:
    more = len(faults) - MAX_TOLD
    return "; ".join(faults[:MAX_TOLD]) + (f"; and {more} more" if more > 0 else "") + "."
