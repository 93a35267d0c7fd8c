"""The control plane as one ASGI application: the API, the pages, and the guard and the
door around both."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import FastAPI
from starlette.types import ASGIApp, Scope

from roadworthy.control.api import router as api_router
from roadworthy.control.assets import load_assets
from roadworthy.control.conformance_routes import router as conformance_router
from roadworthy.control.context import Control, Workbench
from roadworthy.control.document import describe
from roadworthy.control.entry.access import Access, open_access
from roadworthy.control.entry.door import Door
from roadworthy.control.entry.guard import Guard
from roadworthy.control.entry.session_routes import api_router as session_api_router
from roadworthy.control.entry.session_routes import router as session_router
from roadworthy.control.faults import fault_response, install_error_handlers
from roadworthy.control.pages import router as page_router
from roadworthy.control.prompts.diff_routes import router as diff_router
from roadworthy.control.prompts.lint_routes import api_router as lint_api_router
from roadworthy.control.prompts.lint_routes import router as lint_router
from roadworthy.control.prompts.playground_routes import router as playground_router
from roadworthy.control.prompts.prompt_routes import router as prompt_router
from roadworthy.control.registry_api.keys_page_routes import router as keys_page_router
from roadworthy.control.registry_api.keys_routes import router as keys_router
from roadworthy.control.registry_api.registry_routes import router as registry_router
from roadworthy.control.registry_api.work_routes import router as work_router
from roadworthy.control.rendering import Renderer
from roadworthy.control.source import CallSource
from roadworthy.core import Clock, SystemClock
from roadworthy.core.errors import RoadworthyError
from roadworthy.core.version import installed_version

__all__ = ["create_app"]


def create_app(
    source: CallSource,
    *,
    workbench: Workbench | None = None,
    access: Access | None = None,
    hosts: Collection[str] = (),
    clock: Clock | None = None,
    gateway_url: str = "http://127.0.0.1:8700",
) -> ASGIApp:
    """The control API and the dashboard over this source.

    ``workbench`` holds the registry and what else can be changed here; None: nothing can.
    ``access`` says who may come in, see `roadworthy.control.entry.access.stored_access`; None:
    everybody who gets past the guard, as an owner.
    ``hosts`` are names, without ports, under which it may be addressed beside loopback's.
    ``gateway_url`` is what the pages tell people to send calls to.
    """
    version = installed_version()
    assets = load_assets()
    clock = clock or SystemClock()
    access = access or open_access()
    control = Control(
        source=source,
        clock=clock,
        renderer=Renderer(assets, version=version),
        assets=assets,
        version=version,
        gateway_url=gateway_url.rstrip("/"),
        access=access,
        workbench=workbench,
    )
    app = FastAPI(
        title="Roadworthy control API",
        summary="Figures and records of the calls that this installation served.",
        version=version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.control = control
    app.include_router(session_api_router)
    app.include_router(session_router)
    app.include_router(keys_router)
    app.include_router(keys_page_router)
    app.include_router(registry_router)  # before the address of a task, whose name may hold slashes
    app.include_router(work_router)
    app.include_router(lint_api_router)
    app.include_router(api_router)
    app.include_router(diff_router)
    app.include_router(playground_router)
    app.include_router(lint_router)
    app.include_router(prompt_router)  # before the page of a task, whose name may hold slashes
    app.include_router(page_router)
    app.include_router(conformance_router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]  # FastAPI's own way
    install_error_handlers(app)

    def refuse(scope: Scope, error: RoadworthyError) -> ASGIApp:
        return fault_response(control, scope, error)

    door = Door(app, access=access, clock=clock, refuse=refuse)
    return Guard(door, hosts=hosts, clock=clock, refuse=refuse)
