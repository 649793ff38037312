"""Wrappers that keep a part of a batch for something: a random draw, rare classes, tasks in which nothing is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lsal.phrases import counted
from lsal.records import Picks, Pool
from lsal.strategies import pickers
from lsal.strategies.profiles import guesses
from lsal.strategies.wrapping import Wrapper, marked, sorted_by_score, take, together, without_chance

if TYPE_CHECKING:
    from lsal.records import Ints


@dataclass(frozen=True)
class Explore(Wrapper):
    """A share of the batch is drawn at random, spread over its ranks, with the chance that each task had.

    What the model is sure of and wrong about is found by no measure of doubt; and figures about the pool can
    be worked out from tasks whose chance of inclusion is known (epsilon-greedy; Farquhar et al. 2021, 2101.11665).
    """

    usual: ClassVar[float] = 0.1

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first; `probability` is that of the random part. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n = min(n, len(pool))
        room = round(n * self.number)
        drawn = pickers.best(np.zeros(len(pool), np.float32), room, pool.seed) if room else np.zeros(0, np.int64)
        asked = replace(self.besides(pool, drawn, n - room), probability=None)
        chance = np.full(room, room / len(pool), np.float32)
        parts = {"random": np.ones(room, np.float32)}
        random = Picks(drawn, np.full(room, np.inf, np.float32), parts, chance)
        why = f"{asked.why or 'a random draw'}; {room} of {n} drawn at random"
        return _spread(asked, random, why) if room else replace(asked, why=why)


@dataclass(frozen=True)
class ClassQuota(Wrapper):
    """A share of the batch goes in turns to the classes that the model sees, those with the fewest labels first.

    After the class-balanced selection of Aggarwal et al. 2020 (Active learning for imbalanced datasets).
    """

    usual: ClassVar[float] = 0.5

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n, seen = min(n, len(pool)), guesses(pool)
        kept = list[Picks]()
        for one, places in shares(seen, pool.seen, round(n * self.number)).items():
            kept.append(marked(self.ask(pool, np.flatnonzero(seen == one), places), "quota"))
        taken = np.concatenate([one.positions for one in kept]) if kept else np.zeros(0, np.int64)
        others = self.besides(pool, taken, n - len(taken))
        told = others.why or kept[0].why
        why = f"{told}; {len(taken)} of {n} kept for {counted(len(kept), 'class', 'classes')}, rare ones first"
        return without_chance(together([others, *kept], why))


@dataclass(frozen=True)
class EmptyQuota(Wrapper):
    """At most a share of the batch are tasks in which the model finds nothing at all: what it overlooks is there."""

    usual: ClassVar[float] = 0.1

    def __call__(self, pool: Pool, n: int) -> Picks:
        """N distinct positions, best first. Raises EmptyPool."""
        pickers.refuse_empty(pool)
        n, seen = min(n, len(pool)), guesses(pool)
        empty, full = np.flatnonzero(seen < 0), np.flatnonzero(seen >= 0)
        room = min(len(empty), max(n - len(full), round(n * min(self.number, len(empty) / len(pool)))))
        asked = [self.ask(pool, full, n - room), marked(self.ask(pool, empty, room), "nothing_found")]
        return together(asked, f"{asked[0].why or asked[1].why}; {room} of {n} with nothing found")


def shares(guessed: Ints, seen: Ints, room: int) -> dict[int, int]:
    """How many tasks each guessed class gets of `room`: one each in turns, as far as it has any, rare ones first."""
    there, counts = np.unique(guessed[guessed >= 0], return_counts=True)
    labels = np.append(seen, np.zeros(max(0, int(there.max(initial=-1)) + 1 - len(seen)), np.int64))[there]
    order, given = np.argsort(labels, kind="stable"), np.zeros(len(there), np.int64)
    while room and (given < counts).any():
        for one in order[given[order] < counts[order]][:room]:
            given[one] += 1
            room -= 1
    return {int(there[one]): int(given[one]) for one in order if given[one]}


def _spread(asked: Picks, drawn: Picks, why: str) -> Picks:
    """Those drawn at even distances among those asked for, each with the score of the one that follows."""
    size = len(asked.positions) + len(drawn.positions)
    at = ((np.arange(len(drawn.positions)) + 0.5) * size / len(drawn.positions)).astype(np.int64)
    order = np.empty(size, np.int64)
    order[at] = len(asked.positions) + np.arange(len(drawn.positions))
    order[np.setdiff1d(np.arange(size), at)] = np.arange(len(asked.positions))
    both = take(together([asked, drawn], why), order)
    scores = np.append(asked.scores, asked.scores[-1:] if len(asked.scores) else np.zeros(1, np.float32))
    asked_at = np.isin(np.arange(size), at, invert=True)
    follows: Ints = np.cumsum(asked_at) - asked_at
    return sorted_by_score(replace(both, scores=scores[np.minimum(follows, len(scores) - 1)].astype(np.float32)))
