"""Monitoring: what moved in the figures of an installation, and whether that can be told."""

from roadworthy.monitoring.conformance import (
    Change,
    ConformanceLine,
    ConformanceReport,
    Share,
    report_of,
)

__all__ = ["Change", "ConformanceLine", "ConformanceReport", "Share", "report_of"]
