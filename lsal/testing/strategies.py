"""The laws of a query strategy: distinct tasks, best first, the same answer for the same seed."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.errors import EmptyPool
from lsal.records import Picks, Pool
from lsal.strategies.pools import start_pool
from lsal.testing.materials import SINGLE, bare, odd_pools, pool_of

POOLS = odd_pools()


class StrategyContract:
    """Every law of a strategy. Set `strategy` to the function."""

    strategy: ClassVar[Any]
    """Anything that follows `protocols.Strategy`."""

    @pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
    @pytest.mark.parametrize("n", [1, 20, 150, 500])
    def test_distinct_positions_best_first(self, pool: Pool, n: int) -> None:
        """As many as were asked for, or the whole pool; whatever the pool is like."""
        check(type(self).strategy(pool, n), pool, n)

    def test_the_same_seed_gives_the_same_answer(self) -> None:
        """A ranking can be made again."""
        one, other = (type(self).strategy(pool_of(), 20) for _ in range(2))
        assert np.array_equal(one.positions, other.positions)
        assert np.array_equal(one.scores, other.scores)

    def test_more_than_the_pool_gives_the_pool(self) -> None:
        """The last batch is smaller, and complete."""
        assert sorted(type(self).strategy(pool_of(30), 99).positions.tolist()) == list(range(30))

    def test_an_empty_pool_says_so(self) -> None:
        """EmptyPool, not an empty answer."""
        with pytest.raises(EmptyPool):
            type(self).strategy(start_pool([], SINGLE), 5)

    def test_without_embeddings_it_works(self) -> None:
        """Not every model has embeddings."""
        check(type(self).strategy(bare(pool_of()), 20), bare(pool_of()), 20)

    def test_the_pool_is_left_as_it_was(self) -> None:
        """Others look at it too."""
        pool, untouched = pool_of(), pool_of()
        type(self).strategy(pool, 20)
        for name in ("task_ids", "chances", "offsets", "seen", "embeddings", "labelled_embeddings"):
            assert np.array_equal(getattr(pool, name), getattr(untouched, name)), name


def check(picks: Picks, pool: Pool, n: int) -> None:
    """Assert that these are n picks of the pool, or all of it, in the shape that every strategy returns."""
    k = min(n, len(pool))
    assert picks.positions.shape == picks.scores.shape == (k,)
    assert len(set(picks.positions.tolist())) == k
    assert picks.positions.min() >= 0
    assert picks.positions.max() < len(pool)
    assert picks.scores.dtype == np.float32
    assert (np.diff(picks.scores) <= 0).all(), "best first"
    assert all(part.shape == (k,) and part.dtype == np.float32 for part in picks.parts.values())
    assert picks.why
