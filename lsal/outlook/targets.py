"""How many labels a target needs, out of the ways in which a curve may go on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsal.outlook.curves import Measurements, Paths, Reals
from lsal.outlook.law import DRAWS, paths

CONFIDENCE = 0.9
FAR = 10
"""Nothing is said about more labels than so many times those of now."""
WIDE = 4
"""An interval that ends beyond so many times both its beginning and the labels of now says nothing of use."""
STEPS, LONGER = 40, 1.12
"""How many batches are looked at one by one; later ones in ever longer steps."""


@dataclass(frozen=True, slots=True)
class Needed:
    """How many more labels a target needs: the median and the 90 % interval, None for "maybe never" (an interval
    without an end begins where 90 % of the doubt lies above).

    `within` labels it is reached with `chance`. `why_not` says why the interval is no answer.
    """

    target: float
    more: int | None
    interval: tuple[int | None, int | None]
    chance: float
    within: int
    why_not: str = ""


def needed(known: Measurements, batch: int, target: float) -> Needed:
    """The first of the coming versions that really reaches a target, when the next ones are made `batch` by `batch`."""
    return reaching(coming(known, batch), batch, target)


def coming(known: Measurements, batch: int, draws: int = DRAWS) -> Paths:
    """Futures of the curve, batch by batch. They are not spread wider: the first of many versions is early enough."""
    return paths(known, known.labels[-1] + steps(int(known.labels[-1]), batch), draws, wider=0.0)


def reaching(found: Paths, batch: int, target: float) -> Needed:
    """When a target is reached in these futures."""
    more = first_reaching(found, batch, target)
    span, middle = _span(more), float(np.quantile(more, 0.5, method="inverted_cdf"))
    chance, within = float(np.isfinite(more).mean()), int(found.labels[-1] - found.labels[0]) + batch
    labels = int(found.labels[0]) - batch
    return Needed(target, _count(middle), span, chance, within, _no_answer(span, chance, within, labels))


def _span(more: Reals) -> tuple[int | None, int | None]:
    """The interval of draws that may be inf: where its upper end is, all of the doubt lies below the lower one."""
    doubt = (1 - CONFIDENCE) / 2
    low, lower, high = np.quantile(more, [doubt, 2 * doubt, 1 - doubt], method="inverted_cdf")
    return _count(low if np.isfinite(high) else lower), _count(high)


def first_reaching(found: Paths, batch: int, target: float) -> Reals:
    """For each draw, after how many more labels the target is reached; inf where it never is."""
    more = np.concatenate([[0.0], found.labels - found.labels[0] + batch])
    reached = np.concatenate([found.now[:, None], found.then], axis=1) >= target
    told: Reals = np.where(reached.any(axis=1), more[reached.argmax(axis=1)], np.inf)
    return told


def steps(labels: int, batch: int) -> Reals:
    """Numbers of more labels to look at: each batch, later some of them."""
    found, last = [batch * step for step in range(1, STEPS + 1)], FAR * labels
    while found[-1] < last:
        found.append(int(found[-1] * LONGER) // batch * batch + batch)
    told: Reals = np.array([one for one in found if one <= max(last, 2 * batch)], np.float64)
    return told


def _no_answer(span: tuple[int | None, int | None], chance: float, within: int, labels: int) -> str:
    low, high = span
    if chance < (1 - CONFIDENCE) / 2:
        return f"it is out of reach within {within:,} more labels, as the curve runs"
    if low is None or high is None:
        return f"it may never be reached: the chance is {chance:.0%} within {within:,} more labels"
    if high > WIDE * max(low, labels):
        return f"anything from {low:,} to {high:,} more labels is possible"
    return ""


def _count(more: float) -> int | None:
    return int(more) if np.isfinite(more) else None
