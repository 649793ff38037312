"""How far the members of a committee differ: one figure per task in [0, 1], out of `Pool.members`.

Members are versions of one model: with other features or neurons dropped, or trained on other draws of the labels.
What none of them can know is left out here: a coin's toss has the largest entropy, and no disagreement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Pool
from lsal.strategies.blocks import blocks
from lsal.strategies.measures import nats_of, per_task

if TYPE_CHECKING:
    from lsal.records import Floats


def bald(pool: Pool) -> Floats:
    """The entropy of the members' mean minus their mean entropy, over log(classes); float32 (n,).

    Houlsby et al. 2011 (1112.5745); with dropout Gal et al. 2017 (1703.02910).
    """
    members = _members(pool)
    found = np.zeros(members.shape[1], np.float32)
    for rows in blocks(members.shape[1], members.shape[0] * members.shape[2]):
        some = members[:, rows]
        found[rows] = nats_of(some.mean(axis=0)) - nats_of(some).mean(axis=0)
    return per_task(pool, np.clip(found / np.log(max(2, members.shape[2])), 0, 1).astype(np.float32))


def consensus_kl(pool: Pool) -> Floats:
    """The mean Kullback-Leibler divergence of each member to their mean, over log(classes); float32 (n,).

    McCallum & Nigam 1998 (Employing EM and pool-based active learning). Written out it is what BALD is, so it
    is computed as that.
    """
    return bald(pool)


def vote_entropy(pool: Pool) -> Floats:
    """The entropy of the votes that the classes get, over its largest value; float32 (n,).

    Dagan & Engelson 1995 (Committee-based sampling). Each member votes for its likeliest class.
    """
    members = _members(pool)
    k, units, classes = members.shape
    found = np.zeros(units, np.float32)
    for rows in blocks(units, k * classes):
        votes = members[:, rows].argmax(axis=2)
        shares = (votes[:, :, None] == np.arange(classes)).mean(axis=0, dtype=np.float32)
        found[rows] = nats_of(shares)
    return per_task(pool, np.clip(found / np.float32(np.log(max(2, min(k, classes)))), 0, 1))


def agreeing(pool: Pool) -> Floats:
    """The share of members whose likeliest class is the model's, the mean over the units; float32 (n,)."""
    members, likeliest = _members(pool), pool.chances.argmax(axis=1)
    found = np.zeros(members.shape[1], np.float32)
    for rows in blocks(members.shape[1], members.shape[0] * members.shape[2]):
        found[rows] = (members[:, rows].argmax(axis=2) == likeliest[rows]).mean(axis=0)
    return per_task(pool, found)


def _members(pool: Pool) -> Floats:
    """What the members say; of a model without any itself, alone."""
    return pool.chances[None] if pool.members is None else pool.members
