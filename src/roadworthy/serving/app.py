"""The data plane as one ASGI application: which address is served by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from roadworthy.core.errors import NotFound
from roadworthy.pipeline import TASK_PREFIX, Pipeline, ServingState
from roadworthy.pipeline.contract import contract_of
from roadworthy.pipeline.selectors import PRODUCTION
from roadworthy.serving.chat import chat_endpoint
from roadworthy.serving.errors import json_response
from roadworthy.serving.guard import Endpoint, Guard
from roadworthy.serving.task import task_endpoint

__all__ = ["GatewayStatus", "create_app"]

_ADDRESSES = (
    "POST /v1/chat/completions, POST /v1/tasks/TASK, GET /v1/tasks/TASK/schema, GET /v1/models,"
    " /healthz, /readyz"
)


class GatewayStatus(msgspec.Struct, kw_only=True):
    """What a gateway says of itself."""

    revision: str
    """Of the snapshot that it serves."""
    under_way: int = 0
    """Calls that have begun and not ended."""
    unrecorded: int = 0
    """Calls that could not be written to the journal since the process began."""
    ready: bool = True


def create_app(
    pipeline: Pipeline,
    *,
    state: Callable[[], ServingState],
    status: Callable[[], GatewayStatus],
    allowed_hosts: tuple[str, ...] = (),
    via: str | None = None,
) -> Router:
    """The application; stateless but for what the callables return."""
    guard = Guard(allowed_hosts, via=via)

    def max_body_bytes() -> int:
        return state().snapshot.settings.limits.max_body_bytes

    def route(path: str, method: str, endpoint: Endpoint) -> Route:
        return Route(path, guard(method, endpoint))

    routes = [
        route("/v1/chat/completions", "POST", chat_endpoint(pipeline, max_body_bytes)),
        route("/v1/tasks/{task}", "POST", task_endpoint(pipeline, max_body_bytes)),
        route("/v1/tasks/{task}/schema", "GET", _contract_endpoint(state)),
        route("/v1/models", "GET", _models_endpoint(state)),
        route("/healthz", "GET", _health_endpoint(status, must_be_ready=False)),
        route("/readyz", "GET", _health_endpoint(status, must_be_ready=True)),
    ]
    return Router(routes, redirect_slashes=False, default=guard("*", _nowhere))


async def _nowhere(request: Request, _request_id: str) -> Response:
    raise NotFound(
        f"nothing is served at {request.scope['path'][:80]!r}; this gateway serves {_ADDRESSES}"
    )


def _contract_endpoint(state: Callable[[], ServingState]) -> Endpoint:
    async def contract(request: Request, request_id: str) -> Response:
        found = await contract_of(state(), request.path_params["task"])
        return json_response(found, {"x-request-id": request_id})

    return contract


def _models_endpoint(state: Callable[[], ServingState]) -> Endpoint:
    async def models(_request: Request, request_id: str) -> Response:
        body = {"object": "list", "data": list(_listed(state()))}
        return json_response(body, {"x-request-id": request_id})

    return models


def _listed(state: ServingState) -> Iterator[dict[str, Any]]:
    """Tasks, then what their other channels reach, then plain models."""
    for name, task in state.tasks.items():
        index = state.snapshot.versions.get(name)
        channels = {} if index is None else index.channels
        yield _model(TASK_PREFIX + name, version=task.definition.version, channels=channels)
    for name, index in state.snapshot.versions.items():
        for channel, version in index.channels.items():
            if channel != PRODUCTION or state.snapshot.serves != PRODUCTION:
                yield _model(f"{TASK_PREFIX}{name}@{channel}", version=version)
    for name in state.snapshot.models:
        yield _model(name)


def _model(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "roadworthy", **more}


def _health_endpoint(status: Callable[[], GatewayStatus], *, must_be_ready: bool) -> Endpoint:
    async def health(_request: Request, request_id: str) -> Response:
        current = status()
        code = 503 if must_be_ready and not current.ready else 200
        return json_response(current, {"x-request-id": request_id}, status=code)

    return health
