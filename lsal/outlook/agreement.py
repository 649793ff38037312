"""How far two versions say the same about the same tasks, beyond chance: Cohen's kappa with an interval.

Bloodgood & Vijay-Shanker 2009, A method for stopping active learning based on stabilizing predictions: once
successive versions agree on a fixed sample of unlabelled tasks, more labels hardly change what a version says. That
needs no labels, and says nothing about whether the answers are right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

STABLE = 0.99
"""Kappa above which answers count as stable, on average over WINDOW steps (the paper's figures)."""
WINDOW = 3


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two versions on `tasks` that nobody had labelled; `kappa` is None where both always say the same one thing."""

    first: int
    second: int
    tasks: int
    alike: int
    chance: float
    kappa: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stability:
    """The last steps together: their mean kappa with its interval, over how many steps, on how many tasks."""

    kappa: float
    interval: tuple[float, float]
    steps: int
    tasks: int

    @property
    def stable(self) -> bool:
        """Whether enough steps agree well enough."""
        return self.steps >= WINDOW and self.kappa > STABLE


def agreement(first: int, second: int, one: Mapping[str, Hashable], other: Mapping[str, Hashable]) -> Agreement:
    """Compare what two versions said, by task, over the tasks that both were asked about.

    kappa = (p - e) / (1 - e), where p is the share of equal answers and e what chance alone would give (Cohen
    1960). Its interval is Wilson's of p with e as found: an interval by standard error has no width where all agree.
    """
    both = [(one[task], other[task]) for task in one if task in other]
    tasks, alike = len(both), sum(a == b for a, b in both)
    said, says = Counter(a for a, _ in both), Counter(b for _, b in both)
    chance = sum(count * says[answer] for answer, count in said.items()) / max(1, tasks) ** 2
    if not tasks or chance >= 1:
        return Agreement(first, second, tasks, alike, chance, None, (-1.0, 1.0))
    low, high = (_beyond(share, chance) for share in _wilson(alike, tasks))
    return Agreement(first, second, tasks, alike, chance, _beyond(alike / tasks, chance), (low, high))


def stability(steps: Sequence[Agreement]) -> Stability | None:
    """The newest steps together; None while there is none among them that tells something.

    A step between two versions that always say the same one thing tells nothing, and no older one stands in for it:
    then there are fewer steps, too few to call the answers stable. All are about the same tasks, so the interval is
    that of one step of their mean.
    """
    last = [one for one in steps[-WINDOW:] if one.kappa is not None]
    if not last:
        return None
    tasks, shares, chances = min(one.tasks for one in last), [one.alike / one.tasks for one in last], len(last)
    chance = sum(one.chance for one in last) / chances
    low, high = (_beyond(share, chance) for share in _wilson(round(sum(shares) / chances * tasks), tasks))
    return Stability(sum(one.kappa or 0.0 for one in last) / chances, (low, high), chances, tasks)


def _wilson(alike: int, tasks: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    z = 1.959963984540054
    centre, half = alike + z * z / 2, z * math.sqrt(alike * (tasks - alike) / tasks + z * z / 4)
    return max(0.0, (centre - half) / (tasks + z * z)), min(1.0, (centre + half) / (tasks + z * z))


def _beyond(share: float, chance: float) -> float:
    return max(-1.0, (share - chance) / (1 - chance))
