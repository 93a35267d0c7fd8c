"""The page of conformance. As in the API, routes run in threads and may block."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from roadworthy.control.conformance_page import conformance_page
from roadworthy.control.conformance_query import ConformanceQuery
from roadworthy.control.conformance_report import conformance_report
from roadworthy.control.context import control_of
from roadworthy.control.query import parse_query
from roadworthy.storage.views import CallFilter

__all__ = ["router"]

router = APIRouter(include_in_schema=False, default_response_class=Response)


@router.get("/conformance")
def show_conformance(request: Request) -> Response:
    control = control_of(request)
    query = parse_query(ConformanceQuery, request.query_params)
    newest = control.source.list_calls(CallFilter(), limit=1, before=None).rows
    return control.page(
        "conformance.html",
        here="conformance",
        health=control.health(),
        query=query,
        given=query.model_dump(by_alias=True),
        page=conformance_page(conformance_report(control, query), query),
        tasks=control.source.task_names(),
        any_call=bool(newest),
    )
