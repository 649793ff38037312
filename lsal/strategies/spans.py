"""Strategies for texts with spans: where the tags of words are doubtful, in texts that differ.

The doubt of a word is its margin. Most words of a text are in no span, and the model is sure of that: a mean
over all words prefers short texts, a sum long ones. So it is taken over the root of their number, and weighted
by how many words look to be in spans, as Şapcı et al. 2023 (Focusing on potential named entities during active
label acquisition, 2111.03837) count potential entities; for the length see Shen et al. 2017 (1707.05928).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.starts import centroids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats, Ints

FACTOR = 10
"""How many times the batch is looked at for texts that differ."""
FOUND = 0.5
"""With this chance of being in a span something is found in a word."""
EMPTY_SHARE = 0.1
"""At most this share of a batch are texts in which nothing is found: what the model overlooks is in those."""

varied = partial(pickers.kmeans, factor=FACTOR)


def token_doubt(pool: Pool) -> Floats:
    """Doubt per text in [0, 1], 0 for one without a word; float32 (n,)."""
    if not len(pool.chances):
        return np.zeros(len(pool), np.float32)
    top = np.partition(pool.chances, -2, axis=1)
    margins, counts = 1 - (top[:, -1] - top[:, -2]), np.diff(pool.offsets)
    raw = _sums(pool, margins) / np.sqrt(np.maximum(counts, 1)) * tag_weight(pool)
    return np.asarray(raw / max(1.0, float(raw.max())), np.float32)


def tag_weight(pool: Pool) -> Floats:
    """By how much the expected number of words in spans lets a text count, from 0 to 1; float32 (n,)."""
    inside = _sums(pool, 1 - pool.chances[:, -1])
    return np.asarray(inside / (1 + inside), np.float32)


def token_margin(pool: Pool, n: int) -> Picks:
    """Doubtful texts that differ, and a few in which nothing is found. Raises EmptyPool."""
    pickers.refuse_empty(pool)
    n, scores = min(n, len(pool)), token_doubt(pool)
    if not len(pool.chances):
        return centroids(pool, n)
    found = _found(pool)
    full, empty = np.flatnonzero(found), np.flatnonzero(~found)
    room = min(len(empty), max(n - len(full), round(n * min(EMPTY_SHARE, len(empty) / len(pool)))))
    positions = np.concatenate([_picked(pool, scores, full, n - room), _picked(pool, scores, empty, room)])
    positions = positions[np.argsort(-scores[positions], kind="stable")]
    lacking = " (the model has no embeddings: the top was taken)" if pool.embeddings is None else ""
    empties = f", {room} in which nothing is found" if room else ""
    parts = {"doubt": scores[positions], "words": np.diff(pool.offsets)[positions].astype(np.float32)}
    why = f"doubtful words, those that look like spans most, in texts that differ{lacking}{empties}"
    return Picks(positions, scores[positions], parts, why=why)


def _picked(pool: Pool, scores: Floats, among: Ints, n: int) -> Ints:
    """N positions among those given, by doubt and variety."""
    if not n:
        return among[:0]
    some = replace(
        pool,
        task_ids=pool.task_ids[among],
        embeddings=None if pool.embeddings is None else pool.embeddings[among],
    )
    chosen: Ints = among[varied(some, scores[among], n).positions]
    return chosen


def _found(pool: Pool) -> NDArray[np.bool_]:
    """In which texts a word is likelier in a span than not; (n,)."""
    return np.asarray(_sums(pool, (pool.chances[:, -1] < FOUND).astype(np.float32)) > 0)


def _sums(pool: Pool, values: Floats) -> Floats:
    """Over the words of each text; (units,) -> (n,)."""
    owners = np.repeat(np.arange(len(pool)), np.diff(pool.offsets))
    return np.asarray(np.bincount(owners, values, minlength=len(pool)), np.float32)
