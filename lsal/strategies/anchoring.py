"""The wrapper `anchors`: a strategy sees only what is like the labels of each class, of rare ones as much as others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.blocks import blocks
from lsal.strategies.clustering import nearest_to_centroids
from lsal.strategies.distinct import unit
from lsal.strategies.wrapping import Wrapper, without_chance

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

EACH = 10
"""Anchors of a class."""
TIMES = 10
"""The part of the pool that is looked at is at least so many batches large."""


@dataclass(frozen=True)
class Anchors(Wrapper):
    """Only as many tasks as the number are looked at: in turns the nearest to each class's anchors.

    AnchorAL (Lesci & Vlachos 2024, 2404.05623), for large pools with rare classes: a fixed number of labelled tasks
    of each class are its anchors, and the part of the pool that is most like them is balanced, as the pool is not.
    """

    usual: ClassVar[float] = 1000
    low: ClassVar[float] = 1
    high: ClassVar[float] = 1e9

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n, everything = min(n, len(pool)), np.arange(len(pool))
        size = max(int(self.number), TIMES * n)
        labelled, classes = pool.labelled_embeddings, pool.labelled_classes
        if pool.embeddings is None or labelled is None or classes is None or not (classes >= 0).any():
            picks = self.ask(pool, everything, n)
            return replace(picks, why=f"{picks.why} (nothing to anchor it by)")
        shown = np.unique(classes[classes >= 0])
        if size >= len(pool):
            return self.ask(pool, everything, n)
        anchors = [anchors_of(labelled[classes == one], pool.seed) for one in shown]
        among = alike(pool.embeddings, anchors, size)
        picks = without_chance(self.ask(pool, among, n))
        return replace(picks, why=f"{picks.why}; among the {size} tasks most like the labels of {len(shown)} classes")


def anchors_of(vectors: Floats, seed: int) -> Floats:
    """The most central of a class's labelled tasks, one from each of EACH clusters; of length 1."""
    return unit(vectors[nearest_to_centroids(np.asarray(vectors, np.float32), EACH, seed)[0]])


def alike(vectors: Floats, anchors: list[Floats], size: int) -> Ints:
    """`size` positions, in order: in turns that with the largest mean cosine to the anchors of each class."""
    means = np.stack([each.mean(axis=0) for each in anchors], axis=1)  # the mean cosine is the cosine's mean
    likeness = np.zeros((len(anchors), len(vectors)), np.float32)
    for rows in blocks(*vectors.shape):
        likeness[:, rows] = (unit(vectors[rows]) @ means).T
    most = min(size, len(vectors))
    heads = [pickers.best(each, most, 0) for each in likeness]
    turns = np.stack(heads, axis=1).ravel()
    _, firsts = np.unique(turns, return_index=True)
    return np.sort(turns[np.sort(firsts)[:size]])
