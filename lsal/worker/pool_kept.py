"""What a ranking knew of the open tasks, put into arrays: to be kept once its queue is live."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lsal import scored
from lsal.errors import LsalError
from lsal.home import Home
from lsal.records import Labels, Pool, Prediction
from lsal.scored import Scored
from lsal.strategies import measures
from lsal.strategies.blocks import blocks
from lsal.strategies.clustering import clusters_of
from lsal.worker.candidates import Read

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

log = logging.getLogger(__name__)

CLUSTERS = 20
MOST_CHANCES = 100_000_000
"""Chances that are kept at most, 400 MB: beyond that only the two likeliest classes of each task."""


def pool_of(read: Read, version: int | None) -> Scored:
    """What a control's version said of its candidates; before the first version what the data alone say."""
    pool, control, told = read.asked.pool, read.asked.control, read.asked.predictions
    single = bool(told) and not control.several and isinstance(told[0].target, Labels)
    guess, runner_up, confidence, margin = two_likeliest(pool.chances) if single else _of_parts(told, len(pool))
    known = len(read.labelled) if pool.labelled_classes is None else 0
    return Scored(
        ranking="",
        control=control.name,
        version=version,
        classes=control.labels,
        task_ids=pool.task_ids,
        chances=pool.chances if single and pool.chances.size <= MOST_CHANCES else None,
        confidence=confidence,
        guess=guess,
        runner_up=runner_up,
        margin=margin,
        score=measures.margin(pool) if told else np.full(len(pool), np.nan, np.float32),
        cluster=groups(pool),
        embeddings=pool.embeddings,
        labelled_ids=np.array(read.labelled, np.int64),
        labelled_classes=np.full(known, -1) if pool.labelled_classes is None else pool.labelled_classes,
        labelled_embeddings=pool.labelled_embeddings,
    )


def keep(home: Home, made: Scored, ranking: str) -> None:
    """Keep it under the name of the publication. The queue is live by now: a full disk does not undo that."""
    try:
        scored.keep(home, replace(made, ranking=ranking))
    except (LsalError, OSError) as error:
        log.warning("What the ranking knew of the pool could not be kept: %s", error)


def two_likeliest(chances: Floats) -> tuple[Ints, Ints, Floats, Floats]:
    """The likeliest class of each task (n,), the second, the chance of the first, and the gap between them.

    Of a single class there is no second: -1, and the gap is NaN.
    """
    n, classes = chances.shape
    first, second = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    chance, gap = np.zeros(n, np.float32), np.full(n, np.nan, np.float32)
    for rows in blocks(n, classes):
        block = chances[rows].copy()
        own = np.arange(len(block))
        first[rows] = block.argmax(axis=1)
        chance[rows] = block[own, first[rows]]
        if classes > 1:
            block[own, first[rows]] = -1
            second[rows] = block.argmax(axis=1)
            gap[rows] = chance[rows] - block[own, second[rows]]
    return first, second, chance, gap


def groups(pool: Pool) -> Ints:
    """Which group of like tasks each belongs to, (n,): about the root of half their number, 20 at most.

    The largest is group 0. Without embeddings -1 for all.
    """
    n = len(pool)
    if pool.embeddings is None or not n:
        return np.full(n, -1, np.int64)
    k = int(np.clip(np.sqrt(n / 2), 1, CLUSTERS))
    _, found = clusters_of(pool.embeddings, k, seed=0)
    sizes = np.bincount(found, minlength=k)
    places = np.empty(k, np.int64)
    places[np.argsort(-sizes, kind="stable")] = np.arange(k)
    return places[found]


def _of_parts(told: Sequence[Prediction], n: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Of several choices, objects and spans how sure the model is of the least certain; before a model nothing."""
    none, nothing = np.full(n, -1, np.int64), np.full(n, np.nan, np.float32)
    sure = getattr(told, "confidences", None)  # of those in files no prediction need be made
    if sure is None:
        sure = np.fromiter((one.confidence for one in told), np.float32, n) if told else nothing
    return none, none, sure, nothing
