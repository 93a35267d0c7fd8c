"""Query parameters of the ledger of conformance: of its page and of the control API."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roadworthy.control.query import Span, Text
from roadworthy.storage.ledger_views import DIMENSIONS, Dimension, LedgerFilter

__all__ = ["DEFAULT_BY", "ConformanceQuery"]

DEFAULT_BY: Final = "task,provider,model,mode"


def _dimensions(by: str) -> tuple[Dimension, ...]:
    names = [name.strip() for name in by.split(",") if name.strip()]
    for name in names:
        if name not in DIMENSIONS:
            raise ValueError(f"there is no {name[:40]!r} to tell calls apart by")
    return tuple(dimension for dimension in DIMENSIONS if dimension in names)


def _known(by: str) -> str:
    _dimensions(by)
    return by


class ConformanceQuery(BaseModel):
    """Which calls, and what they are told apart by."""

    model_config = ConfigDict(extra="forbid")

    span: Annotated[Span, Field(description="How far back the figures reach.")] = "7d"
    task: Annotated[Text, Field(description="A task's name, or `model:NAME`.")] = None
    version: Annotated[Text, Field(description="The version of the task.")] = None
    provider: Annotated[Text, Field(description="Who answered.")] = None
    model: Annotated[Text, Field(description="The logical model.")] = None
    mode: Annotated[Text, Field(description="How the answer was asked for.")] = None
    # `schema` is a method of pydantic's models.
    digest: Annotated[
        Text,
        Field(alias="schema", description="The output schema's digest, or how that begins."),
    ] = None
    by: Annotated[
        str,
        AfterValidator(_known),
        Field(
            max_length=100,
            description="What to tell calls apart by: any of task, version, provider, model, mode,"
            " schema and time, separated by commas.",
        ),
    ] = DEFAULT_BY

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return _dimensions(self.by)

    def filter(self) -> LedgerFilter:
        """The conditions as the source takes them."""
        return LedgerFilter(**self.filter_parameters())

    def filter_parameters(self) -> dict[str, str | None]:
        """The conditions by the names that addresses give them."""
        return {
            "task": self.task,
            "version": self.version,
            "provider": self.provider,
            "model": self.model,
            "mode": self.mode,
            "schema": self.digest,
        }
