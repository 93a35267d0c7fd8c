"""A snapshot made ready to serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.core.errors import RoadworthyError
from roadworthy.models import Model, implicit_model
from roadworthy.pipeline.compiled import CompiledTask, bind_again, compile_task, with_definition
from roadworthy.pipeline.pinned import Pin, PinnedVersions
from roadworthy.tasks import Snapshot, TaskDefinition

__all__ = ["ServingState", "compile_state"]

MAX_IMPLICIT_MODELS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingState:
    """Everything a gateway serves from. Immutable; swapped whole."""

    snapshot: Snapshot
    tasks: Mapping[str, CompiledTask]
    """What calls reach that name no version."""
    environ: Mapping[str, str]
    unservable: Mapping[str, str] = field(default_factory=dict)
    """Why a task cannot be served although it should be, by its name."""
    pins: PinnedVersions = field(default_factory=PinnedVersions)
    """Shared with the states before and after this one."""
    _implicit: dict[str, Model | None] = field(default_factory=dict)

    def model(self, name: str) -> Model | None:
        """A model of the project, else one that needs no file (``local``, ``openai/NAME``)."""
        declared = self.snapshot.models.get(name)
        if declared is not None:
            return declared
        if name in self._implicit:
            return self._implicit[name]
        found = implicit_model(name, self.environ)
        if len(self._implicit) >= MAX_IMPLICIT_MODELS:  # callers choose these names
            self._implicit.clear()
        self._implicit[name] = found
        return found

    def unpriced(self) -> list[str]:
        """Models that callers named and no file declares, whose cost is unknown so far."""
        return [name for name, model in self._implicit.items() if model and model.price is None]

    def pinned(self, pin: Pin) -> CompiledTask | None:
        """A published version, if no file needs to be read for it; see `PinnedVersions.kept`."""
        served = self.tasks.get(pin.task)
        if served is not None and served.definition.version == pin.version:
            return served
        return self.pins.kept(pin, self.model)

    async def load(self, pin: Pin) -> CompiledTask:
        """A published version from its file; see `PinnedVersions.load`."""
        return await self.pins.load(pin, self.model, root=self.snapshot.root)


def compile_state(
    snapshot: Snapshot,
    environ: Mapping[str, str],
    *,
    previous: ServingState | None = None,
    pins: PinnedVersions | None = None,
) -> ServingState:
    """The snapshot, ready to serve. A task that cannot be compiled is left out and said why.

    ``previous`` gives what needs not be compiled again, so that a gateway with many tasks does
    not stand still whenever one of them moves; ``pins`` are its own where there is none before.
    """
    if pins is None:
        pins = PinnedVersions() if previous is None else previous.pins
    tasks: dict[str, CompiledTask] = {}
    unservable = dict(snapshot.unservable)
    state = ServingState(
        snapshot=snapshot, tasks=tasks, environ=environ, unservable=unservable, pins=pins
    )
    for reference, definition in snapshot.tasks.items():
        known = previous.tasks.get(reference) if previous else None
        try:
            tasks[reference] = _compile(definition, state, known)
        except RoadworthyError as error:
            unservable[reference] = error.message
    return state


def _compile(
    definition: TaskDefinition, state: ServingState, known: CompiledTask | None
) -> CompiledTask:
    again = None if known is None else with_definition(known, definition)
    if again is None:
        return compile_task(definition, state.model, root=state.snapshot.root)
    return bind_again(again, state.model)
