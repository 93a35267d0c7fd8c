"""The report of conformance that a request asks for: of the page and of the control API."""

from __future__ import annotations

from roadworthy.control.conformance_query import ConformanceQuery
from roadworthy.control.context import Control
from roadworthy.control.query import window
from roadworthy.monitoring import ConformanceReport, report_of

__all__ = ["conformance_report"]


def conformance_report(control: Control, query: ConformanceQuery) -> ConformanceReport:
    """The ledger of the span that ends now, with what it lets one say."""
    since_us, until_us, points = window(query.span, control.clock.now_us())
    return report_of(
        control.source.conformance(
            query.filter(),
            since_us=since_us,
            until_us=until_us,
            by=query.dimensions,
            buckets=points,
        )
    )
