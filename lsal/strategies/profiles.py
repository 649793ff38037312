"""One row for each task out of the chances of its units: what it looks like to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Pool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats, Ints

    Flags = NDArray[np.bool_]

PRESENT = 0.5


def rows_of(pool: Pool, units: Floats) -> Floats:
    """One row per task: (units, c) -> float32 (n, c), or (n, c x units) where all tasks have as many units.

    Tokens and objects of a task count as their mean: they come in no order that could be compared.
    """
    counts = np.diff(pool.offsets)
    if len(units) == len(pool) and (counts == 1).all():
        return units
    if len(units) and counts.min() == counts.max() and not (pool.objects or pool.tokens):
        return units.reshape(len(pool), -1)
    from scipy.sparse import csr_array

    shares = np.repeat(1 / np.maximum(counts, 1), counts).astype(np.float32)
    means = csr_array((shares, np.arange(len(units)), pool.offsets), shape=(len(pool), len(units)))
    return np.asarray(means @ units, np.float32)


def guesses(pool: Pool) -> Ints:
    """The class that the model sees in each task, -1 where it sees none of them; int64 (n,)."""
    chances, counts = pool.chances, np.diff(pool.offsets)
    if not len(chances):
        return np.full(len(pool), -1, np.int64)
    if pool.objects or pool.tokens:
        shown = counts > 0 if pool.objects else _any(pool, chances[:, -1] < PRESENT)
        return _index(shown, rows_of(pool, chances[:, :-1]))
    if (counts == 1).all():
        return _index(counts > 0, chances)
    if chances.shape[1] == 2 and counts.min() == counts.max():  # a unit for each label: absent, present
        there = chances[:, 1].reshape(len(pool), -1)
        return _index(there.max(axis=1) > PRESENT, there)
    return _index(counts > 0, rows_of(pool, chances))


def _index(shown: Flags, rows: Floats) -> Ints:
    """The largest column of the rows that are shown, -1 of others."""
    return np.where(shown, rows.argmax(axis=1), -1).astype(np.int64)


def _any(pool: Pool, units: Flags) -> Flags:
    """Of which tasks a unit is true."""
    owners = np.repeat(np.arange(len(pool)), np.diff(pool.offsets))
    return np.asarray(np.bincount(owners, units, minlength=len(pool)) > 0)
