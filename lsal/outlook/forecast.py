"""What more labels will bring, out of a measured curve: gains, levels, and the labels that a target needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lsal.outlook.law import DRAWS, Measurements, Paths, Reals, paths
from lsal.phrases import counted

CONFIDENCE = 0.9
FEWEST_VERSIONS, FEWEST_TASKS = 4, 20
"""Fewer points make no curve; fewer measuring tasks no figure."""
FAR = 10
"""Nothing is said about more labels than so many times those of now."""
WIDE = 8.0
"""An interval whose end is more than so many times its beginning says nothing of use."""
STEPS, LONGER = 40, 1.12
"""How many batches are looked at one by one; later ones in ever longer steps."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What so many `more` labels bring: the median `gain` and the figure reached, each with its 90 % interval."""

    more: int
    gain: float
    gain_interval: tuple[float, float]
    value: float
    interval: tuple[float, float]


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


@dataclass(frozen=True, slots=True)
class Forecast:
    """The future of one curve, which stands at `value` after `labels` labels, `now` being its 90 % interval.

    `limit` is that of the figure after ever so many labels. `why_not` says why there is no forecast. `held` of
    `tried` intervals that the earlier versions alone would have given for the next version held.
    """

    labels: int
    value: float | None
    tasks: int
    versions: int
    now: tuple[float, float] = (0.0, 1.0)
    limit: tuple[float, float] = (0.0, 1.0)
    expected: tuple[Expected, ...] = ()
    needed: Needed | None = None
    held: int = 0
    tried: int = 0
    why_not: str = ""


def forecast(
    known: Measurements, batch: int, further: Sequence[int] = (100, 200), target: float | None = None
) -> Forecast:
    """Look ahead from a measured curve. `batch` is the next step, `further` are later numbers of more labels."""
    count, tasks = len(known.labels), int(known.tasks[-1]) if len(known.tasks) else 0
    labels, value = (int(known.labels[-1]), float(known.values[-1])) if count else (0, None)
    why_not = _too_little(count, tasks)
    if why_not or value is None:
        return Forecast(labels, value, tasks, count, why_not=why_not)
    found = paths(known, known.labels[-1] + np.array([batch, *further]))
    held, tried = earlier(known)
    return Forecast(
        labels,
        value,
        tasks,
        count,
        interval(found.now),
        interval(found.limit),
        tuple(_expected(found, labels, place) for place in range(len(found.labels))),
        None if target is None else needed(known, batch, target),
        held,
        tried,
    )


def _too_little(versions: int, tasks: int) -> str:
    if versions < FEWEST_VERSIONS:
        makes = "makes" if versions == 1 else "make"
        return f"{counted(versions, 'measured version')} {makes} no curve; it takes {FEWEST_VERSIONS}"
    if tasks < FEWEST_TASKS:
        return f"{counted(tasks, 'measuring task')} cannot tell a figure; it takes {FEWEST_TASKS}"
    return ""


def interval(draws: Reals, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The middle part of the draws."""
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _expected(found: Paths, labels: int, place: int) -> Expected:
    then, gain = found.then[:, place], found.then[:, place] - found.now
    more = int(found.labels[place]) - labels
    return Expected(more, float(np.median(gain)), interval(gain), float(np.median(then)), interval(then))


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
    return Needed(target, _count(middle), span, chance, within, _no_answer(span, chance, within, batch))


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


def _no_answer(span: tuple[int | None, int | None], chance: float, within: int, batch: int) -> str:
    low, high = span
    if chance < (1 - CONFIDENCE) / 2:
        return f"it is out of reach within {within:,} more labels, as the curve runs"
    if low is None or high is None:
        return f"it may never be reached: the chance is {chance:.0%} within {within:,} more labels"
    if high > WIDE * max(low, batch):
        return f"anything from {low:,} to {high:,} more labels is possible"
    return ""


def _count(more: float) -> int | None:
    return int(more) if np.isfinite(more) else None


def earlier(known: Measurements) -> tuple[int, int]:
    """How many of the intervals that held, and how many there were, had each version but the last been asked.

    About the figure that the next version was measured at, on the same tasks.
    """
    held = tried = 0
    for count in range(FEWEST_VERSIONS, len(known.labels)):
        past = Measurements(known.labels[:count], known.values[:count], known.tasks[:count])
        if past.tasks[-1] >= FEWEST_TASKS and known.labels[count] > past.labels[-1]:
            low, high = interval(paths(past, known.labels[count : count + 1], 800).measured[:, 0])
            held, tried = held + (low <= known.values[count] <= high), tried + 1
    return held, tried
