"""Projecting: embeddings placed on a map of two dimensions, and the places kept for whoever looks next.

Nothing here runs in a notebook's kernel: a worker does it, see `lsal.worker.mapping`.
"""

from __future__ import annotations

from lsal.projecting.kept import (
    FOLDER,
    LINEAR,
    NEIGHBOURS,
    Places,
    Rows,
    covering,
    keep,
    named,
    newest,
    older,
    rows_of_pool,
    vectors_of_pool,
)
from lsal.projecting.layout import FITTED, by_components, by_neighbours, can_place_by_neighbours, reduced

__all__ = [
    "FITTED",
    "FOLDER",
    "LINEAR",
    "NEIGHBOURS",
    "Places",
    "Rows",
    "by_components",
    "by_neighbours",
    "can_place_by_neighbours",
    "covering",
    "keep",
    "named",
    "newest",
    "older",
    "reduced",
    "rows_of_pool",
    "vectors_of_pool",
]
