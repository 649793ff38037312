"""DropQuery: tasks whose answer changes as soon as some features are left out, one from each of their clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import committees, measures, pickers
from lsal.strategies.clustering import nearest_to_centroids

AGREEING = 0.5
"""A task of which fewer members than this share answer as the model does is a candidate."""
MOST = 20_000
"""Candidates that are clustered: of more than these, those with the least agreement."""


class DropQuery:
    """The candidates are those on which less than half of the members agree with the model.

    Gupte et al. 2024 (2401.14555, Revisiting active learning in the era of vision foundation models): dropout on
    the features, then k-means over the candidates and the one nearest to each centroid. Fewer candidates than
    asked for are made up by those with the least agreement.
    """

    asks_members = True

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n = min(n, len(pool))
        if pool.members is None:
            picks = pickers.kmeans(pool, measures.margin(pool), n)
            return replace(picks, why="close margins that differ (the model has no committee: margins instead)")
        doubt = 1 - committees.agreeing(pool)
        candidates = np.flatnonzero(doubt > 1 - AGREEING)
        told = f"answers that change when features are left out: {len(candidates)} of {len(pool)} tasks"
        if len(candidates) <= n or pool.embeddings is None:
            lacking = "" if pool.embeddings is not None else " (the model has no embeddings: the top was taken)"
            return replace(pickers.top(pool, doubt, n), why=told + lacking)
        if len(candidates) > max(MOST, n):
            candidates = candidates[pickers.best(doubt[candidates], max(MOST, n), pool.seed)]
        chosen, _ = nearest_to_centroids(pool.embeddings[candidates], n, pool.seed)
        positions = candidates[chosen]
        positions = positions[np.argsort(-doubt[positions], kind="stable")]
        return Picks(positions, doubt[positions], {"uncertainty": doubt[positions]}, why=f"{told}, those that differ")


dropquery = DropQuery()
