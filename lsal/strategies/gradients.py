"""BADGE: a batch of tasks that would each change the last layer much, and each in another direction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import measures, pickers
from lsal.strategies.blocks import squares
from lsal.strategies.profiles import rows_of
from lsal.strategies.seeding import Between, spread, take

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

ROUNDING = 1e-6
LACKING = "the model has no embeddings: the closest margins were taken"


def badge(pool: Pool, n: int) -> Picks:
    """N tasks by k-means++ over the gradients that each would bring with the label that the model guesses.

    Ash et al. 2020 (1906.03671). The first is the one of the longest gradient. Nothing as large as classes x
    dimensions is ever built for a task, see `between`: it runs over a million in bounded memory. Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    n = min(n, len(pool))
    if pool.embeddings is None:
        return replace(pickers.top(pool, measures.margin(pool), n), why=f"close margins ({LACKING})")
    errors, vectors = errors_of(pool), np.asarray(pool.embeddings, np.float32)
    lengths = squares(errors) * squares(vectors)
    gaps = between(errors, vectors, lengths)
    first = pickers.best(lengths, 1, pool.seed)
    closest = np.full(len(pool), np.inf, np.float32)
    take(gaps, closest, first, vectors.shape[1])
    draw, floor = np.random.default_rng(pool.seed), ROUNDING * float(lengths.max())
    more = spread(gaps, closest, n - 1, draw, None, vectors.shape[1], floor)
    positions = pickers.filled(pool, np.concatenate([first, more]), n)
    parts = {"gradient": np.sqrt(lengths[positions])}
    return pickers.in_order(positions, parts, "tasks that would change the model much, each in another way")


def errors_of(pool: Pool) -> Floats:
    """The chances minus 1 at the guessed class, float32 (n, c): the loss's gradient before the last layer."""
    errors = pool.chances.astype(np.float32, copy=True)
    if len(errors):
        errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    return rows_of(pool, errors)


def between(errors: Floats, vectors: Floats, lengths: Floats) -> Between:
    """Squared distances of the gradients, the outer products of an error with a vector, without building them.

    |a x h - b x g|^2 = |a|^2 |h|^2 + |b|^2 |g|^2 - 2 (a . b) (h . g).
    """

    def gaps(rows: slice | Ints, chosen: Ints) -> Floats:
        found: Floats = errors[rows] @ (-2 * errors[chosen].T)
        found *= vectors[rows] @ vectors[chosen].T
        found += lengths[rows][:, None]
        found += lengths[chosen]
        return np.maximum(found, 0, out=found)

    return gaps
