"""A task as the gateway serves it, and the snapshot that holds all of them.

Both are plain values: built by the keeper from files and the registry, written to the state
folder, read by gateways. They hold names of secrets, never secrets.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from roadworthy.core import Mode, Settings
from roadworthy.models import Model

__all__ = [
    "ConstraintDefinition",
    "RepairLevel",
    "Snapshot",
    "StreamMode",
    "TaskDefinition",
    "Template",
    "VersionIndex",
]

StreamMode: TypeAlias = Literal["fields", "buffered", "raw"]
RepairLevel: TypeAlias = Literal["none", "lossless", "schema"]


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a prompt, as a MiniJinja template over the task's input."""

    role: Literal["system", "user", "assistant"]
    source: str
    file: str
    """For messages about faults, relative to the project."""
    literal: bool = False
    """The source is the message itself: an expanded example, whose text may look like a template
    and must stay text."""


class ConstraintDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition on the output that its schema cannot say."""

    name: str
    require: str
    """CEL over ``input`` and ``output``; it must come out true."""
    when: str | None = None
    """CEL; the constraint binds only where this comes out true. None: always."""
    message: str
    """What is wrong where it fails; the model is told so, and the caller."""
    paths: tuple[str, ...] = ()
    """JSON pointers into the output: what the failure is about, and what is asked for again."""


class TaskDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """One state of one task: everything that serving a call of it needs."""

    name: str
    version: str = "working"
    digest: str = ""
    """SHA-256 over everything that may change an answer or a contract, hexadecimal."""
    description: str = ""
    model: str
    parameters: dict[str, Any] = {}
    input_schema: dict[str, Any] = {}
    output_schema: dict[str, Any] | None = None
    """None: the answer is free text."""
    templates: tuple[Template, ...] = ()
    """In the order in which the messages are sent; few-shot examples are expanded."""
    blocks: dict[str, str] = {}
    """Texts that templates may include, by name."""
    constraints: tuple[ConstraintDefinition, ...] = ()
    """All must hold of what is delivered; in the order of `rules.toml`."""
    sources: dict[str, str] = {}
    """Texts of the Python files that serving it runs, by path relative to the project. They are
    compared with the files that are installed; what is stored is never run."""
    stream: StreamMode = "raw"
    mode: Mode | None = None
    """How to ask for the output's structure; None: the strongest way that the model has."""
    repair: RepairLevel = "schema"
    max_reasks: int = 2
    timeout_s: float | None = None


class VersionIndex(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which published versions a task has, and what its channels point to. Small: the versions
    themselves are read from their files when somebody asks for them."""

    digests: dict[str, str] = {}
    """By semantic version, the digest that names its file; the newest first."""
    channels: dict[str, str] = {}
    """By channel, the version that it points to."""
    released: tuple[str, ...] = ()
    """Versions that production has pointed to and was not rolled back from: what a range may
    reach."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a gateway serves from; swapped whole when `revision` changes."""

    format: int = 2
    revision: str
    """Digest of the content: equal content, equal revision."""
    settings: Settings
    serves: Literal["working", "production"] = "working"
    """What a call reaches that names no version: the working copy, or what channel ``production``
    points to."""
    tasks: dict[str, TaskDefinition] = {}
    """What such calls reach, by name."""
    versions: dict[str, VersionIndex] = {}
    """By task. Empty ones are of tasks that only have a working copy, which is not served."""
    unservable: dict[str, str] = {}
    """Why a task cannot be served although it should be, by its name."""
    models: dict[str, Model] = {}
    root: str = ""
    """The project's folder, in which the Python of versions is installed; empty: nothing is."""
    operator_token: str = ""
    """What the keeper shows to choose a version's model; empty: nobody may."""
