"""Models: their wire formats, capabilities, prices and transport; the embedded model."""

from roadworthy.models.upstream import (
    Ask,
    Capabilities,
    Delta,
    Model,
    Provider,
    Reply,
    Secret,
    StreamDecoder,
    Structured,
    Upstream,
    WireRequest,
)

__all__ = [
    "Ask",
    "Capabilities",
    "Delta",
    "Model",
    "Provider",
    "Reply",
    "Secret",
    "StreamDecoder",
    "Structured",
    "Upstream",
    "WireRequest",
]
