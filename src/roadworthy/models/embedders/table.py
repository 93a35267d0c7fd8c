"""Embedders by name: those that come with the package, and the models that serve embeddings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final

from roadworthy.core.documents import did_you_mean
from roadworthy.core.errors import UnknownModel
from roadworthy.models.embedders.port import Embedder
from roadworthy.models.embedders.wordllama import WordLlamaEmbedder
from roadworthy.models.upstream import Model

if TYPE_CHECKING:
    from roadworthy.models.embedders.port import Rows

__all__ = ["EMBEDDERS", "Embedders"]

EMBEDDERS: Final[dict[str, Callable[[], Embedder]]] = {"wordllama": WordLlamaEmbedder}
"""Those that need no model of the project's. A new one is one file beside this, and one line."""


class Embedders:
    """Opens embedders as they are asked for, and keeps them. Use and close it inside one running
    event loop."""

    def __init__(
        self, models: Mapping[str, Model], *, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._models = models
        self._environ = environ
        self._open: dict[str, Embedder] = {}

    async def embed(self, texts: list[str], embedder: str = "wordllama") -> Rows:
        """See `Embedder.embed`.

        Raises:
            UnknownModel: there is no embedder of this name.
        """
        if embedder not in self._open:
            self._open[embedder] = self._new(embedder)
        return await self._open[embedder].embed(texts)

    async def close(self) -> None:
        """Closes all that were opened."""
        for embedder in self._open.values():
            await embedder.close()
        self._open.clear()

    def _new(self, name: str) -> Embedder:
        if name in EMBEDDERS:
            return EMBEDDERS[name]()
        model = self._models.get(name)
        if model is None:
            known = did_you_mean(name, {*EMBEDDERS, *self._models})
            raise UnknownModel(f'There is no embedder "{name}"{known}')
        # With it comes aiohttp, 0.25 s and 20 MB, for which most have no use here.
        http = import_module("roadworthy.models.embedders.http")
        opened: Embedder = http.HttpEmbedder(model, environ=self._environ)
        return opened
