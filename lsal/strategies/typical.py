"""TypiClust: the most typical task of each cluster that people have labelled least."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.blocks import nearest, squares
from lsal.strategies.clustering import clusters_of
from lsal.strategies.coverage import LACKING
from lsal.strategies.starts import random

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

CLUSTERS = 500
NEIGHBOURS = 20
SMALLEST = 5
"""Clusters of fewer tasks come last: there is nothing typical about them."""
COMPARED = 1000
"""Tasks of a cluster that are compared with each other at most."""


def typiclust(pool: Pool, n: int) -> Picks:
    """Tasks whose neighbours are near, one from each cluster, those with the fewest labels first, then the largest.

    Hacohen et al. 2022 (2202.02794): as many clusters as labels and picks together, 500 at most; typical
    is 1 over the mean distance to the 20 nearest in the cluster. Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    n = min(n, len(pool))
    if pool.embeddings is None:
        return replace(random(pool, n), why=LACKING)
    vectors = np.asarray(pool.embeddings, np.float32)
    labelled = vectors[:0] if pool.labelled_embeddings is None else np.asarray(pool.labelled_embeddings, np.float32)
    centers, clusters = clusters_of(vectors, min(CLUSTERS, len(labelled) + n), pool.seed)
    sizes = np.bincount(clusters, minlength=len(centers))
    known = np.bincount(nearest(labelled, centers)[0], minlength=len(centers))
    order = np.lexsort((-sizes, known, sizes < SMALLEST))
    chosen = _in_turns(vectors, clusters, order[sizes[order] > 0], n, pool.seed)
    positions = pickers.filled(pool, chosen, n)
    parts = {"cluster_share": (sizes[clusters[positions]] / len(pool)).astype(np.float32)}
    return pickers.in_order(positions, parts, "the most typical task of each cluster with few labels")


def typicality(vectors: Floats) -> Floats:
    """1 over the mean distance to the nearest others, 20 of them or half, among some rows; float32 (n,)."""
    if len(vectors) == 1:
        return np.ones(1, np.float32)
    neighbours = max(1, min(NEIGHBOURS, len(vectors) // 2))
    lengths = squares(vectors)
    gaps = vectors @ (-2 * vectors.T)
    gaps += lengths
    gaps += lengths[:, None]
    np.fill_diagonal(gaps, np.inf)
    closest = np.sqrt(np.maximum(np.partition(gaps, neighbours - 1, axis=1)[:, :neighbours], 0))
    return np.asarray(1 / np.maximum(closest.mean(axis=1), 1e-9), np.float32)


def _in_turns(vectors: Floats, clusters: Ints, order: Ints, n: int, seed: int) -> Ints:
    """The most typical of each cluster in `order`, then the next most typical of each, until there are n."""
    sorted_rows, draw = np.argsort(clusters, kind="stable"), np.random.default_rng(seed)
    ends = np.searchsorted(clusters[sorted_rows], np.arange(order.max() + 2))
    wanted = -(-n // len(order))
    found = []
    for turn, cluster in enumerate(order.tolist()):
        rows = sorted_rows[ends[cluster] : ends[cluster + 1]]
        if turn >= n:
            break
        rows = rows if len(rows) <= COMPARED else draw.choice(rows, COMPARED, replace=False)
        found.append(rows[np.argsort(-typicality(vectors[rows]), kind="stable")][:wanted])
    turns = [each[turn] for turn in range(wanted) for each in found if turn < len(each)]
    return np.array(turns[:n], np.int64)
