"""What every embedder is: the port."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows: TypeAlias = NDArray[np.float32]

__all__ = ["Embedder", "unit_rows"]


class Embedder(Protocol):
    """Turns texts into directions of one space."""

    async def embed(self, texts: list[str]) -> Rows:
        """An array (n, dim) of float32, a row a text, in their order. Each row has length 1; one
        that has no direction, as of an empty text, is zero.

        Raises:
            RoadworthyError: it cannot be reached, or gives no such array.
        """
        ...

    async def close(self) -> None:
        """Lets go of what it holds."""
        ...


def unit_rows(rows: Any) -> Rows:
    """The rows (n, dim), each at length 1; zero stays zero.

    Raises:
        ValueError: they are not numbers, not all of one length, or not finite.
    """
    import numpy as np

    array = np.asarray(rows, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise ValueError("not rows of finite numbers, all of one length")
    lengths = np.linalg.norm(array, axis=1, keepdims=True)
    return (array / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
