"""Embedders: texts as directions, so that the angle between two says how alike they are."""

from roadworthy.models.embedders.port import Embedder, unit_rows
from roadworthy.models.embedders.table import EMBEDDERS, Embedders

__all__ = ["EMBEDDERS", "Embedder", "Embedders", "unit_rows"]
