"""An input without content, in the shape of a real one. Pure.

What a model says of it is what it says whatever it is told: its bias towards some values, which
calibration takes away. Source: Zhao, Wallace, Feng, Klein and Singh, "Calibrate Before Use:
Improving Few-shot Performance of Language Models", ICML 2021, section 4 (arXiv:2102.09690).
"""

from __future__ import annotations

from typing import Any, Final

from roadworthy.tasks.fields import conversation_field

__all__ = ["MARKERS", "content_free"]

MARKERS: Final = ("N/A", "", "[MASK]")
"""What stands for each text; the probabilities under all of them are averaged, as in the paper."""


def content_free(
    values: dict[str, Any], input_schema: dict[str, Any], marker: str
) -> dict[str, Any]:
    """The input with ``marker`` for each text, false for each truth and 0 for each number; lists
    keep one item at most, so that all inputs of the same fields come to the same. It need not
    conform to the schema: templates render it, and nothing else reads it."""
    conversation = conversation_field(input_schema)
    return {
        name: _turns(marker) if name == conversation and value else _blank(value, marker)
        for name, value in values.items()
    }


def _blank(value: Any, marker: str) -> Any:
    if isinstance(value, str):
        return marker
    if isinstance(value, bool) or value is None:
        return None if value is None else False
    if isinstance(value, int | float):
        return 0
    if isinstance(value, list):
        return [_blank(item, marker) for item in value[:1]]
    if isinstance(value, dict):
        return {name: _blank(item, marker) for name, item in value.items()}
    return value


def _turns(marker: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": marker}]
