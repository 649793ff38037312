"""Two versions on the same tasks: what they gained and lost, and whether chance alone could do that."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lsal.phrases import counted

CLEARLY = 0.05
"""A difference is clear when chance alone makes one as large in fewer than 1 of 20 cases."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on the same tasks: `gained` and `lost` count the answers that became
    better and worse; `p` is two-sided. `gain` is the change of a `metric` that is no share of right answers.
    """

    tasks: int
    gained: int
    lost: int
    p: float
    gain: float | None = None
    metric: str = ""

    @property
    def verdict(self) -> str:
        """Better, worse, or that it cannot be told yet."""
        if self.p >= CLEARLY:
            return "cannot tell yet"
        return "better" if self.change > 0 else "worse"

    @property
    def change(self) -> float:
        """What the verdict goes by: the change of the metric, else of the right answers."""
        return self.gained - self.lost if self.gain is None else self.gain

    def __str__(self) -> str:
        by = "" if self.gain is None else f"{self.metric} {self.gain:+.3f}, "
        told = f"{self.verdict}: {by}{self.gained} gained, {self.lost} lost on "
        return told + f"{counted(self.tasks, 'task')} (p = {self.p:.2g})"


def gate(comparison: Comparison | None, why_none: str = "the first version of this control") -> tuple[bool, str]:
    """Whether a new version goes live: yes unless it is clearly worse than the live one."""
    if comparison is None:
        return True, why_none
    return comparison.verdict != "worse", str(comparison)


def sign_test(gained: int, lost: int) -> float:
    """The exact two-sided sign test: under no difference each change is a fair coin (McNemar 1947)."""
    n = gained + lost
    tail = float(sum(math.comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n)
    return min(1.0, 2 * tail)


def wilson(right: int, tasks: int) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927, JASA 22); (0, 1) without tasks."""
    if not tasks:
        return 0.0, 1.0
    z = 1.959963984540054
    centre = (right + z * z / 2) / (tasks + z * z)
    half = z / (tasks + z * z) * math.sqrt(right * (tasks - right) / tasks + z * z / 4)
    # At either end it holds the proportion itself, but the sums are rounded.
    return 0.0 if right == 0 else centre - half, 1.0 if right == tasks else centre + half
