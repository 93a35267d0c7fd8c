"""What every route of the control plane works with, and how a route gets at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from roadworthy.control.assets import Asset
from roadworthy.control.health import Health, health_of
from roadworthy.control.rendering import Renderer
from roadworthy.control.source import CallSource
from roadworthy.core import Clock

__all__ = ["Control", "control_of"]


@dataclass(frozen=True, kw_only=True)
class Control:
    """Held by the application; shared by all requests."""

    source: CallSource
    clock: Clock
    renderer: Renderer
    assets: Mapping[str, Asset]
    version: str
    gateway_url: str
    """Where callers reach the data plane, without a trailing slash."""

    def health(self) -> Health:
        return health_of(self.source.status(), version=self.version)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page as a response. Never kept by a browser or a proxy: it may hold users' texts."""
        text = self.renderer.page(
            template, now_us=self.clock.now_us(), gateway_url=self.gateway_url, **context
        )
        return HTMLResponse(text, status, {"cache-control": "no-store"})


def control_of(request: Request) -> Control:
    control: Control = request.app.state.control
    return control
