"""What `roadworthy.toml` may set, with defaults that serve a laptop safely."""

from __future__ import annotations

from typing import Literal

import msgspec

from roadworthy.core.secret import Secret

__all__ = [
    "ChannelSettings",
    "DefaultSettings",
    "EnvironmentSettings",
    "LimitSettings",
    "RecordSettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Processes and addresses."""

    host: str = "127.0.0.1"
    """Both ports bind here; only loopback, as callers need no keys yet."""
    port: int = 8700
    """The data plane."""
    control_port: int = 8701
    """The control API and the dashboard."""
    gateways: int = 1
    """Gateway processes that share the data plane's port."""
    allowed_hosts: tuple[str, ...] = ()
    """Names beside loopback's under which the two ports may be addressed."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where state lives."""

    path: str = ".roadworthy"
    """The state folder (journal, snapshot, database, texts), relative to the project."""


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds that keep one request from hurting the others."""

    max_body_bytes: int = 10_000_000
    """The largest request; one beyond it is refused with 413."""
    max_concurrent_calls: int = 1_000
    """In one gateway; a call beyond it is shed with 503 and Retry-After."""
    timeout_s: float = 120.0
    """Deadline of one call, all its attempts together."""


class DefaultSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where a task or a command does not say otherwise."""

    model: str = "local"
    """The logical model of a task that names none."""
    environment: str = "dev"
    """Which of `models.toml`'s environments binds the logical models."""


class RecordSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a call."""

    texts: bool = True
    """Keep inputs, messages, raw answers and values; False keeps figures only."""
    when_full: Literal["serve", "refuse"] = "serve"
    """What a gateway does when a call cannot be written down."""
    keep_texts_days: int = 30
    """Inputs, messages, raw answers and values are forgotten after so many full days."""
    keep_calls_days: int = 400
    """Calls themselves are; the figures on the pages go on counting them."""


class ChannelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels, the movable names of versions."""

    protected: tuple[str, ...] = ("production",)
    """Only owners may move these, and only to versions that reach their gate."""


class EnvironmentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another installation, that `roadworthy promote` takes versions from or brings them to."""

    url: str
    """Of its control plane, as in ``https://prod.example.com``."""
    api_key: Secret | None = None
    """Where its key stands: ``{ env = "NAME" }`` or ``{ file = "PATH" }``; an owner's, to promote
    there. Left out: none is sent."""

    def __post_init__(self) -> None:
        if self.url.partition("://")[0] not in ("http", "https"):
            raise ValueError("url is not a URL. Set it to http://… or https://…")
        if self.api_key is not None and bool(self.api_key.env) == bool(self.api_key.file):
            raise ValueError(
                'api_key names no place or two. Write { env = "NAME" } or { file = "PATH" }'
            )


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of `roadworthy.toml`."""

    format: int = 1
    """Of a project's files; this release reads 1."""
    defaults: DefaultSettings = DefaultSettings()
    server: ServerSettings = ServerSettings()
    store: StoreSettings = StoreSettings()
    limits: LimitSettings = LimitSettings()
    record: RecordSettings = RecordSettings()
    channels: ChannelSettings = ChannelSettings()
    environments: dict[str, EnvironmentSettings] = {}
    """Other installations by name, one table ``[environments.NAME]`` each."""
