"""Which tasks make the batch, once each has a score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from lsal.errors import EmptyPool
from lsal.records import Picks, Pool
from lsal.strategies.blocks import gaps_to, nearest, squares
from lsal.strategies.clustering import clusters_of, nearest_to_centroids

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

__all__ = ["best", "clusters_of", "filled", "in_order", "kmeans", "nearest_to_centroids", "ranked", "refuse_empty"]
Picker = Callable[[Pool, "Floats", int], Picks]

FACTOR = 10
"""How many times the batch k-means looks at, as in the literature."""
RANKED = 1000
"""How many tasks ranked batch mode looks at."""


def best(scores: Floats, n: int, seed: int) -> Ints:
    """Positions of the n largest, best first, ties in random order; O(n) and a sort of the batch.

    Ties are common (one class only gives every task the same chances): without the shuffle
    they would be taken in the order of the tasks.
    """
    draw = np.random.default_rng(seed)
    bar = np.partition(scores, len(scores) - n)[len(scores) - n] if n < len(scores) else -np.inf
    above = draw.permutation(np.flatnonzero(scores > bar))
    ties = np.flatnonzero(scores == bar) if len(above) < min(n, len(scores)) else above[:0]
    chosen = np.concatenate([above, np.random.default_rng(seed).permutation(ties)[: n - len(above)]])
    return np.asarray(chosen[np.argsort(-scores[chosen], kind="stable")], np.int64)


def refuse_empty(pool: Pool) -> None:
    """Raise EmptyPool if nothing is left to pick."""
    if not len(pool):
        raise EmptyPool("There is no unlabelled task left to rank", "Add tasks to the project, or stop here")


def filled(pool: Pool, positions: Ints, n: int) -> Ints:
    """The positions, with a random draw of others where they are fewer than n."""
    if len(positions) >= n:
        return positions[:n]
    rest = np.setdiff1d(np.arange(len(pool)), positions)
    more = rest[best(np.zeros(len(rest), np.float32), n - len(positions), pool.seed)]
    return np.asarray(np.concatenate([positions, more]), np.int64)


def in_order(positions: Ints, parts: Mapping[str, Floats], why: str = "") -> Picks:
    """Picks whose order is all that is known of their worth: the score is the place in the batch."""
    places = np.linspace(1, 0, len(positions), endpoint=False, dtype=np.float32)
    return Picks(positions, places, {name: values.astype(np.float32) for name, values in parts.items()}, why=why)


def top(pool: Pool, scores: Floats, n: int) -> Picks:
    """The n highest scores (Lewis & Gale 1994)."""
    positions = best(scores, n, pool.seed)
    return Picks(positions, scores[positions], {"uncertainty": scores[positions]})


def power(pool: Pool, scores: Floats, n: int) -> Picks:
    """The n highest of log score + Gumbel noise: a draw without replacement in proportion to the scores.

    Kirsch et al. 2023 (2106.12059, Stochastic batch acquisition): PowerMargin over margins, PowerBALD over BALD;
    a batch of the top is much alike, one drawn by its scores is less so, at no cost.
    """
    noise = np.random.default_rng(pool.seed).gumbel(size=len(scores)).astype(np.float32)
    drawn = np.log(np.maximum(scores, np.finfo(np.float32).tiny)) + noise
    positions = best(drawn, n, pool.seed)
    return Picks(positions, drawn[positions], {"uncertainty": scores[positions]})


def kmeans(pool: Pool, scores: Floats, n: int, factor: int = FACTOR) -> Picks:
    """One task from each of n clusters of the factor x n most uncertain.

    Zhdanov 2019 (1901.05954): k-means weighted by uncertainty over a prefiltered pool, and
    the task nearest to each centroid. Without embeddings it is `top`.
    """
    if pool.embeddings is None or n >= len(pool):
        return top(pool, scores, n)
    shortlist = best(scores, factor * n, pool.seed)
    chosen, clusters = nearest_to_centroids(pool.embeddings[shortlist], n, pool.seed, scores[shortlist])
    positions = shortlist[chosen]
    order = np.argsort(-scores[positions], kind="stable")
    positions = positions[order]
    parts = {"uncertainty": scores[positions], "cluster": clusters[order].astype(np.float32)}
    return Picks(positions, scores[positions], parts)


def ranked(pool: Pool, scores: Floats, n: int) -> Picks:
    """Uncertainty weighed against distance from all that is labelled or chosen already.

    Cardoso et al. 2017, Ranked batch-mode active learning, with the similarity 1 / (1 + distance), over the
    1,000 most uncertain tasks. Its score is the place in the batch; without embeddings it is `top`.
    """
    if pool.embeddings is None:
        return top(pool, scores, n)
    shortlist = best(scores, max(RANKED, n), pool.seed)
    vectors, doubts = pool.embeddings[shortlist].astype(np.float32), scores[shortlist]
    labelled = pool.labelled_embeddings if pool.labelled_embeddings is not None else vectors[:0]
    known, lengths = len(labelled), squares(vectors)
    if known:
        closest, chosen = np.sqrt(nearest(vectors, labelled, lengths)[1]), list[int]()
    else:  # nothing is labelled: the most central task opens the batch
        chosen = [int(nearest(vectors.mean(axis=0, keepdims=True), vectors)[0][0])]
        closest = np.sqrt(gaps_to(vectors, lengths, vectors[chosen])[:, 0])
    while len(chosen) < min(n, len(shortlist)):
        left = len(shortlist) - len(chosen)
        room = left / (left + known + len(chosen))
        worth = room * (1 - 1 / (1 + closest)) + (1 - room) * doubts
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
        closest = np.minimum(closest, np.sqrt(gaps_to(vectors, lengths, vectors[chosen[-1:]])[:, 0]))
    positions = shortlist[chosen]
    return in_order(positions, {"uncertainty": scores[positions]})
