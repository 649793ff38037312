"""What more labels will bring, out of a measured curve: gains, levels, and the labels that a target needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lsal.outlook.curves import Measurements, Paths, Reals
from lsal.outlook.law import paths
from lsal.outlook.targets import CONFIDENCE, Needed, needed
from lsal.phrases import counted

FEWEST_VERSIONS, FEWEST_TASKS = 4, 20
"""Fewer points make no curve; fewer measuring tasks no figure."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What so many `more` labels bring: the median `gain` and the figure reached, each with its 90 % interval."""

    more: int
    gain: float
    gain_interval: tuple[float, float]
    value: float
    interval: tuple[float, float]


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
