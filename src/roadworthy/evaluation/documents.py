"""Reports as JSON, for machines."""

from __future__ import annotations

from typing import Any

import msgspec

from roadworthy.evaluation.comparison import Comparison
from roadworthy.evaluation.report import Report

__all__ = ["comparison_json", "report_json"]


def report_json(report: Report) -> str:
    """The fields of `Report` with what follows from them: each ``status``, and whether the gate was
    ``decided``."""
    document: dict[str, Any] = {"kind": "test", "status": report.status}
    document |= msgspec.to_builtins(report)
    document["format"] = report.format
    for task, written in zip(report.tasks, document["tasks"], strict=True):
        written |= {"status": task.status, "decided": task.decided}
    return _text(document)


def comparison_json(comparison: Comparison) -> str:
    """The fields of `Comparison` with the ``verdict`` that follows from them."""
    document: dict[str, Any] = {"kind": "comparison", "verdict": comparison.verdict}
    document |= msgspec.to_builtins(comparison)
    document["format"] = comparison.format
    return _text(document)


def _text(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
