"""The embedder in the package: WordLlama, 256 dimensions, without a model server or a download.

It averages the directions of a text's tokens, so that it knows words and not their order: "the dog
bit the man" is as "the man bit the dog". English above all.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from roadworthy.models.embedders.port import unit_rows

if TYPE_CHECKING:
    from roadworthy.models.embedders.port import Rows

__all__ = ["WordLlamaEmbedder"]

_LOADING: Final = threading.Lock()
MAX_CHARACTERS: Final = 32_000
"""More of one text moves its average no further."""
_MAX_PADDED: Final = 131_072
"""Characters of one batch, each text counted as long as the longest: the library pads to it, and
64 texts beside one of 100,000 characters would take gigabytes."""


class WordLlamaEmbedder:
    """Embeds in a thread of this process, 256 dimensions."""

    async def embed(self, texts: list[str]) -> Rows:
        """See `Embedder.embed`."""
        return await asyncio.to_thread(_embedded, texts)

    async def close(self) -> None:
        """Nothing: the weights are shared by all that embed."""


@functools.cache
def _model() -> Any:
    # 0.3 s and 74 MB beside numpy, measured: only who embeds loads it.
    import wordllama

    # Its own search misses the folder with its tokenizer, and would then download it.
    here = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=here, disable_download=True)


def _embedded(texts: list[str]) -> Rows:
    import numpy as np

    with _LOADING:
        model = _model()
    rows = np.zeros((len(texts), model.embedding.shape[1]), dtype=np.float32)
    # Half a character, as broken output may hold, is none that the tokenizer takes.
    cut = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
    for batch in _batches(cut):
        rows[batch] = model.embed([cut[index] for index in batch])
    return unit_rows(rows)


def _batches(texts: list[str]) -> Iterator[list[int]]:
    """Indices of texts of like length, those that hold nothing left out."""
    batch: list[int] = []
    for index in sorted(range(len(texts)), key=lambda i: len(texts[i])):
        if not texts[index].strip():
            continue
        if batch and len(texts[index]) * (len(batch) + 1) > _MAX_PADDED:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
