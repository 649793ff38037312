"""The wrapper `distinct`: no two tasks of a batch are nearly the same, and none is nearly one that is labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.blocks import blocks, squares
from lsal.strategies.wrapping import Wrapper, take, together, without_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats, Ints

ROUNDS = 10
"""How often the strategy is asked for others instead; what is missing then are near-duplicates after all."""

AGAIN = 5
"""Times what is missing that is asked for then."""


@dataclass(frozen=True)
class Distinct(Wrapper):
    """Leaves out tasks whose cosine with a better one, or with a labelled one, is at least the number."""

    usual: ClassVar[float] = 0.95

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n, among = min(n, len(pool)), everything(pool)
        if pool.embeddings is None:
            picks = self.ask(pool, among, n)
            return replace(picks, why=f"{picks.why} (no embeddings to find near-duplicates by)")
        known = unit(pool.labelled_embeddings) if pool.labelled_embeddings is not None else unit(pool.embeddings[:0])
        kept, left_out, count = list[Picks](), list[Picks](), 0
        for turn in range(ROUNDS):
            picks = self.ask(pool, among, (n - count) * (AGAIN if turn else 1))
            fine = self._fine(unit(pool.embeddings[picks.positions]), known)
            kept.append(take(picks, np.flatnonzero(fine)[: n - count]))
            left_out.append(take(picks, np.flatnonzero(~fine)))
            count += len(kept[-1].positions)
            if count == n or not len(picks.positions):
                break
            new = unit(pool.embeddings[kept[-1].positions])
            known = np.concatenate([known, new])
            among = self._others(pool.embeddings, np.setdiff1d(among, picks.positions), new)
        seen = sum(len(one.positions) for one in left_out)
        why = f"{kept[0].why or left_out[0].why}; {seen} near-duplicates passed over"
        return without_chance(self._filled(together([*kept, *left_out], why), pool, n))

    def _fine(self, vectors: Floats, known: Floats) -> NDArray[np.bool_]:
        """Which rows are near no known one, and near no row before them that is."""
        fine = ~near(vectors, known, self.number)
        alike = vectors @ vectors.T >= self.number
        for row in range(len(vectors)):
            fine[row] = fine[row] and not (alike[row, :row] & fine[:row]).any()
        return fine

    def _others(self, vectors: Floats, among: Ints, new: Floats) -> Ints:
        """The rows among some that are near none of the new ones."""
        found: Ints = among[~near(vectors, new, self.number, among)]
        return found

    def _filled(self, picks: Picks, pool: Pool, n: int) -> Picks:
        """The first n, made up by a random draw where the strategy was not asked for enough."""
        if len(picks.positions) >= n:
            return take(picks, np.arange(n))
        positions = pickers.filled(pool, picks.positions, n)
        more = Picks(positions[len(picks.positions) :], np.full(n - len(picks.positions), -np.inf, np.float32))
        return together([picks, replace(more, scores=np.full(len(more.positions), picks.scores[-1]))], picks.why)


def everything(pool: Pool) -> Ints:
    """All positions."""
    return np.arange(len(pool))


def unit(vectors: Floats) -> Floats:
    """Rows of length 1; rows of zeros stay, and are near nothing."""
    vectors = np.asarray(vectors, np.float32)
    return np.asarray(vectors / np.maximum(np.sqrt(squares(vectors)), 1e-12)[:, None], np.float32)


def near(vectors: Floats, others: Floats, bar: float, among: Ints | None = None) -> NDArray[np.bool_]:
    """Which rows, or which of those `among`, have a cosine of at least `bar` with one of the others, of length 1."""
    rows = np.arange(len(vectors)) if among is None else among
    found = np.zeros(len(rows), bool)
    if len(others):
        for some in blocks(len(rows), vectors.shape[1]):
            found[some] = (unit(vectors[rows[some]]) @ others.T).max(axis=1) >= bar
    return found
