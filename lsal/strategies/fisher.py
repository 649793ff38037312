"""The batch that tells a linear model most about the rest of the pool, by Fisher information."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import measures, pickers

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

FACTOR = 10
"""How many times the batch is looked at, by smallest margins: of the others the model is sure already."""
PRIOR = 0.1
"""What is known before any label, in tasks of mean length: 1 / C of a head with the inverse strength C = 10."""
ALIKE = 0.99
"""Tasks with this cosine to a picked one are passed over while there are others: near-duplicates."""
LATE = 1e-6
"""What the gain of a near-duplicate counts: it comes after all others."""
STANDING_FOR = 5_000
"""Tasks drawn to stand for the pool at most: its second moment, all that is needed of it, changes little with more."""


def fisher(pool: Pool, n: int) -> Picks:
    """Uncertain tasks that together say most about all others, in the light of what is labelled. Raises EmptyPool.

    A label tells a linear model something along the direction of the task's embedding, as much as the answer is
    open. Greedily takes the task that lowers the expected variance over the pool most, tr(C M), where C is the
    inverse of the information so far and M the pool's own: the optimal design of Yu, Bi & Tresp (2006, Active
    learning via transductive experimental design) with the Fisher information of Zhang & Oles (2000), as BAIT
    (Ash et al. 2021, 2106.09675) does it, with one weight a task in place of a block for all pairs of classes.
    Outliers tell nothing about others, and near-duplicates of a picked task are passed over. Without embeddings
    it is `margin`.
    """
    pickers.refuse_empty(pool)
    n, scores = min(n, len(pool)), measures.margin(pool)
    if pool.embeddings is None or n >= len(pool):
        lacking = " (the model has no embeddings: the top was taken)" if pool.embeddings is None else ""
        return replace(pickers.top(pool, scores, n), why=f"the tasks whose two likeliest classes are closest{lacking}")
    shortlist = pickers.best(scores, min(FACTOR * n, len(pool)), pool.seed)
    chosen, gains = _greedy(pool, pool.embeddings, shortlist, n)
    positions = shortlist[chosen]
    shares = gains / np.float32(max(float(gains.max()), 1e-30))
    order = np.argsort(-shares, kind="stable")  # gains fall, but for a rounding error
    parts = {"uncertainty": scores[positions][order], "gain": gains[order]}
    return Picks(positions[order], shares[order], parts, why="small margins that tell most about the other tasks")


def _greedy(pool: Pool, vectors: Floats, shortlist: Ints, n: int) -> tuple[Ints, Floats]:
    """Places in the shortlist, and by how much each lowers the expected variance; the shapes are (n,).

    C changes by one outer product with each pick (Sherman & Morrison 1950), and so do the products with it that
    are kept: a pick costs shortlist x d.
    """
    openness = _openness(pool)
    inverse, moment = _inverse_information(pool, vectors, openness), _moment(pool, vectors, openness)
    rows, weights = vectors[shortlist].astype(np.float64), openness[shortlist]
    known = rows @ inverse
    towards = known @ moment
    spread = np.einsum("ij,ij->i", known, rows)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    taken, worth = np.zeros(len(rows), bool), np.ones(len(rows))
    chosen, gains = np.zeros(n, np.int64), np.zeros(n)
    for k in range(n):
        gain = weights * np.einsum("ij,ij->i", towards, known) / (1 + weights * spread)
        pick = int(np.where(taken, -1.0, gain * worth).argmax())
        chosen[k], gains[k], taken[pick] = pick, gain[pick] * worth[pick], True
        worth[rows @ rows[pick] >= ALIKE * lengths * lengths[pick]] = LATE
        along, ahead = known[pick].copy(), towards[pick].copy()
        share = weights[pick] / (1 + weights[pick] * spread[pick])
        shadow = rows @ along
        known -= share * np.outer(shadow, along)
        towards -= share * np.outer(shadow, ahead)
        spread -= share * shadow**2
    return chosen, gains.astype(np.float32)


def _openness(pool: Pool) -> Floats:
    """How much of an answer is open: the trace of its covariance, 1 - sum of p^2; float64 (n,)."""
    squares = np.einsum("ij,ij->i", pool.chances, pool.chances)
    return np.clip(measures.per_task(pool, 1 - squares).astype(np.float64), 0.0, None)


def _inverse_information(pool: Pool, vectors: Floats, openness: Floats) -> Floats:
    """What is known with the labels so far, each as telling as a task of the pool is on average; float64 (d, d)."""
    labelled = pool.labelled_embeddings
    held = vectors[:0] if labelled is None else labelled
    some = vectors[_places(pool)].astype(np.float64)
    prior = PRIOR * max(float((some**2).sum()) / len(some), 1e-12)
    information = held.T.astype(np.float64) @ held * openness.mean()
    information[np.diag_indices_from(information)] += prior
    return np.linalg.inv(information)


def _moment(pool: Pool, vectors: Floats, openness: Floats) -> Floats:
    """The second moment of the pool's embeddings, each counted as much as its answer is open; float64 (d, d)."""
    drawn = _places(pool)
    some = vectors[drawn].astype(np.float64)
    return np.asarray((some * openness[drawn, None]).T @ some)


def _places(pool: Pool) -> Ints:
    """The tasks that stand for the pool, the same for the same seed."""
    if len(pool) <= STANDING_FOR:
        return np.arange(len(pool))
    return np.sort(np.random.default_rng(pool.seed).integers(0, len(pool), STANDING_FOR))
