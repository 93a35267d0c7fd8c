"""Query parameters of the control API and the pages, parsed once for both.

A browser's form sends every field, empty or not; an empty one means that it is not set. An
unknown parameter is an error, since a misspelt filter would silently show all calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from roadworthy.core import Outcome
from roadworthy.core.errors import InvalidRequest
from roadworthy.storage.views import CallFilter

__all__ = [
    "SPANS",
    "CallQuery",
    "OverviewQuery",
    "Span",
    "SpanQuery",
    "Text",
    "invalid_query",
    "parse_moment",
    "parse_query",
    "window",
]

Query = TypeVar("Query", bound=BaseModel)
Span: TypeAlias = Literal["1h", "24h", "7d", "30d", "90d"]

# A span's length and the width of one point, in seconds. Widths are whole minutes, because the
# rollups are; and whole parts or multiples of a day, so that points begin at round times.
SPANS: Final[Mapping[str, tuple[str, int, int]]] = {
    "1h": ("hour", 3_600, 60),
    "24h": ("24 hours", 86_400, 1_800),
    "7d": ("7 days", 7 * 86_400, 3 * 3_600),
    "30d": ("30 days", 30 * 86_400, 12 * 3_600),
    "90d": ("90 days", 90 * 86_400, 2 * 86_400),
}

_RELATIVE = re.compile(r"(\d{1,6})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MICROSECONDS = re.compile(r"\d{14,17}")


def parse_moment(text: str, *, now_us: int, param: str) -> int:
    """Microseconds since 1970 of ``24h`` (ago), ``2026-11-21T03:41:07Z``, or microseconds.

    Raises:
        InvalidRequest: it is none of these.
    """
    if relative := _RELATIVE.fullmatch(text):
        return now_us - int(relative[1]) * _SECONDS[relative[2]] * 1_000_000
    if _MICROSECONDS.fullmatch(text):
        return int(text)
    try:
        # A plus in a query string reads as a space, so an unquoted "+00:00" arrives as " 00:00".
        moment = datetime.fromisoformat(text.strip().replace(" 00:00", "+00:00"))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"{param} is not a moment: {text[:40]!r}. Use 24h, 30m or 7d for so long ago, or a "
            "time such as 2026-11-21T03:41:07Z.",
            param=param,
        ) from None


def window(span: str, now_us: int) -> tuple[int, int, int]:
    """Beginning, end and number of points of the span that ends with the current point.

    The end is rounded up to a whole point, so that points keep their place from one look to
    the next; the last one is still filling.
    """
    _, length_s, point_s = SPANS[span]
    point_us, points = point_s * 1_000_000, length_s // point_s
    until_us = (now_us // point_us + 1) * point_us
    return until_us - points * point_us, until_us, points


def _unset_if_empty(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Text: TypeAlias = Annotated[
    Annotated[str, Field(max_length=500)] | None, BeforeValidator(_unset_if_empty)
]


class SpanQuery(BaseModel):
    """Figures of which time."""

    model_config = ConfigDict(extra="forbid")

    span: Annotated[Span, Field(description="How far back the figures reach.")] = "24h"


class OverviewQuery(SpanQuery):
    """Which figures."""

    task: Annotated[Text, Field(description="Of this task only.")] = None


class CallQuery(BaseModel):
    """Which calls; every condition that is set must hold."""

    model_config = ConfigDict(extra="forbid")

    task: Annotated[Text, Field(description="A task's name, or `model:NAME`.")] = None
    surface: Annotated[
        Text,
        Field(description="By which way it came; left out: all but `test`, which tried it out."),
    ] = None
    outcome: Annotated[
        Outcome | None, BeforeValidator(_unset_if_empty), Field(description="How it ended.")
    ] = None
    model: Annotated[Text, Field(description="The logical model.")] = None
    version: Annotated[Text, Field(description="The version of the task.")] = None
    mode: Annotated[Text, Field(description="How the answer was asked for.")] = None
    # `schema` is a method of pydantic's models.
    digest: Annotated[
        Text, Field(alias="schema", description="The output schema's whole digest.")
    ] = None
    conversation: Annotated[Text, Field(description="The conversation's id.")] = None
    steps: Annotated[
        bool | None,
        BeforeValidator(_unset_if_empty),
        Field(
            description="With steps of chains, or without; left out: only where a task, a model, a"
            " version, a mode or a schema is asked for."
        ),
    ] = None
    error_code: Annotated[Text, Field(description="The error that the caller was given.")] = None
    since: Annotated[
        Text, Field(description="Started at or after: `24h` ago, or `2026-11-21T03:41:07Z`.")
    ] = None
    until: Annotated[Text, Field(description="Started before: as `since`.")] = None
    before: Annotated[Text, Field(description="`next_before` of the page before this one.")] = None
    limit: Annotated[int, Field(ge=1, le=500, description="At most so many.")] = 50

    def filter(self, now_us: int) -> CallFilter:
        """The conditions as the source takes them.

        Raises:
            InvalidRequest: `since` or `until` is not a moment.
        """
        since, until = self.since, self.until
        return CallFilter(
            task=self.task,
            surface=self.surface,
            outcome=self.outcome,
            model=self.model,
            version=self.version,
            mode=self.mode,
            schema_digest=self.digest,
            conversation_id=self.conversation,
            error_code=self.error_code,
            steps=self.steps,
            since_us=parse_moment(since, now_us=now_us, param="since") if since else None,
            until_us=parse_moment(until, now_us=now_us, param="until") if until else None,
        )


def invalid_query(errors: list[Any]) -> InvalidRequest:
    """The first of pydantic's complaints as our own error."""
    first = errors[0]
    param = str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        return InvalidRequest(f"There is no parameter {param[:40]!r} here.", param=param)
    given = repr(first.get("input"))[:60]
    return InvalidRequest(f"{param} is {given}: {first['msg']}.", param=param)


def parse_query(model: type[Query], params: Mapping[str, str]) -> Query:
    """The parameters of a page.

    Raises:
        InvalidRequest: one of them is unknown or has a value that it cannot have.
    """
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        raise invalid_query(list(error.errors(include_url=False))) from None
