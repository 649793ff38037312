"""The default strategy: typical tasks until a model can have an opinion, then uncertain and varied ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lsal.phrases import counted
from lsal.records import Picks, Pool
from lsal.strategies.fisher import fisher
from lsal.strategies.objects import object_doubt, sure_share
from lsal.strategies.pickers import best
from lsal.strategies.pools import some_of
from lsal.strategies.spans import token_margin
from lsal.strategies.starts import centroids, random
from lsal.strategies.typical import typiclust

LABELS_PER_CLASS = 5
FEWEST, MOST = 10, 25
"""Bounds of the start, whatever the number of classes."""

LOOKED_AT = 20_000
"""Tasks that the start is chosen from at most."""

KNOWING = 0.5
"""A detector is asked for its doubt once it is sure of an object in this share of the images that have some."""

COMMON = 0.5
"""Where one class has a larger share of the labels, always answering it is hard to beat, and doubt finds the others."""
PATIENCE = 2
"""Times the labels of the start after which a model that still knows nothing is not waited for any more."""


def auto(pool: Pool, n: int) -> Picks:
    """TypiClust until the labels suffice for a margin to mean something, then margin -> Fisher information.

    Uncertainty loses at very few labels (Hacohen et al. 2022), and plain margin can fall below random, because
    its batches are all alike and full of outliers: from about 5 labels a class on, `fisher` takes those small
    margins that tell most about the other tasks, which near-duplicates and outliers do not. A model whose answers
    out of fold are no better than always the commonest class has no doubt worth asking for: it gets more typical
    tasks, and in the end a random draw, so that labels nobody can learn from are not chosen by noise. Objects in
    images begin with a random draw: the most typical images are the plainest ones, which show little to learn
    from. Texts with spans begin with centroids until ten are labelled and one holds a span: in replays on wnut17
    neither start was the better one for certain (benchmarks/README). `why` tells which and for what reason.
    """
    reason = _too_early(pool)
    if reason and pool.objects:
        return replace(random(pool, n), why=f"a random draw: {reason}")
    if reason:
        picks = (centroids if pool.tokens else _typical)(pool, n)
        return replace(picks, why=f"{picks.why}: {reason}")
    if pool.objects:
        picks = object_doubt(pool, n)
        return replace(picks, why=f"{picks.why}: {counted(_labels(pool), 'labelled image')}")
    if pool.tokens:
        picks = token_margin(pool, n)
        return replace(picks, why=f"{picks.why}: {counted(_labels(pool), 'labelled task')}")
    if clueless := _clueless(pool):
        return replace(random(pool, n), why=f"a random draw: {clueless}")
    picks = fisher(pool, n)
    shown = int((pool.seen > 0).sum())
    return replace(picks, why=f"{picks.why}: {_labels(pool)} labels over {shown} of {len(pool.seen)} classes")


def _typical(pool: Pool, n: int) -> Picks:
    """TypiClust, in a large pool among some of the tasks: what is typical of a random part is so of the whole."""
    if len(pool) <= LOOKED_AT or pool.embeddings is None:
        return typiclust(pool, n)
    among = best(np.zeros(len(pool), np.float32), max(LOOKED_AT, n), pool.seed)
    picks = typiclust(some_of(pool, among), n)
    return replace(picks, positions=among[picks.positions])


def _too_early(pool: Pool) -> str:
    """Why uncertainty would not help yet; empty when it would."""
    labels, shown = _labels(pool), int(np.count_nonzero(pool.seen))
    if not labels:
        return "nothing is labelled yet"
    if pool.objects:  # of a single class too: there is a box, or there is none
        if labels < FEWEST:
            return f"{counted(labels, 'labelled image')} so far, {FEWEST} wanted first"
        return _blind(pool)
    if pool.tokens:
        told = f"{counted(labels, 'labelled task')} so far, with {shown} of the labels"
        return "" if labels >= FEWEST and shown else told
    if shown < 2:
        return f"all {labels} labels so far are of one class"
    if labels < _wanted(pool):
        return f"{labels} labels so far, {_wanted(pool)} wanted first"
    return _clueless(pool) if labels < PATIENCE * _wanted(pool) else ""


def _wanted(pool: Pool) -> int:
    return min(MOST, max(FEWEST, LABELS_PER_CLASS * len(pool.seen)))


def _clueless(pool: Pool) -> str:
    """Why a model of classes has no doubt worth asking for; empty where it has, or where nobody knows."""
    if pool.held_out is None or pool.prior is None or pool.prior > COMMON or pool.held_out > pool.prior:
        return ""
    return (
        f"the model is right on {pool.held_out:.0%} of labels it has not seen, always the commonest on {pool.prior:.0%}"
    )


def _blind(pool: Pool) -> str:
    """Why a detector's doubt says nothing yet: it is hardly ever sure of an object, where people drew many."""
    sure, drawn = sure_share(pool), 1.0 if pool.labelled_classes is None else float((pool.labelled_classes >= 0).mean())
    if sure >= KNOWING * drawn:
        return ""
    return f"the model is sure of an object in {sure:.0%} of the images, and people drew some in {drawn:.0%}"


def _labels(pool: Pool) -> int:
    """Labelled tasks, as far as the pool tells: with several labels per task `seen` counts more."""
    return int(pool.seen.sum()) if pool.labelled_embeddings is None else len(pool.labelled_embeddings)
