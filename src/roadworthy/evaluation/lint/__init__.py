"""What a prompt weighs, and what is wrong with it as far as reading it tells: no model is asked."""

from roadworthy.evaluation.lint.findings import CODES, Finding, Level
from roadworthy.evaluation.lint.linting import lint_project, lint_task
from roadworthy.evaluation.lint.report import LintReport, TaskLint, Weight

__all__ = [
    "CODES",
    "Finding",
    "Level",
    "LintReport",
    "TaskLint",
    "Weight",
    "lint_project",
    "lint_task",
]
