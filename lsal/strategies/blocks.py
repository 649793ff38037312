"""Work on large arrays in blocks that fit the processor's cache, so that memory does not grow with the pool."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

CELLS = 1 << 18
"""Figures of a block: 1 MB of float32."""
LARGE = 1 << 26
"""Figures of a copy that is held in memory at most: 256 MB of float32."""


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices that cover so many rows, each of about CELLS cells."""
    step = max(256, CELLS // max(1, columns))
    return (slice(begin, min(begin + step, rows)) for begin in range(0, rows, step))


def picked(values: Floats, among: Ints) -> Floats:
    """The rows of `values` at these places: no copy of rows that follow each other, and a large copy on the disk."""
    if len(among) and among[-1] - among[0] == len(among) - 1 and (np.diff(among) == 1).all():
        return values[among[0] : among[-1] + 1]
    shape = (len(among), *values.shape[1:])
    if math.prod(shape) <= LARGE:
        return values[among]
    found: Floats = on_disk(shape, values.dtype)
    for rows in blocks(len(among), math.prod(shape[1:])):
        found[rows] = values[among[rows]]
    return found


def on_disk(shape: tuple[int, ...], kind: Any = np.float32) -> Any:
    """An array of zeros in a file that nobody else sees, and that is gone with it."""
    with tempfile.TemporaryFile() as file:
        return np.asarray(np.memmap(file, kind, "w+", shape=shape))


class Growing:
    """Rows float32 of one width that are added bit by bit, to a file that nobody else sees."""

    def __init__(self, width: int) -> None:
        self.count, self.width = 0, width
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `whole`)

    def add(self, rows: Floats) -> None:
        """Append rows (n, width)."""
        self._file.write(np.ascontiguousarray(rows, np.float32).tobytes())
        self.count += len(rows)

    def whole(self) -> Floats:
        """All of them, (count, width), memory-mapped; nothing is added any more."""
        with self._file as file:
            file.flush()
            shape = (self.count, self.width)
            return np.asarray(np.memmap(file, np.float32, "r", shape=shape)) if self.count else np.zeros(shape, "f4")


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
