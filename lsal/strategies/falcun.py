"""Falcun: a batch drawn by doubt and by distance from the batch so far, both in the space of the chances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import measures, pickers
from lsal.strategies.blocks import blocks
from lsal.strategies.profiles import rows_of

if TYPE_CHECKING:
    from lsal.records import Floats

STEEP = 10
"""The power to which relevance is raised before the draw: gamma of the paper."""


def falcun(pool: Pool, n: int) -> Picks:
    """Each drawn in proportion to (doubt + distance)^10, of which the distance shrinks with every pick.

    Gilhuber et al. 2024 (Falcun: a simple and efficient deep active learning strategy): doubt is the margin's;
    the distance, at first the doubt too, is the smallest L1 distance of the chances to those of a pick. It
    needs no embeddings. Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    n, draw = min(n, len(pool)), np.random.default_rng(pool.seed)
    profiles = np.ascontiguousarray(rows_of(pool, pool.chances).T)
    doubts = measures.margin(pool)
    doubt, gaps = scaled(doubts), scaled(doubts)
    chosen: list[int] = []
    while len(chosen) < n:
        sums = relevance(doubt, gaps)
        total = float(sums.sum())
        if not total > 0:
            break
        pick = _drawn(doubt, gaps, sums, draw.random() * total)
        chosen.append(pick)
        approach(profiles, gaps, pick)
        doubt[pick] = gaps[pick] = 0  # it cannot be drawn again
    positions = pickers.filled(pool, np.array(chosen, np.int64), n)
    parts = {"uncertainty": doubts[positions]}
    return pickers.in_order(positions, parts, "a draw of doubtful tasks that the model sees in different ways")


def scaled(values: Floats) -> Floats:
    """From 0 to 1, a new array."""
    low, high = float(values.min()), float(values.max())
    return ((values - low) / max(high - low, 1e-12)).astype(np.float32)


def relevance(doubt: Floats, gaps: Floats) -> Floats:
    """The sums of (doubt + scaled distance)^STEEP over each block of rows; float64 (blocks,)."""
    low, spread = float(gaps.min()), max(float(gaps.max() - gaps.min()), 1e-12)
    return np.array([_power(doubt[rows], gaps[rows], low, spread).sum() for rows in blocks(len(doubt), _COLUMNS)])


def approach(profiles: Floats, gaps: Floats, pick: int) -> None:
    """Bring `gaps` down, in place, to the L1 distance from the chances of `pick`; profiles are (classes, n)."""
    for rows in blocks(profiles.shape[1], _COLUMNS):
        total = np.zeros(rows.stop - rows.start, np.float32)
        step = np.empty_like(total)
        for column, at in zip(profiles[:, rows], profiles[:, pick], strict=True):
            np.subtract(column, at, out=step)
            total += np.abs(step, out=step)
        np.minimum(gaps[rows], total, out=gaps[rows])


_COLUMNS = 16
"""What makes `blocks` as long as fits the nearest cache with some columns."""


def _power(doubt: Floats, gaps: Floats, low: float, spread: float) -> Floats:
    found = (gaps - np.float32(low)) * np.float32(1 / spread)
    found += doubt
    twice: Floats = np.square(found)
    return np.asarray(np.square(np.square(twice)) * twice, np.float32)


def _drawn(doubt: Floats, gaps: Floats, sums: Floats, mark: float) -> int:
    """The row at which the running sum passes `mark`."""
    ends = np.cumsum(sums)
    block = min(int(np.searchsorted(ends, mark, side="right")), len(ends) - 1)
    rows = list(blocks(len(doubt), _COLUMNS))[block]
    low, spread = float(gaps.min()), max(float(gaps.max() - gaps.min()), 1e-12)
    inside = np.cumsum(_power(doubt[rows], gaps[rows], low, spread), dtype=np.float64)
    before = ends[block] - sums[block]
    place = int(np.searchsorted(inside, min(mark - before, inside[-1] * (1 - 1e-9)), side="right"))
    return int(rows.start) + min(place, len(inside) - 1)
