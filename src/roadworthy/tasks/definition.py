"""A task as the gateway serves it, and the snapshot that holds all of them.

Both are plain values: built by the keeper from files (later from the registry), written to the
state folder, read by gateways. They hold names of secrets, never secrets.
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
    stream: StreamMode = "raw"
    mode: Mode | None = None
    """How to ask for the output's structure; None: the strongest way that the model has."""
    repair: RepairLevel = "schema"
    max_reasks: int = 2
    timeout_s: float | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a gateway serves from; swapped whole when `revision` changes."""

    format: int = 1
    revision: str
    """Digest of the content: equal content, equal revision."""
    settings: Settings
    tasks: dict[str, TaskDefinition] = {}
    models: dict[str, Model] = {}
