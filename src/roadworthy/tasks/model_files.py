"""`models.toml`: the logical models of a project, bound for one environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
from roadworthy.models import Model
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
    environments: dict[str, EnvironmentEntry] = {}


class ModelTable:
    """The models that a project's tasks may name: declared ones, and those that need no file."""

    def __init__(self, declared: dict[str, Model], environ: Mapping[str, str]) -> None:
        self.models = dict(declared)
        """Those declared, and those found so far that need no file."""
        self.faults: list[Fault] = []
        self._environ = environ

    def find(self, name: str) -> Model | None:
        """The model of this name; None: there is none."""
        if name not in self.models:
            try:
                found = implicit_model(name, self._environ)
            except ProjectError as error:
                self.faults += [Fault(FILE, 0, fault) for fault in error.faults]
                return None
            if found is None:
                return None
            self.models[name] = found
        return self.models[name]


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
    faults: list[Fault] = []
    if must_exist and file.environments and environment not in file.environments:
        hint = did_you_mean(environment, file.environments)
        faults.append(document.fault(f'no environment "{environment}"{hint}', "environments"))
    models: dict[str, Model] = {}
    for name in dict.fromkeys([environment, *file.environments]):
        bound, found = _bind_all(file, name, document)
        if name == environment:
            models = bound
            faults += found
        else:  # a model that only another environment completes is no fault there
            faults += [fault for fault in found if not fault.message.startswith("missing key")]
    return ModelTable(models, os.environ), faults


def _bind_all(
    file: ModelsFile, environment: str, document: Document[ModelsFile]
) -> tuple[dict[str, Model], list[Fault]]:
    overrides = file.environments.get(environment, EnvironmentEntry()).models
    models: dict[str, Model] = {}
    faults: list[Fault] = []
    for name in dict.fromkeys([*file.models, *overrides]):
        merged = {**file.models.get(name, {}), **overrides.get(name, {})}
        prefixes: tuple[KeyPath, ...] = (
            ("environments", environment, "models", name),
            ("models", name),
        )
        if name not in overrides:
            prefixes = prefixes[1:]
        entry, found = convert(
            merged, ModelEntry, file=FILE, lines=document.lines, prefixes=prefixes
        )
        faults += found
        if entry is None or found:
            continue
        try:
            models[name] = bind_model(name, entry)
        except ValueError as error:
            faults.append(_binding_fault(name, str(error), document, prefixes=prefixes))
    return models, faults


def _binding_fault(
    name: str, message: str, document: Document[ModelsFile], *, prefixes: tuple[KeyPath, ...]
) -> Fault:
    """At the key that the message begins with, if it does, else at the model's table."""
    key = message.split(maxsplit=1)[0].strip("`").partition(".")[0]
    place = next((p for p in prefixes if (*p, key) in document.lines), None)
    path = prefixes[0] if place is None else (*place, key)
    return document.fault(f"models.{name}: {message}", *path)
