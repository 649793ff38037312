"""K-means in float32, and the rows nearest to its centroids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lsal.strategies.blocks import blocks, gaps_to, nearest, squares
from lsal.strategies.seeding import spread, take

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

FITTED, PER_CLUSTER = 20_000, 50
"""Rows that the centroids are fitted on: all up to the first, or so many for each cluster."""
STEPS = 20
ROUNDING = 1e-6
"""Of the largest squared length: squared distances in float32 are not more exact."""
SETTLED = 1e-3
"""A step that gains less than this share is the last one."""


def clusters_of(vectors: Floats, k: int, seed: int, weights: Floats | None = None) -> tuple[Floats, Ints]:
    """Centroids (k, d) and the cluster of each row (n,), by k-means++ and Lloyd's steps.

    Of a large pool the centroids are fitted on a random part, and all rows are told their cluster.
    """
    draw = np.random.default_rng(seed)
    most, k = max(FITTED, PER_CLUSTER * k), min(k, len(vectors))
    vectors = np.asarray(vectors, np.float32)
    if len(vectors) <= most:
        return _fitted(vectors, k, draw, weights)
    some = np.sort(draw.choice(len(vectors), most, replace=False))
    centers, _ = _fitted(vectors[some], k, draw, None if weights is None else weights[some])
    return centers, nearest(vectors, centers)[0]


def nearest_to_centroids(vectors: Floats, k: int, seed: int, weights: Floats | None = None) -> tuple[Ints, Ints]:
    """K distinct rows of `vectors`, each the nearest to one centroid, and the sizes of their clusters.

    Fewer clusters than k (many equal vectors) are made up by the heaviest rows left.
    """
    if k >= len(vectors):
        return np.arange(len(vectors)), np.ones(len(vectors), np.int64)
    if weights is not None and not weights.any():
        weights = None
    centers, labels = clusters_of(vectors, k, seed, weights)
    chosen, found = central(vectors, centers, labels)
    sizes = np.bincount(labels, minlength=k)[found]
    if len(found) < k:
        rest = np.setdiff1d(np.arange(len(vectors)), chosen)
        rest = np.random.default_rng(seed).permutation(rest)
        heaviest = rest if weights is None else rest[np.argsort(-weights[rest], kind="stable")]
        chosen = np.concatenate([chosen, heaviest[: k - len(found)]])
        sizes = np.concatenate([sizes, np.ones(k - len(found), np.int64)])
    return chosen, sizes


def central(vectors: Floats, centers: Floats, labels: Ints) -> tuple[Ints, Ints]:
    """The row nearest to each centroid that has any, and which centroids those are."""
    gaps = np.zeros(len(vectors), np.float32)
    for rows in blocks(*vectors.shape):
        gaps[rows] = squares(vectors[rows] - centers[labels[rows]])
    order = np.lexsort((gaps, labels))
    found, firsts = np.unique(labels[order], return_index=True)
    return order[firsts], found


def _fitted(vectors: Floats, k: int, draw: np.random.Generator, weights: Floats | None) -> tuple[Floats, Ints]:
    from scipy.sparse import csr_array

    lengths, heavy = squares(vectors), np.ones(len(vectors), np.float32) if weights is None else weights
    centers, before = vectors[_seeds(vectors, lengths, k, draw, weights)], np.inf
    labels, gaps = nearest(vectors, centers, lengths)
    for _ in range(STEPS):
        now = float(gaps @ heavy)
        if now >= before * (1 - SETTLED):
            break
        before = now
        members = csr_array((heavy, (labels, np.arange(len(labels)))), shape=(len(centers), len(vectors)))
        mass = members.sum(axis=1)
        centers = np.where(mass[:, None] > 0, (members @ vectors) / np.maximum(mass, 1e-30)[:, None], centers)
        centers = centers.astype(np.float32)
        labels, gaps = nearest(vectors, centers, lengths)
    return centers, labels


def _seeds(vectors: Floats, lengths: Floats, k: int, draw: np.random.Generator, weights: Floats | None) -> Ints:
    """K rows far apart, or fewer where not so many differ."""
    odds = None if weights is None else weights.astype(np.float64) / weights.sum(dtype=np.float64)

    def between(rows: slice | Ints, chosen: Ints) -> Floats:
        return gaps_to(vectors[rows], lengths[rows], vectors[chosen])

    first = np.array([draw.choice(len(vectors), p=odds)])
    closest = np.full(len(vectors), np.inf, np.float32)
    take(between, closest, first, vectors.shape[1])
    floor = ROUNDING * float(lengths.max())
    return np.concatenate([first, spread(between, closest, k - 1, draw, weights, vectors.shape[1], floor)])
