"""Information density: doubt counts for more where there are many tasks of the kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import measures, pickers

COMPARED = 1000
"""Tasks whose surroundings are looked at, those of the smallest margins: all pairs are compared."""


def information_density(pool: Pool, n: int) -> Picks:
    """Small margins times the mean closeness to the other uncertain tasks, as modAL measures it. Raises EmptyPool.

    Settles & Craven 2008, An analysis of active learning strategies for sequence labeling tasks. It keeps outliers
    out, and nothing keeps a batch from being all alike. Without embeddings it is `margin`.
    """
    pickers.refuse_empty(pool)
    n, doubts = min(n, len(pool)), measures.margin(pool)
    if pool.embeddings is None:
        lacking = "small margins (the model has no embeddings: the top was taken)"
        return replace(pickers.top(pool, doubts, n), why=lacking)
    from modAL.density import information_density as closeness

    shortlist = pickers.best(doubts, min(max(COMPARED, n), len(pool)), pool.seed)
    close = closeness(np.asarray(pool.embeddings[shortlist], np.float64)).astype(np.float32)
    scores = doubts[shortlist] * close
    chosen = pickers.best(scores, n, pool.seed)
    parts = {"uncertainty": doubts[shortlist][chosen], "closeness": close[chosen]}
    return Picks(shortlist[chosen], scores[chosen], parts, why="small margins among many tasks of the kind")
