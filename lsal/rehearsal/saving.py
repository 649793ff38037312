"""Labels saved: how much sooner the learning curves of one strategy are where those of another one get in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lsal.rehearsal.curve import Curve
from lsal.rehearsal.intervals import quantile

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

DRAWS = 500
"""Resamples of the seeds."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Labels until the figure `target`: `labels` with the strategy, `baseline` without it.

    Either is None where the mean curve never gets there. `count` is how many are saved, `share` that of
    the baseline's; `half` and `half_share` are the half widths of their 95 % intervals, None for a
    single seed. Fewer than 0 means that the strategy needs more.
    """

    target: float
    labels: float | None
    baseline: float | None
    seeds: int
    half: float | None = None
    half_share: float | None = None

    @property
    def count(self) -> float | None:
        """Labels saved, None where one of the two never reaches the target."""
        return None if self.labels is None or self.baseline is None else self.baseline - self.labels

    @property
    def share(self) -> float | None:
        """Labels saved as a share of those that the baseline needs."""
        return None if self.count is None or not self.baseline else self.count / self.baseline

    @property
    def sure(self) -> int:
        """1 if labels are saved for certain, -1 if more are needed for certain, else 0."""
        if self.count is None or self.half is None or abs(self.count) <= self.half:
            return 0
        return 1 if self.count > 0 else -1


def saved(runs: Sequence[Curve], baseline: Sequence[Curve], target: float | None = None) -> Saved:
    """What `runs` save against the `baseline` of the same seeds, until `target`; by default the baseline's last value.

    Curves are interpolated onto the same numbers of labels and averaged over the seeds; the mean is made
    to rise only (isotonic regression), so that no lucky point decides, and crossed with the target. The
    interval resamples the seeds in pairs (bootstrap), widened by Student's quantile as seeds are few. A resample
    that never reaches the target counts as reaching it at the last label.
    """
    labels, ours = together(runs)
    theirs = together(baseline, labels)[1]
    aim, first, second = _crossings(labels, ours, theirs, np.arange(len(runs)), target)
    if len(runs) < 2 or first is None or second is None:
        return Saved(aim, first, second, len(runs))
    draw, counts, shares = np.random.default_rng(0), np.zeros(DRAWS), np.zeros(DRAWS)
    for n in range(DRAWS):
        _, one, other = _crossings(labels, ours, theirs, draw.integers(len(runs), size=len(runs)), target)
        one, other = (float(labels[-1]) if at is None else at for at in (one, other))
        counts[n], shares[n] = other - one, (other - one) / other
    few = quantile(len(runs)) * np.sqrt(len(runs) / (len(runs) - 1))
    return Saved(aim, first, second, len(runs), float(few * counts.std()), float(few * shares.std()))


def together(runs: Sequence[Curve], labels: Ints | None = None) -> tuple[Ints, Floats]:
    """Numbers of labels (points,) and each curve's values there (runs, points); beyond its ends a curve is flat."""
    if labels is None:
        labels = np.array(sorted({one for curve in runs for one in curve.labels}), np.int64)
    return labels, np.array([np.interp(labels, curve.labels, curve.metric) for curve in runs])


def rising(values: Floats) -> Floats:
    """The closest values that never fall: isotonic regression by pooling adjacent violators."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (low, many), (high, more) = blocks.pop(), blocks.pop()
            blocks.append(((low * many + high * more) / (many + more), many + more))
    return np.concatenate([np.full(size, level) for level, size in blocks])


def crossing(labels: Ints, values: Floats, target: float) -> float | None:
    """At how many labels values that never fall first reach the target, between points in a line; None if never."""
    reached = np.flatnonzero(values >= target - 1e-9)
    if not len(reached):
        return None
    at = int(reached[0])
    if at == 0:
        return float(labels[0])
    low, high = values[at - 1], values[at]
    return float(labels[at - 1] + (labels[at] - labels[at - 1]) * min((target - low) / (high - low), 1.0))


def _crossings(
    labels: Ints, ours: Floats, theirs: Floats, seeds: Ints, target: float | None
) -> tuple[float, float | None, float | None]:
    """The target over these seeds, and where the mean of each side reaches it."""
    one, other = rising(ours[seeds].mean(axis=0)), rising(theirs[seeds].mean(axis=0))
    aim = float(other[-1]) if target is None else target
    return aim, crossing(labels, one, aim), crossing(labels, other, aim)


def saved_by_draws(runs: Sequence[Curve], baseline: Sequence[Curve]) -> Saved:
    """The same where each pair is a whole repetition of the comparison: their spread itself is the interval.

    Both sides may end at different numbers of labels; the target of each pair is its baseline's last value.
    """
    found: list[tuple[float, float, float]] = []
    for one, other in zip(runs, baseline, strict=True):
        values = rising(np.array(other.metric))
        ends = crossing(np.array(one.labels, np.int64), rising(np.array(one.metric)), values[-1])
        theirs = crossing(np.array(other.labels, np.int64), values, values[-1])
        found.append(
            (float(values[-1]), float(one.labels[-1]) if ends is None else ends, float(theirs or other.labels[-1]))
        )
    aims, ours, others = np.array(found).T
    counts, wide = others - ours, quantile(len(found))
    half, half_share = wide * counts.std(ddof=1), wide * (counts / others).std(ddof=1)
    aim, labels, needed = float(aims.mean()), float(ours.mean()), float(others.mean())
    return Saved(aim, labels, needed, len(found), float(half), float(half_share))
