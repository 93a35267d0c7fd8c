"""Query parameters of the registry's addresses, for the API and the pages alike."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from roadworthy.control.query import Text

__all__ = [
    "MAX_ROWS",
    "DiffQuery",
    "ExportQuery",
    "HistoryQuery",
    "PublishQuery",
    "ResultQuery",
    "RowsQuery",
    "WeighQuery",
]

MAX_ROWS: Final = 10_000
Name = Annotated[str, Field(min_length=1, max_length=200)]


class RowsQuery(BaseModel):
    """How many rows."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=MAX_ROWS, description="At most so many.")] = 100


class HistoryQuery(RowsQuery):
    """Which moves."""

    channel: Annotated[Text, Field(description="Of this channel only.")] = None


class PublishQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    preview: Annotated[
        bool, Field(description="Say what publishing would do, and write nothing.")
    ] = False


class WeighQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    weigh: Annotated[
        bool, Field(description="Say what the move would rely on, and move nothing.")
    ] = False


class DiffQuery(BaseModel):
    """Two versions; ``from`` is a word of the language."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    old: Annotated[
        Name, Field(alias="from", description="A version, a channel or a range: the older side.")
    ]
    new: Annotated[Name, Field(alias="to", description="The newer side.")]


class ResultQuery(BaseModel):
    """Which results."""

    model_config = ConfigDict(extra="forbid")

    definition: Annotated[
        Name, Field(description="Digest of the definition: `definition_digest` of a version.")
    ]
    binding: Annotated[Text, Field(description="Of this bound model only.")] = None


class ExportQuery(BaseModel):
    """Which tasks."""

    model_config = ConfigDict(extra="forbid")

    task: Annotated[
        list[str],
        Field(max_length=MAX_ROWS, description="Of this task; may be repeated. Left out: of all."),
    ] = []
