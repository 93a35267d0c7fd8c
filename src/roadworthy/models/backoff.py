"""How long to wait before the same request is sent again. Pure: randomness is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["backoff_s", "retry_after_s"]

FIRST_S = 0.2
LONGEST_S = 8.0


def backoff_s(retries: int, *, jitter: float) -> float:
    """Seconds before retry number `retries` (from 0), where the provider asked for none.

    Doubles from 0.2 s to 8 s; ``jitter`` in [0, 1) takes up to half off, so that clients which
    failed together do not come back together.
    """
    longest = min(LONGEST_S, FIRST_S * 2.0 ** min(retries, 10))
    return longest * (1 - jitter / 2)


def retry_after_s(headers: Mapping[str, str], *, now_us: int) -> float | None:
    """Seconds that the provider asks to wait; None: it does not say, or not intelligibly.

    Source: RFC 9110, section 10.2.3; ``retry-after-ms`` is OpenAI's and Azure's.
    """
    milliseconds = _positive(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _positive(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_us / 1e6)


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
