"""What every route of the control plane works with, and how a route gets at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fastapi import Request
from fastapi.responses import HTMLResponse

from roadworthy.control.assets import Asset
from roadworthy.control.entry.access import Access
from roadworthy.control.entry.visitor import visitor
from roadworthy.control.health import Health, health_of
from roadworthy.control.registry_api.announcing import AnnouncingRegistry
from roadworthy.control.rendering import Renderer
from roadworthy.control.source import CallSource
from roadworthy.core import Clock
from roadworthy.core.errors import NotFound
from roadworthy.pipeline.chain.resumption import Resumption
from roadworthy.registry import Registry

__all__ = ["Control", "Play", "Resume", "Workbench", "control_of"]

Play: TypeAlias = Callable[[str, str | None, dict[str, Any], str | None], dict[str, Any]]
"""Makes a call to try something out: a task, which version of it (None: what is served), an input,
a model in place of the version's own; what comes back is what the task's address answers."""


Resume: TypeAlias = Callable[[Resumption, float | None], dict[str, Any]]
"""Goes on with a chain that failed, within so many seconds (None: as its task says); what comes
back is as of `Play`."""


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """What the control plane can do beside showing what was recorded."""

    registry: Registry
    on_change: Callable[[], None] = lambda: None
    """Called, in the thread of the request, after the registry was written: what is served may be
    another version now. It should return when that is so."""
    root: Path | None = None
    """The project's folder with the working copies; None: this installation has none."""
    play: Play | None = None
    """None: nothing is served here that could be tried out."""
    resume: Resume | None = None
    """None: nothing is served here that could go on."""


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
    access: Access
    workbench: Workbench | None = None
    """None: nothing can be changed here, as in tests of pages that only show."""

    @property
    def registry(self) -> Registry:
        """It tells whoever serves when it was written.

        Raises:
            NotFound: this control plane has none.
        """
        return AnnouncingRegistry(self.bench.registry, self.bench.on_change)

    @property
    def bench(self) -> Workbench:
        """
        Raises:
            NotFound: this control plane has none.
        """
        if self.workbench is None:
            raise NotFound("This control plane has no registry. Ask the one of `roadworthy serve`.")
        return self.workbench

    def health(self) -> Health:
        return health_of(self.source.status(), version=self.version)

    def page(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A page as a response. Never kept by a browser or a proxy: it may hold users' texts."""
        text = self.renderer.page(
            template,
            now_us=self.clock.now_us(),
            gateway_url=self.gateway_url,
            visitor=visitor(),
            keys_kept=self.access.keys is not None,
            **context,
        )
        return HTMLResponse(text, status, {"cache-control": "no-store"})

    @property
    def play(self) -> Play:
        """
        Raises:
            NotFound: nothing is served here.
        """
        if self.bench.play is None:
            raise NotFound(
                "Nothing is served here that could be tried out. Ask `roadworthy serve`."
            )
        return self.bench.play

    @property
    def resume(self) -> Resume:
        """
        Raises:
            NotFound: nothing is served here.
        """
        if self.bench.resume is None:
            raise NotFound("Nothing is served here that could go on. Ask `roadworthy serve`.")
        return self.bench.resume


def control_of(request: Request) -> Control:
    control: Control = request.app.state.control
    return control
