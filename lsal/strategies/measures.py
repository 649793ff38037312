"""How uncertain a model is: one figure per task in [0, 1], larger is more uncertain.

A task with several units (labels of a multiple choice, tokens, boxes) counts as the mean
over its units, so that long tasks do not win by length alone; one without units scores 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Pool
from lsal.strategies.blocks import blocks

if TYPE_CHECKING:
    from lsal.records import Floats

Measure = Callable[[Pool], "Floats"]
TINY = np.finfo(np.float32).tiny


def least_confident(pool: Pool) -> Floats:
    """1 - the chance of the most likely class (Lewis & Gale 1994), scaled to [0, 1]; float32 (n,)."""
    classes = pool.chances.shape[1]
    doubt = 1 - pool.chances.max(axis=1) if classes > 1 else np.zeros(len(pool.chances), np.float32)
    return per_task(pool, doubt * (classes / max(1, classes - 1)))


def margin(pool: Pool) -> Floats:
    """1 - the gap between the two most likely classes (Scheffer et al. 2001); float32 (n,)."""
    return per_task(pool, margins(pool.chances))


def margins(chances: Floats) -> Floats:
    """Of each unit 1 - the gap between its two largest chances; 0 with a single class. float32 (units,).

    Column by column over turned blocks: several times faster than sorting each row.
    """
    out = np.zeros(len(chances), np.float32)
    if chances.shape[1] < 2:
        return out
    for rows in blocks(*chances.shape):
        block = np.ascontiguousarray(chances[rows].T)
        first, second = np.maximum(block[0], block[1]), np.minimum(block[0], block[1])
        for column in block[2:]:
            np.maximum(second, np.minimum(first, column), out=second)
            np.maximum(first, column, out=first)
        out[rows] = 1 - (first - second)
    return out


def entropy(pool: Pool) -> Floats:
    """Shannon entropy of the chances over its largest value, log(classes) (Settles 2009); float32 (n,)."""
    chances, nats = pool.chances, np.zeros(len(pool.chances), np.float32)
    for rows in blocks(*chances.shape):
        nats[rows] = nats_of(chances[rows])
    return per_task(pool, nats / np.float32(np.log(max(2, chances.shape[1]))))


def nats_of(chances: Floats) -> Floats:
    """Shannon entropy over the last axis."""
    found: Floats = -np.einsum("...j,...j->...", chances, np.log(np.maximum(chances, TINY)))
    return found


def per_task(pool: Pool, units: Floats) -> Floats:
    """The mean over the units of each task; (units,) -> float32 (n,)."""
    counts = np.diff(pool.offsets)
    if len(units) == len(pool) and (counts == 1).all():
        return units.astype(np.float32, copy=False)
    owners = np.repeat(np.arange(len(pool)), counts)
    sums = np.bincount(owners, units, minlength=len(pool))
    return np.asarray(sums / np.maximum(counts, 1), np.float32)
