"""How far a version's confidence can be trusted, on the measuring tasks: they only report, nothing is fitted to them.

A version that is 80 % sure should be right 80 times in 100. What is kept of each answer is how sure the
version was of it, at its temperature and without: a number for each choice, with several labels one for each label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.calibration import set_right
from lsal.measuring.ruler import Said
from lsal.records import Control, Example, Labels, Prediction

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]

Sure = Mapping[str, Sequence[Sequence[float]]]
"""By the key of an example: how sure the version was of its answer, and how sure without its temperature."""

ENOUGH = 30
"""Tasks below which the error of a confidence cannot be told."""
PER_BIN, MOST_BINS = 10, 10
RESAMPLES = 1000
NUMBERS = 2_000_000
"""Held in memory at a time."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Trust:
    """What the measuring tasks say about a version's confidence.

    `ece` is the expected calibration error: how far confidence and accuracy lie apart on average, in bins of
    equally many answers; `by_chance` is the one that answers just as sure, and right just as often as they are sure,
    show on so many tasks 19 times in 20. `brier` is the mean square of what confidence and rightness differ by.
    `before` is without the temperature. None where there are too few tasks.
    """

    ece: float | None
    ece_interval: tuple[float, float]
    by_chance: float | None
    ece_before: float | None
    brier: float | None
    brier_before: float | None
    tasks: int

    def facts(self) -> dict[str, Any]:
        """What a version keeps beside its main figures, which say on what they were measured."""
        kept = asdict(self)
        kept.pop("tasks")
        return kept | {"ece_interval": list(self.ece_interval), "ece_tasks": self.tasks}


def sureness(
    told: Sequence[Prediction], examples: Sequence[Example], control: Control, known: Sequence[str], temperature: float
) -> dict[str, list[list[float]]]:
    """How sure a version is of each answer, and was without its temperature; `told` are its calibrated predictions.

    Of `control` it knows the labels `known`. Nothing is kept of regions, spans, and what could not be read.
    """
    rows = [control.labels.index(label) for label in known] if control.several else [0]
    plain, kept = set_right(told, 1 / temperature), dict[str, list[list[float]]]()
    for example, now, before in zip(examples, told, plain, strict=True):
        if isinstance(now.target, Labels) and not now.problem:
            pair = (one.chances[rows].max(axis=1) for one in (now, before))
            kept[example.key] = [[round(float(chance), DIGITS) for chance in sure] for sure in pair]
    return kept


def trust(sure: Sure, said: Said, truth: Said, known: Sequence[str]) -> Trust:
    """The figures over the tasks that are in all three; `known` are the labels of the version."""
    tasks = sorted(task for task in truth if task in said and task in sure and len(sure[task]) == 2)
    if len(tasks) < ENOUGH:
        return Trust(None, (0.0, 1.0), None, None, None, None, len(tasks))
    now, before = (np.array([sure[task][which] for task in tasks], np.float64) for which in (0, 1))
    right = np.array([_right(said[task], truth[task], known, now.shape[1]) for task in tasks], np.float64)
    return Trust(
        ece=ece(now, right),
        ece_interval=interval(now, right),
        by_chance=by_chance(now),
        ece_before=ece(before, right),
        brier=float(((now - right) ** 2).mean()),
        brier_before=float(((before - right) ** 2).mean()),
        tasks=len(tasks),
    )


def ece(sure: Array, right: Array) -> float:
    """The expected calibration error over bins of equal mass (Naeini et al. 2015; Nixon et al. 2019)."""
    return float(_eces(sure.reshape(1, -1), right.reshape(1, -1))[0])


def interval(sure: Array, right: Array, seed: int = 0) -> tuple[float, float]:
    """A 95 % interval: the bootstrap over tasks, turned over, since drawing with repetition only adds to the error.

    It begins at 0 where chance alone makes such an error. With 80 tasks it held the truth 85 to 95 times in 100.
    """
    random, found = np.random.default_rng(seed), ece(sure, right)

    def again(times: int) -> Array:
        drawn = random.integers(len(sure), size=(times, len(sure)))
        return _eces(sure[drawn].reshape(times, -1), right[drawn].reshape(times, -1))

    low, high = np.quantile(_many(again, sure.size), (0.025, 0.975))
    least = 0.0 if found <= by_chance(sure, seed) else max(0.0, 2 * found - float(high))
    return min(found, least), max(found, min(1.0, 2 * found - float(low)))


def by_chance(sure: Array, seed: int = 0) -> float:
    """The error that perfect confidence stays below in 19 of 20 samples of this size (Vaicenavicius et al. 2019)."""
    random, flat = np.random.default_rng(seed), sure.reshape(1, -1)

    def again(times: int) -> Array:
        drawn = np.repeat(flat, times, axis=0)
        return _eces(drawn, (random.random(drawn.shape) < drawn).astype(np.float64))

    return float(np.quantile(_many(again, sure.size), 0.95))


def _eces(sure: Array, right: Array) -> Array:
    """One error for each row of both."""
    count = sure.shape[1]
    order = np.argsort(sure, axis=1, kind="stable")
    gaps = np.take_along_axis(sure - right, order, axis=1)
    bins = max(1, min(MOST_BINS, count // PER_BIN))
    starts = np.arange(bins) * count // bins
    return np.asarray(np.abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1) / count)


def _many(again: Callable[[int], Array], size: int) -> Array:
    """Errors of many samples, as many at a time as memory is for; fewer where there are so many answers."""
    at_a_time = max(1, NUMBERS // size)
    wanted = min(RESAMPLES, max(RESAMPLES // 10, at_a_time))
    found = [again(min(at_a_time, wanted - done)) for done in range(0, wanted, at_a_time)]
    return np.concatenate(found)


def _right(said: Sequence[str], true: Sequence[str], known: Sequence[str], units: int) -> list[bool]:
    """Whether each part of an answer is right: the choice, or with several labels each of them."""
    if units == 1:
        return [sorted(said) == sorted(true)]
    return [(label in said) == (label in true) for label in known]
