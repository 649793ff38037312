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
    from lsal.records import Floats

LOOKED_AT = 50_000
"""Tasks that the greedy search looks at, a random part of a larger pool: each pick is a pass over them."""
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
    looked = np.sort(pickers.best(np.zeros(len(pool), np.float32), max(LOOKED_AT, n), pool.seed))
    vectors = np.asarray(pool.embeddings[looked] if len(looked) < len(pool) else pool.embeddings, np.float32)
    lengths, labelled = squares(vectors), pool.labelled_embeddings
    if labelled is not None and len(labelled):
        closest = nearest(vectors, np.asarray(labelled, np.float32), lengths)[1]
    else:
        closest = -gaps_to(vectors, lengths, mean_row(vectors)[None])[:, 0]
    chosen, radius = [int(closest.argmax())], [float(abs(closest.max()))]
    closest = np.where(closest < 0, np.inf, closest).astype(np.float32)
    while len(chosen) < n:
        gaps = gaps_to(vectors, lengths, vectors[chosen[-1:]])[:, 0]
        closest = np.minimum(closest, gaps)
        closest[chosen] = -1
        chosen.append(int(closest.argmax()))
        radius.append(max(0.0, float(closest[chosen[-1]])))
    parts = {"distance": np.sqrt(np.array(radius, np.float32))}
    return pickers.in_order(looked[chosen], parts, "each the farthest from all that is labelled or chosen")


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
