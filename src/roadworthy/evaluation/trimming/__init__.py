"""The smallest prompt that answers as well: each part left out in turn, and what that costs."""

from roadworthy.evaluation.trimming.report import TrimPart, TrimPlan, TrimReport, TrimVerdict
from roadworthy.evaluation.trimming.trimming import Budget, Wish, plan_trim, run_trim

__all__ = [
    "Budget",
    "TrimPart",
    "TrimPlan",
    "TrimReport",
    "TrimVerdict",
    "Wish",
    "plan_trim",
    "run_trim",
]
