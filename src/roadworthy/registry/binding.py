"""What a logical model stands for in an installation, as far as it can change an answer. Pure."""

from __future__ import annotations

from roadworthy.models import Model
from roadworthy.tasks import content_digest

__all__ = ["binding_of", "describe_binding"]


def binding_of(model: Model) -> str:
    """Digest of what answers: the provider, its model, and how it can be asked.

    Where it is reached, by which key and at what price is no part of it: what staging measured
    holds in production where the same model is bound.
    """
    return content_digest(
        {
            "provider": model.provider,
            "upstream": model.upstream,
            "capabilities": model.capabilities,
        }
    )


def describe_binding(model: Model) -> str:
    """``provider/model``, as people read it."""
    return f"{model.provider}/{model.upstream}"
