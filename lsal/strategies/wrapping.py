"""What all wrappers of strategies share: a strategy inside, a number, and picks put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lsal.protocols import Strategy
from lsal.records import Picks, Pool
from lsal.strategies.pools import some_of

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


@dataclass(frozen=True)
class Wrapper:
    """A strategy with another one inside. `usual` is the number where none is given, from `low` to `high`."""

    inner: Strategy
    number: float
    usual: ClassVar[float] = 0.1
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = 1.0

    @property
    def looks_twice(self) -> bool:
        """As the strategy inside."""
        return bool(getattr(self.inner, "looks_twice", False))

    @property
    def asks_members(self) -> bool:
        """As the strategy inside."""
        return bool(getattr(self.inner, "asks_members", False))

    def ask(self, pool: Pool, among: Ints, n: int) -> Picks:
        """What the strategy inside picks of a part of the pool, as positions in the whole; nothing of nothing."""
        n = min(n, len(among))
        if not n:
            return Picks(np.zeros(0, np.int64), np.zeros(0, np.float32))
        whole = len(among) == len(pool) and bool((among == np.arange(len(pool))).all())
        picks = self.inner(pool if whole else some_of(pool, among), n)
        return replace(picks, positions=among[picks.positions])

    def besides(self, pool: Pool, taken: Ints, n: int) -> Picks:
        """What it picks of the whole pool besides those taken: it is asked for so many more, and no pool is copied."""
        picks = self.ask(pool, np.arange(len(pool)), n + len(taken) if n else 0)
        return take(picks, np.flatnonzero(~np.isin(picks.positions, taken))[:n])


def take(picks: Picks, places: Ints) -> Picks:
    """Some of the picks, in the order of `places`."""
    return Picks(
        picks.positions[places],
        picks.scores[places],
        {name: values[places] for name, values in picks.parts.items()},
        None if picks.probability is None else picks.probability[places],
        picks.why,
    )


def together(each: Sequence[Picks], why: str) -> Picks:
    """Picks one after the other; parts that some lack are 0 there, and so is a chance of inclusion NaN.

    Scores of different questions cannot be compared: a later one never counts for more than one before it.
    """
    each = [one for one in each if len(one.positions)] or list(each[:1])
    names = dict.fromkeys(name for one in each for name in one.parts)
    parts = {name: np.concatenate([_part(one, name) for one in each]) for name in names}
    chances = [
        np.full(len(one.positions), np.nan, np.float32) if one.probability is None else one.probability for one in each
    ]
    return Picks(
        np.concatenate([one.positions for one in each]),
        np.minimum.accumulate(np.concatenate([one.scores for one in each])),
        parts,
        np.concatenate(chances) if any(one.probability is not None for one in each) else None,
        why,
    )


def marked(picks: Picks, part: str) -> Picks:
    """The same picks with a part that says why they have a place: 1 for each of them."""
    return replace(picks, parts={**picks.parts, part: np.ones(len(picks.positions), np.float32)})


def without_chance(picks: Picks) -> Picks:
    """The same picks with no chance of inclusion: once some tasks are preferred, that of the draw inside is wrong."""
    return replace(picks, probability=None)


def sorted_by_score(picks: Picks) -> Picks:
    """The same picks, the largest scores first."""
    return take(picks, np.argsort(-picks.scores, kind="stable"))


def _part(picks: Picks, name: str) -> Floats:
    return np.asarray(picks.parts.get(name, np.zeros(len(picks.positions))), np.float32)
