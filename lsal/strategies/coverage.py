"""Batches that cover the data: no task is to be far from one that is labelled. Chances are not looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.blocks import blocks, gaps_to, mean_row, nearest, squares
from lsal.strategies.starts import random

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

FIRST = 256
"""Tasks that are looked at first for the farthest one."""
LACKING = "a random draw (the model has no embeddings)"


def k_center(pool: Pool, n: int) -> Picks:
    """Each time the task farthest from all that is labelled or chosen: the greedy core-set.

    Sener & Savarese 2018 (1708.00489). Where nothing is labelled it begins with the most central task.
    Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    n = min(n, len(pool))
    if pool.embeddings is None:
        return replace(random(pool, n), why=LACKING)
    vectors = np.asarray(pool.embeddings, np.float32)
    lengths, labelled = squares(vectors), pool.labelled_embeddings
    if labelled is not None and len(labelled):
        closest, chosen = nearest(vectors, np.asarray(labelled, np.float32), lengths)[1], list[int]()
    else:
        chosen = [int(far_from_mean(vectors).argmin())]
        closest = np.full(len(vectors), np.inf, np.float32)
    radius, seen = [0.0] * len(chosen), np.zeros(len(vectors), np.int64)
    while len(chosen) < n:
        farthest = _farthest(vectors, lengths, closest, seen, chosen)
        radius.append(float(closest[farthest]))
        chosen.append(farthest)
    parts = {"distance": np.sqrt(np.maximum(np.array(radius, np.float32), 0))}
    return pickers.in_order(np.array(chosen, np.int64), parts, "each the farthest from all that is labelled or chosen")


def _farthest(vectors: Floats, lengths: Floats, closest: Floats, seen: Ints, chosen: list[int]) -> int:
    """The row farthest from all chosen, which are told to those rows only that could be it.

    Distances only shrink: a row whose old one is smaller than another's new one is out. `closest` and `seen`, to
    how many of the chosen each row's is up to date, are changed in place.
    """
    size = FIRST
    while True:
        rows = np.arange(len(closest)) if size >= len(closest) else np.argpartition(-closest, size)[:size]
        bar = -np.inf if size >= len(closest) else float(closest[rows].min())
        stale = rows[seen[rows] < len(chosen)]
        if len(stale):
            new = vectors[chosen[seen[stale].min() :]]
            for some in blocks(len(stale), vectors.shape[1]):
                gaps = gaps_to(vectors[stale[some]], lengths[stale[some]], new).min(axis=1)
                closest[stale[some]] = np.minimum(closest[stale[some]], gaps)
            seen[stale] = len(chosen)
            closest[chosen] = -1
        best = rows[closest[rows].argmax()]
        if closest[best] >= bar or size >= len(closest):  # distances beyond float32 compare with nothing
            return int(best)
        size *= 4


def light_coreset(pool: Pool, n: int) -> Picks:
    """A draw, half of it even and half by the squared distance from the mean: one pass over any pool.

    Bachem et al. 2018 (1702.08248, Scalable k-means clustering via lightweight coresets). Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    n = min(n, len(pool))
    if pool.embeddings is None:
        return replace(random(pool, n), why=LACKING)
    gaps = far_from_mean(np.asarray(pool.embeddings, np.float32))
    share = 0.5 / len(pool) + 0.5 * gaps / max(float(gaps.sum(dtype=np.float64)), 1e-30)
    picks = pickers.power(pool, share.astype(np.float32), n)
    parts = {"distance": np.sqrt(gaps[picks.positions])}
    return Picks(picks.positions, picks.scores, parts, why="a draw that prefers what is far from the mean")


def far_from_mean(vectors: Floats) -> Floats:
    """The squared distance of each row from the mean of all, float32 (n,)."""
    mean, gaps = mean_row(vectors), np.zeros(len(vectors), np.float32)
    for rows in blocks(*vectors.shape):
        gaps[rows] = squares(vectors[rows] - mean)
    return gaps
