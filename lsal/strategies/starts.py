"""Batches that need no model's opinion: a random draw, and the centres of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies.clustering import central, clusters_of
from lsal.strategies.pickers import best, filled, refuse_empty

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

FITTED = 10_000
"""Tasks that k-means is fitted on at most."""


def random(pool: Pool, n: int) -> Picks:
    """A uniform draw without replacement, the baseline; `probability` is n over the pool's size."""
    refuse_empty(pool)
    n = min(n, len(pool))
    positions = best(np.zeros(len(pool), np.float32), n, pool.seed)
    places = np.linspace(1, 0, n, endpoint=False, dtype=np.float32)
    chance = np.full(n, n / len(pool), np.float32)
    return Picks(positions, places, probability=chance, why="a random draw")


def centroids(pool: Pool, n: int) -> Picks:
    """The most typical task of each large cluster that holds no label yet; chances are ignored.

    k-means start (Yuan et al. 2020, 2010.09535) with TypiClust's rule for later batches
    (Hacohen et al. 2022, 2202.02794): as many clusters as labels and picks together, those
    with a label are left out, larger ones come first. Without embeddings a random draw.
    """
    refuse_empty(pool)
    n = min(n, len(pool))
    if pool.embeddings is None:
        return replace(random(pool, n), why="a random draw (the model has no embeddings)")
    positions, shares = _typical(pool, pool.embeddings, n)
    return Picks(positions, shares, {"cluster_share": shares}, why="the most typical task of each cluster")


def _typical(pool: Pool, vectors: Floats, n: int) -> tuple[Ints, Floats]:
    """Positions of n typical tasks and the share of the pool that each stands for, largest first."""
    fitted = best(np.zeros(len(pool), np.float32), min(FITTED, len(pool)), pool.seed)
    labelled = pool.labelled_embeddings if pool.labelled_embeddings is not None else vectors[:0]
    everything = np.concatenate([vectors[fitted], labelled])
    k = min(n + len(labelled), len(everything))
    centers, clusters = clusters_of(everything, k, pool.seed)
    sizes = np.bincount(clusters, minlength=k)
    sizes[clusters[len(fitted) :]] = 0
    chosen, found = central(vectors[fitted], centers, clusters[: len(fitted)])
    ranked = np.argsort(-sizes[found], kind="stable")[:n]
    shares = np.pad(sizes[found[ranked]] / len(everything), (0, n - len(ranked)))
    return filled(pool, fitted[chosen[ranked]], n), shares.astype(np.float32)
