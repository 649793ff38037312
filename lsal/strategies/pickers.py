"""Which tasks make the batch, once each has a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np

from lsal.errors import EmptyPool
from lsal.records import Picks, Pool

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

Picker = Callable[[Pool, "Floats", int], Picks]

FACTOR = 10
"""How many times the batch k-means looks at, as in the literature."""
RANKED = 1000
"""How many tasks ranked batch mode looks at; it is quadratic in them."""


def best(scores: Floats, n: int, seed: int) -> Ints:
    """Positions of the n largest, best first, ties in random order; O(n) and a sort of the batch.

    Ties are common (one class only gives every task the same chances): without the shuffle
    they would be taken in the order of the tasks.
    """
    shuffled = np.random.default_rng(seed).permutation(len(scores))
    drawn = scores[shuffled]
    if n < len(drawn):
        bar = np.partition(drawn, len(drawn) - n)[len(drawn) - n]
        above = np.flatnonzero(drawn > bar)
        chosen = np.concatenate([above, np.flatnonzero(drawn == bar)[: n - len(above)]])
    else:
        chosen = np.arange(len(drawn))
    order = np.argsort(-drawn[chosen], kind="stable")
    return cast("Ints", shuffled[chosen[order]])


def refuse_empty(pool: Pool) -> None:
    """Raise EmptyPool if nothing is left to pick."""
    if not len(pool):
        raise EmptyPool("There is no unlabelled task left to rank", "Add tasks to the project, or stop here")


def top(pool: Pool, scores: Floats, n: int) -> Picks:
    """The n highest scores (Lewis & Gale 1994)."""
    positions = best(scores, n, pool.seed)
    return Picks(positions, scores[positions], {"uncertainty": scores[positions]})


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

    Cardoso et al. 2017, Ranked batch-mode active learning, as modAL does it, over the 1,000
    most uncertain tasks. Its score is the place in the batch; without embeddings it is `top`.
    """
    if pool.embeddings is None:
        return top(pool, scores, n)
    from modAL.batch import ranked_batch

    shortlist = best(scores, max(RANKED, n), pool.seed)
    frozen = _Frozen(pool.labelled_embeddings)
    chosen, _ = ranked_batch(frozen, pool.embeddings[shortlist], scores[shortlist], n, "euclidean", None)
    distinct = list(dict.fromkeys(chosen.tolist()))  # the first of all may come twice where nothing is labelled
    rest = [place for place in range(len(shortlist)) if place not in set(distinct)][: n - len(distinct)]
    positions = shortlist[[*distinct, *rest]]
    places = np.linspace(1, 0, len(positions), endpoint=False, dtype=np.float32)
    return Picks(positions, places, {"uncertainty": scores[positions]})


def nearest_to_centroids(vectors: Floats, k: int, seed: int, weights: Floats | None = None) -> tuple[Ints, Ints]:
    """K distinct rows of `vectors`, each the nearest to one centroid, and the sizes of their clusters.

    Fewer clusters than k (many equal vectors) are made up by the heaviest rows left.
    """
    if k >= len(vectors):
        return np.arange(len(vectors)), np.ones(len(vectors), np.int64)
    if weights is not None and not weights.any():
        weights = None
    centers, labels = clusters_of(vectors, k, seed, weights)
    gaps = np.linalg.norm(vectors - centers[labels], axis=1)
    order = np.lexsort((gaps, labels))
    found, firsts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    chosen = order[firsts]
    if len(found) < k:
        rest = np.setdiff1d(np.arange(len(vectors)), chosen)
        more = rest[best(np.ones(len(rest), np.float32) if weights is None else weights[rest], k - len(found), seed)]
        chosen = np.concatenate([chosen, more])
        sizes = np.concatenate([sizes, np.ones(len(more), np.int64)])
    return chosen, sizes


def clusters_of(vectors: Floats, k: int, seed: int, weights: Floats | None = None) -> tuple[Floats, Ints]:
    """Centroids (k, d) and the cluster of each row, by k-means, in mini-batches where the pool is large."""
    import warnings

    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    large = len(vectors) * k > 2_000_000
    method = MiniBatchKMeans(k, n_init=1, random_state=seed) if large else KMeans(k, n_init=1, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # equal vectors give fewer clusters: handled by the caller
        labels = method.fit_predict(vectors, sample_weight=weights)
    return method.cluster_centers_, labels.astype(np.int64)


class _Frozen:
    """What modAL's ranked batch asks of a classifier: the vectors that are labelled already."""

    on_transformed = False

    def __init__(self, labelled: Floats | None) -> None:
        self.X_training = labelled if labelled is not None and len(labelled) else None
