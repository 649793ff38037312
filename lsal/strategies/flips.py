"""A strategy that asks a model twice: images whose mirrored copy it reads differently come first.

After consistency-based active learning (Yu et al. 2021, 2103.10374; Elezi et al. 2022, 2106.11921): a
network that has learned an object finds it in the mirrored image too, where it belongs, of the same class.
"""

from __future__ import annotations

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies.objects import batch_of
from lsal.strategies.starts import random


class FlipDisagreement:
    """The largest disagreement between an image and its mirrored copy, in images that differ."""

    looks_twice = True

    def __call__(self, pool: Pool, n: int) -> Picks:
        """Before there is a model nothing can disagree: a random start. Raises EmptyPool."""
        if pool.disagreement is None:
            return random(pool, n)
        return batch_of(pool, n, pool.disagreement.astype(np.float32), "disagreement", "read differently when mirrored")


flip_disagreement = FlipDisagreement()
