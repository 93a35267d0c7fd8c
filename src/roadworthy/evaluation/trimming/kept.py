"""The last report of each task, in the state folder: the dashboard shows it beside the prompt."""

from __future__ import annotations

from pathlib import Path

import msgspec

from roadworthy.core.whole_files import write_whole
from roadworthy.evaluation.trimming.report import TrimReport
from roadworthy.tasks import is_task_name

__all__ = ["keep_report", "kept_report"]

_FORMAT = 1


def keep_report(state: Path, report: TrimReport) -> None:
    """Replace the task's report. One of a cassette is no evidence, and is not kept."""
    if not report.replayed:
        file = _file(state, report.task)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, msgspec.json.encode(report))


def kept_report(state: Path, task: str) -> TrimReport | None:
    """The task's last report; None: it was never trimmed here, or by another release."""
    if not is_task_name(task):
        return None
    try:
        report = msgspec.json.decode(_file(state, task).read_bytes(), type=TrimReport)
    except (OSError, msgspec.MsgspecError):
        return None
    return report if report.format == _FORMAT else None


def _file(state: Path, task: str) -> Path:
    return state / "trims" / f"{task}.json"
