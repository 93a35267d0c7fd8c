"""Monitoring: what moved in the figures of an installation, and whether that can be told."""

from roadworthy.monitoring.conformance import (
    Change,
    ConformanceLine,
    ConformanceReport,
    Share,
    report_of,
)
from roadworthy.monitoring.rules import RuleLine, RuleReport, TaskRules, rule_report

__all__ = [
    "Change",
    "ConformanceLine",
    "ConformanceReport",
    "RuleLine",
    "RuleReport",
    "Share",
    "TaskRules",
    "report_of",
    "rule_report",
]
