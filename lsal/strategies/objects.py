"""Strategies for images with objects: how much doubt the boxes of an image hold, and which images make the batch.

After PPAL (Yang et al. 2024, 2211.11612): the entropy of each box, weighted by how difficult its class
is, then images that differ. Its difficulty comes out of the training's losses; here a class is as
difficult as the model is doubtful about it over the whole pool.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.starts import random

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

TOP = 10
"""Boxes of an image that count, the most doubtful ones: an image must not win by the number of its boxes."""
FACTOR = 4
"""How many times the batch is looked at for images that differ, as in PPAL."""
SURE = 0.5
EMPTY_SHARE = 0.1
"""At most this share of a batch are images in which the model finds nothing at all."""


def box_doubt(pool: Pool) -> Floats:
    """Doubt per image in [0, 1]: the mean of its most doubtful boxes; 0 without any box. float32 (n,)."""
    doubts = _entropy(pool.chances) * _difficulty(pool)
    return np.clip(_mean_of_top(pool, doubts), 0.0, 1.0).astype(np.float32)


def unsure(pool: Pool) -> Floats:
    """1 - the mean confidence of the boxes, and 1 without any: what Label Studio's examples score by. float32 (n,).

    Images in which nothing is found head such a queue, be there anything in them or not.
    """
    confidence = _classes(pool).max(axis=1) if len(pool.chances) else np.zeros(0, np.float32)
    counts = np.diff(pool.offsets)
    sums = np.bincount(_owners(pool), confidence, minlength=len(pool))
    return np.where(counts, 1 - sums / np.maximum(counts, 1), 1.0).astype(np.float32)


def sure_share(pool: Pool) -> float:
    """The share of images in which the model is rather sure of at least one object than not."""
    sure = _classes(pool).max(axis=1) > SURE if len(pool.chances) else np.zeros(0, bool)
    return float((np.bincount(_owners(pool), sure, minlength=len(pool)) > 0).mean())


def mean_confidence(pool: Pool, n: int) -> Picks:
    """The baseline: the lowest mean confidence of the boxes. Raises EmptyPool."""
    pickers.refuse_empty(pool)
    picks = pickers.top(pool, unsure(pool), min(n, len(pool)))
    return replace(picks, why="the lowest mean confidence of what was found in an image")


def object_doubt(pool: Pool, n: int) -> Picks:
    """Doubtful images that differ from each other, and a few in which nothing was found. Raises EmptyPool."""
    return batch_of(pool, n, box_doubt(pool), "doubt", "the most doubtful boxes")


def batch_of(pool: Pool, n: int, scores: Floats, part: str, told: str) -> Picks:
    """The images with the largest `scores` that differ, and a quota of those in which nothing was found.

    `scores` is (n,); `part` names it in the ranking, `told` in the sentence that says what was chosen.
    Raises EmptyPool.
    """
    pickers.refuse_empty(pool)
    if not len(pool.chances):
        return replace(random(pool, n), why="a random draw: nothing was found in any image")
    n, counts = min(n, len(pool)), np.diff(pool.offsets)
    empty, full = np.flatnonzero(counts == 0), np.flatnonzero(counts > 0)
    room = min(len(empty), max(n - len(full), round(n * min(EMPTY_SHARE, len(empty) / len(pool)))))
    chosen = _varied(pool, scores, full, n - room)
    drawn = np.random.default_rng(pool.seed).choice(empty, room, replace=False) if room else empty[:0]
    positions = np.concatenate([chosen, drawn]).astype(np.int64)
    empties = f", {room} in which nothing was found" if room else ""
    lacking = " (the model has no embeddings: the top was taken)" if pool.embeddings is None else ""
    parts = {part: scores[positions], "boxes": counts[positions].astype(np.float32)}
    return Picks(positions, scores[positions], parts, why=f"{told}, in images that differ{lacking}{empties}")


def _varied(pool: Pool, scores: Floats, among: Ints, n: int) -> Ints:
    """N of the most doubtful images that lie apart, by k-means++ (Arthur & Vassilvitskii 2007); best first."""
    shortlist = among[pickers.best(scores[among], min(FACTOR * n, len(among)), pool.seed)]
    if pool.embeddings is None or n >= len(shortlist):
        return shortlist[:n]
    from sklearn.cluster import kmeans_plusplus

    vectors = pool.embeddings[shortlist].astype(np.float64)
    weights = np.maximum(scores[shortlist].astype(np.float64), 1e-6)
    _, places = kmeans_plusplus(vectors, n, sample_weight=weights, random_state=pool.seed)
    distinct = np.unique(places)  # equal vectors may be drawn twice
    rest = np.setdiff1d(np.arange(len(shortlist)), distinct)[: n - len(distinct)]
    chosen = shortlist[np.concatenate([distinct, rest])]
    ordered: Ints = chosen[np.argsort(-scores[chosen], kind="stable")]
    return ordered


def _entropy(chances: Floats) -> Floats:
    """Of each box, over all classes and none, divided by its largest value; (units,)."""
    nats = -(chances * np.log(np.maximum(chances, np.finfo(np.float32).tiny))).sum(axis=1)
    return np.asarray(nats / np.log(max(2, chances.shape[1])), np.float32)


def _difficulty(pool: Pool) -> Floats:
    """For each box the weight of its class, from 0.5 to 1.5: the mean doubt about that class among all."""
    if not len(pool.chances):
        return np.zeros(0, np.float32)
    likely, classes = _classes(pool).argmax(axis=1), _classes(pool).shape[1]
    sums = np.bincount(likely, _entropy(pool.chances), minlength=classes)
    means = sums / np.maximum(np.bincount(likely, minlength=classes), 1)
    spread = means.max() - means.min()
    weights = 0.5 + (means - means.min()) / spread if spread > 0 else np.ones(classes)
    return np.asarray(weights[likely], np.float32)


def _mean_of_top(pool: Pool, values: Floats) -> Floats:
    """The mean of the largest values of each image, at most TOP; (units,) -> (n,)."""
    owners, counts = _owners(pool), np.diff(pool.offsets)
    order = np.lexsort((-values, owners))
    place = np.arange(len(values)) - np.repeat(pool.offsets[:-1], counts)
    kept = order[place < TOP]
    sums = np.bincount(owners[kept], values[kept], minlength=len(pool))
    return np.asarray(sums / np.maximum(np.minimum(counts, TOP), 1), np.float32)


def _classes(pool: Pool) -> Floats:
    """The chances of the classes, without that of none of them; (units, classes)."""
    return pool.chances[:, :-1] if pool.objects else pool.chances


def _owners(pool: Pool) -> Ints:
    owners: Ints = np.repeat(np.arange(len(pool)), np.diff(pool.offsets))
    return owners
