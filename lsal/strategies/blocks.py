"""Work on large arrays in blocks that fit the processor's cache, so that memory does not grow with the pool."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

CELLS = 1 << 18
"""Figures of a block: 1 MB of float32."""


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices that cover so many rows, each of about CELLS cells."""
    step = max(256, CELLS // max(1, columns))
    return (slice(begin, min(begin + step, rows)) for begin in range(0, rows, step))


def squares(vectors: Floats) -> Floats:
    """The squared length of each row, float32 (n,)."""
    found: Floats = np.einsum("ij,ij->i", vectors, vectors).astype(np.float32, copy=False)
    return found


def gaps_to(vectors: Floats, lengths: Floats, centers: Floats) -> Floats:
    """Squared distances of a block of rows, of squared `lengths`, to each centre; float32 (rows, centres)."""
    gaps: Floats = vectors @ (-2 * centers.T)
    gaps += lengths[:, None]
    gaps += squares(centers)
    return np.maximum(gaps, 0, out=gaps)


def nearest(vectors: Floats, centers: Floats, lengths: Floats | None = None) -> tuple[Ints, Floats]:
    """The nearest centre of each row and the squared distance to it: int64 (n,), float32 (n,)."""
    labels, gaps = np.zeros(len(vectors), np.int64), np.zeros(len(vectors), np.float32)
    lengths = squares(vectors) if lengths is None else lengths
    turned, sizes = np.ascontiguousarray(-2 * centers.T), squares(centers)
    for rows in blocks(len(vectors), len(centers)):
        found = vectors[rows] @ turned
        found += sizes
        labels[rows] = found.argmin(axis=1)
        gaps[rows] = found[np.arange(len(found)), labels[rows]]
    return labels, np.maximum(gaps + lengths, 0)


def mean_row(vectors: Floats) -> Floats:
    """The mean of all rows, float32 (d,)."""
    total = np.zeros(vectors.shape[1], np.float64)
    for rows in blocks(len(vectors), vectors.shape[1]):
        block = vectors[rows]
        total += np.ones(len(block), block.dtype) @ block
    return np.asarray(total / max(1, len(vectors)), np.float32)
