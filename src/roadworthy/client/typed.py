"""Values as the classes that declare a task's output."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

__all__ = ["typed"]

T = TypeVar("T")


def typed(value: Any, output: type[T] | None) -> T:
    """The value as this class: pydantic, msgspec, dataclass, TypedDict or a plain type. None: as it
    is.

    Raises:
        ValueError: it does not fit, so the class is not the one that the task declares.
    """
    if output is None:
        return cast("T", value)
    validate = getattr(output, "model_validate", None)  # pydantic's; not imported for its sake
    if validate is not None:
        return cast("T", validate(value))
    return msgspec.convert(value, output)
