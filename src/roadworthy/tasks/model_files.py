"""`models.toml`: the logical models of a project, bound for one environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from roadworthy.core.documents import (
    Document,
    Fault,
    SourceFolder,
    convert,
    did_you_mean,
    read_toml,
)
from roadworthy.core.errors import ProjectError
from roadworthy.core.toml_lines import KeyPath
from roadworthy.models import Model, Secret
from roadworthy.models.catalog import ModelEntry, bind_model, implicit_model

__all__ = ["ModelTable", "load_models"]

FILE = "models.toml"


class EnvironmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """``[environments.NAME]``: what is different in one installation."""

    models: dict[str, dict[str, Any]] = {}
    """Keys that replace those of the model's own table, or whole models."""


class ModelsFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `models.toml`."""

    models: dict[str, dict[str, Any]] = {}
    """By logical name."""
    environments: dict[str, EnvironmentEntry] = {}
    """By the name that ``--env`` and ``[defaults] environment`` take."""


class ModelTable:
    """The models that a project's tasks may name: declared ones, and those that need no file."""

    def __init__(
        self, declared: dict[str, Model], environ: Mapping[str, str], *, names: Iterable[str] = ()
    ) -> None:
        self.models = dict(declared)
        """Those declared, and those found so far that need no file."""
        self.names = {*declared, *names}
        """Those declared, whether usable or at fault."""
        self.faults: list[Fault] = []
        self._environ = environ

    def knows(self, name: str) -> bool:
        """Whether there is a model of this name, at fault or not."""
        if name in self.names or name in self.models:
            return True
        try:
            found = implicit_model(name, self._environ)
        except ProjectError as error:
            self.faults += [Fault(FILE, 0, fault) for fault in error.faults]
            return True
        if found is not None:
            self.models[name] = found
        return found is not None


def load_models(
    project: SourceFolder, *, environment: str, must_exist: bool
) -> tuple[ModelTable, list[Fault]]:
    """The models of this environment and every fault of the file, those of other environments
    included. An environment that the file does not name is a fault if it `must_exist`."""
    text = project.read(FILE)
    if text is None:
        return ModelTable({}, os.environ), []
    document = read_toml(text, ModelsFile, file=FILE)
    file = document.value
    if file is None:
        return ModelTable({}, os.environ), document.faults
    faults = list(document.faults)
    if must_exist and file.environments and environment not in file.environments:
        hint = did_you_mean(environment, file.environments)
        faults.append(document.fault(f'no environment "{environment}"{hint}', "environments"))
    entries, found = _entries(file, environment, document)
    models, unbound = _bind(entries, environment, document)
    models = {name: _rooted(model, project.root) for name, model in models.items()}
    faults += found + unbound
    for name in file.environments.keys() - {environment}:
        # A model that only another environment completes is no fault there.
        _, found = _entries(file, name, document)
        faults += [fault for fault in found if not fault.message.startswith("missing key")]
    bound_here = file.environments.get(environment, EnvironmentEntry()).models
    names = {*file.models, *bound_here}
    return ModelTable(models, os.environ, names=names), faults


def _entries(
    file: ModelsFile, environment: str, document: Document[ModelsFile]
) -> tuple[dict[str, ModelEntry], list[Fault]]:
    """The models' tables as this environment has them."""
    overrides = file.environments.get(environment, EnvironmentEntry()).models
    entries: dict[str, ModelEntry] = {}
    faults: list[Fault] = []
    for name in dict.fromkeys([*file.models, *overrides]):
        merged = {**file.models.get(name, {}), **overrides.get(name, {})}
        prefixes = _places(environment, name, document)
        entry, found = convert(
            merged, ModelEntry, file=FILE, lines=document.lines, prefixes=prefixes
        )
        faults += found
        if entry is not None and not found:
            entries[name] = entry
    return entries, faults


def _bind(
    entries: dict[str, ModelEntry], environment: str, document: Document[ModelsFile]
) -> tuple[dict[str, Model], list[Fault]]:
    models: dict[str, Model] = {}
    faults: list[Fault] = []
    for name, entry in entries.items():
        try:
            models[name] = bind_model(name, entry)
        except ValueError as error:
            prefixes = _places(environment, name, document)
            faults.append(_binding_fault(name, str(error), document, prefixes=prefixes))
    return models, faults


def _rooted(model: Model, root: Path) -> Model:
    """The model with its key's file found from the project, wherever the gateway is started."""
    if model.api_key is None or model.api_key.file is None:
        return model
    return msgspec.structs.replace(
        model, api_key=Secret(file=str(root.resolve() / model.api_key.file))
    )


def _places(environment: str, name: str, document: Document[ModelsFile]) -> tuple[KeyPath, ...]:
    """The tables that a model is put together from, the one that counts first."""
    places = (("environments", environment, "models", name), ("models", name))
    return tuple(place for place in places if place in document.lines)


def _binding_fault(
    name: str, message: str, document: Document[ModelsFile], *, prefixes: tuple[KeyPath, ...]
) -> Fault:
    """At the key that the message begins with, if it does, else at the model's table."""
    key = message.split(maxsplit=1)[0].strip("`").partition(".")[0]
    place = next((p for p in prefixes if (*p, key) in document.lines), None)
    path = prefixes[0] if place is None else (*place, key)
    return document.fault(f"models.{name}: {message}", *path)
