"""The OpenAPI document of the control API: routes as FastAPI sees them, values as msgspec
describes them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from roadworthy.access.keys import NewKey
from roadworthy.control.answers import REFERENCE
from roadworthy.control.api import TaskList
from roadworthy.control.entry.session_routes import Me
from roadworthy.control.faults import ErrorBody
from roadworthy.control.health import Health
from roadworthy.control.registry_api.case_files import SavedCase
from roadworthy.control.registry_api.keys_routes import KeyList, KeyWish
from roadworthy.control.registry_api.registry_routes import (
    ChannelList,
    MoveList,
    ResultList,
    VersionList,
)
from roadworthy.control.registry_api.work_routes import Played, PlayWish
from roadworthy.control.resuming import ResumeWish
from roadworthy.control.task_report import TaskReport
from roadworthy.evaluation.lint import TaskLint
from roadworthy.evaluation.trimming import TrimReport
from roadworthy.monitoring import ConformanceReport, RuleReport
from roadworthy.registry import Draft, Evidence, Move, MoveRequest, Publication, Version
from roadworthy.registry.differences import Difference
from roadworthy.storage.views import CallPage, CallTree, Overview, StoredCall
from roadworthy.tasks import Case

__all__ = ["DOCUMENTED", "describe"]

DOCUMENTED: Final[tuple[type[msgspec.Struct], ...]] = (
    *(Overview, CallPage, StoredCall, CallTree, ResumeWish, RuleReport),
    *(TaskList, TaskReport, ConformanceReport, Health),
    *(VersionList, Version, Draft, Publication, ChannelList, MoveRequest, Move, Evidence, MoveList),
    *(ResultList, Difference, KeyList, KeyWish, NewKey, Me, Case, SavedCase),
    *(TaskLint, TrimReport, PlayWish, Played, ErrorBody),
)
"""What the API takes and answers; what these hold is described with them."""

_BUNDLE: Final = {
    "title": "Bundle",
    "description": "What `roadworthy export` writes: versions, channels, history and results.",
    "type": "object",
}
_SECURITY: Final = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "rw_o_… or rw_v_…",
        "description": "A key of `roadworthy keys create`. None is needed from this machine as"
        " long as no key was ever made. Viewers may read; all that changes something takes an"
        " owner.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "roadworthy_session_…",
        "description": "Of a person who logged in at `/login`. What changes something must bear"
        " the token of our pages' forms, too, as `x-csrf-token`.",
    },
}
_PUBLIC: Final = frozenset({"/healthz"})


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, routes=app.routes, summary=app.summary
        )
        _, schemas = msgspec.json.schema_components(DOCUMENTED, ref_template=REFERENCE)
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(schemas | {"Bundle": _BUNDLE})
        components["securitySchemes"] = _SECURITY
        document["security"] = [{"key": []}, {"session": []}, {}]
        # FastAPI's own error shape: this API never answers it.
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        for path, methods in document["paths"].items():
            for about in methods.values():
                about["responses"].pop("422", None)
                if path in _PUBLIC:
                    about["security"] = []
        app.openapi_schema = document
    return app.openapi_schema
