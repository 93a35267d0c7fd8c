"""Models: their wire formats, capabilities, prices and transport; the embedded model.

`roadworthy.models.embedded` stands apart: only who runs the child process imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from roadworthy.models.catalog import (
    LOCAL_MODEL,
    ModelEntry,
    PriceEntry,
    bind_model,
    implicit_model,
    modes_from,
)
from roadworthy.models.prices import price_of, with_price
from roadworthy.models.providers import PROVIDERS, KnownProvider
from roadworthy.models.upstream import (
    Ask,
    Capabilities,
    Choice,
    Delta,
    Model,
    Provider,
    Reply,
    Secret,
    Share,
    StreamDecoder,
    Structured,
    Upstream,
    WireRequest,
)

if TYPE_CHECKING:
    from roadworthy.models.http import HttpUpstream

__all__ = [
    "LOCAL_MODEL",
    "PROVIDERS",
    "Ask",
    "Capabilities",
    "Choice",
    "Delta",
    "HttpUpstream",
    "KnownProvider",
    "Model",
    "ModelEntry",
    "PriceEntry",
    "Provider",
    "Reply",
    "Secret",
    "Share",
    "StreamDecoder",
    "Structured",
    "Upstream",
    "WireRequest",
    "bind_model",
    "implicit_model",
    "modes_from",
    "price_of",
    "with_price",
]


def __getattr__(name: str) -> Any:
    # aiohttp takes 0.25 s and 20 MB; the keeper, the command line and the embedded model's own
    # process import this folder for its words and ask no model.
    if name == "HttpUpstream":
        return import_module("roadworthy.models.http").HttpUpstream
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
