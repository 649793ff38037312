"""The inverse power law of learning curves, with everything that keeps a measured curve off it.

Accuracy after n labels is f(n) = a - b (n + d)^-c (Figueroa et al. 2012, Predicting sample size required for
classification performance, whose d is 0; real curves begin more slowly). What a version really reaches is off f(n) by
two things: a smooth misfit, as real curves are not quite of that form, and a deviation of its own, which shrinks as
labels come. What is measured is off that by the luck of the measuring tasks, most of which successive versions share:
it moves a whole curve, not its slope. All three are Gaussian here, with sizes in units of sqrt(f (1 - f));
benchmarks/README.md tells how the constants were found.

The posterior is exact where it can be: for each c and d and each size of the deviations the law is linear in a and in
its first value; what those are is weighed on a grid, the bounds 0 <= first <= a <= 1 by rejection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsal.outlook.curves import Measurements, Paths, Reals

RATES, LATE = np.geomspace(0.1, 2.5, 9), np.array([10.0, 50.0, 200.0, 1000.0])
"""The grid of c, and of how many labels the law comes late."""
FLAT = 0.1
"""How likely it is before anything is measured that labels bring nothing at all."""
OWN = np.array([0.015, 0.03, 0.06, 0.12])
"""Sizes of a version's own deviation at OWN_AT labels."""
OWN_AT, OWN_FALL = 100.0, 0.5
MISFIT = np.array([0.0, 0.03, 0.07, 0.14])
MISFIT_REACH = 1.0
"""In units of log labels: after how much growth a misfit is forgotten."""
SHARED_ALWAYS, SHARED_NEAR, SHARED_REACH = 0.3, 0.65, 0.6
"""How far the right answers of two versions coincide: always, and more the closer their numbers of labels."""
MIDDLE, SPREAD = np.array([0.95, 0.5]), np.array([0.2, 0.4])
"""Where the bounds leave it open: the asymptote, and the first value."""
WIDER = 0.3
"""By how much more gains far ahead spread than the law alone says: what the back-test needed."""
DRAWS, SEED = 4000, 0
OVERDRAWN, FEWEST = 2, 400
"""Draws before the bounds sort some out; if fewer stay, those outside are moved to the bounds."""


def paths(known: Measurements, labels: Sequence[float] | Reals, draws: int = DRAWS, wider: float = WIDER) -> Paths:
    """Draw futures of the curve at these numbers of labels, all above the last one known."""
    draw, ahead = np.random.default_rng(SEED), np.asarray(labels, np.float64)
    shape = _Shape.of(known, ahead)
    parts = [_Part(known, shape, own, misfit) for own in OWN for misfit in MISFIT]
    weight = np.stack([part.weight for part in parts])
    chances = np.exp(weight - weight.max())
    counts = draw.multinomial(OVERDRAWN * draws, (chances / chances.sum()).ravel()).reshape(weight.shape)
    told = [part.draw(draw, row) for part, row in zip(parts, counts, strict=True) if row.any()]
    laws, inside, futures = (np.concatenate(column) for column in zip(*told, strict=True))
    if inside.sum() >= FEWEST:
        laws, futures = laws[inside], futures[inside]
    now, then, measured = np.split(futures, [1, 1 + len(ahead)], axis=1)
    more = wider * _surprise(then - now, known.labels[-1] / ahead)
    now, then, measured = (np.clip(one, 0, 1) for one in (now, then + more, measured + more))
    return Paths(ahead, now[:, 0], then, measured, laws[:, 0])


def _surprise(gains: Reals, share: Reals) -> Reals:
    """What to add to gains (draws, steps) so that they spread further: real curves surprise more than this law
    knows, and the more the smaller the `share` (steps,) of the labels that are there now.
    """
    found: Reals = (1 - share) * (gains - np.median(gains, axis=0))
    return found


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is the same for all sizes of deviations, at the known and then the coming numbers of labels.

    `designs` (rates, labels, 2) is the law, linear in asymptote and first value; `apart` how far labels lie apart,
    in logs; `unit` the scale of one answer; `luck` the covariance of what the measuring tasks add.
    """

    designs: Reals
    apart: Reals
    unit: Reals
    own: Reals
    luck: Reals

    @classmethod
    def of(cls, known: Measurements, ahead: Reals) -> _Shape:
        at, more = np.concatenate([known.labels, ahead]), len(ahead)
        unit = np.concatenate([known.scale, np.repeat(known.scale[-1], more)])
        tasks = np.concatenate([known.tasks, np.repeat(known.tasks[-1], more)])
        apart = np.abs(np.subtract.outer(np.log(at), np.log(at)))
        shared = SHARED_ALWAYS + SHARED_NEAR * np.exp(-apart / SHARED_REACH)
        np.fill_diagonal(shared, 1.0)
        each = unit / np.sqrt(tasks)
        later = at + LATE[:, None]
        falls = ((later / later[:, :1])[:, None] ** -RATES[:, None]).reshape(-1, len(at))
        falls = np.concatenate([falls, np.ones((1, len(at)))])  # the last law is flat
        designs = np.stack([1 - falls, falls], axis=-1)
        return cls(designs, apart, unit, (OWN_AT / at) ** OWN_FALL, shared * np.outer(each, each))

    def truth(self, own: float, misfit: float) -> Reals:
        """The covariance of how far versions really are off the law."""
        smooth = misfit**2 * np.exp(-self.apart / MISFIT_REACH)
        found: Reals = (smooth + np.diag((own * self.own) ** 2)) * np.outer(self.unit, self.unit)
        return found


class _Part:
    """The posterior for one pair of sizes: `weight` (rates,) is the log of how likely the data are."""

    def __init__(self, known: Measurements, shape: _Shape, own: float, misfit: float) -> None:
        k, truth = len(known.labels), shape.truth(own, misfit)
        self._designs, self._values, self._k = shape.designs, known.values, k
        root = np.asarray(np.linalg.cholesky(truth[:k, :k] + shape.luck[:k, :k]), np.float64)
        white = np.linalg.solve(root, self._designs[:, :k])
        rest = np.linalg.solve(root, (known.values - self._designs[:, :k] @ MIDDLE).T).T
        sharpness = white.transpose(0, 2, 1) @ white + np.diag(SPREAD**-2)
        pull = np.einsum("rki,rk->ri", white, rest)
        spread = np.linalg.inv(sharpness)
        step = np.einsum("rij,rj->ri", spread, pull)
        self._mean, self._root = MIDDLE + step, np.linalg.cholesky(spread)
        fit, size = (pull * step).sum(axis=1) - (rest**2).sum(axis=1), np.linalg.slogdet(sharpness)[1]
        self.weight: Reals = fit / 2 - np.log(np.diag(root)).sum() - size / 2
        self.weight += np.log(np.append(np.full(len(fit) - 1, (1 - FLAT) / (len(fit) - 1)), FLAT))
        self._follow(truth, shape.luck, root)

    def _follow(self, truth: Reals, luck: Reals, root: Reals) -> None:
        """What the known deviations say about those of now, of the coming versions, and of what will be measured."""
        k, measured = self._k, truth + luck
        towards = np.concatenate([truth[k - 1 :, :k], measured[k:, :k]])
        after = truth[k - 1 :, k - 1 :]
        own = np.block([[after, after[:, 1:]], [after[1:], measured[k:, k:]]])
        half = np.linalg.solve(root, towards.T)
        self._gain = np.linalg.solve(root.T, half).T
        left = own - half.T @ half
        self._noise = np.linalg.cholesky(left + 1e-9 * np.eye(len(left)))

    def draw(self, draw: np.random.Generator, counts: NDArray[Any]) -> tuple[Reals, NDArray[np.bool_], Reals]:
        """So many draws for each rate: asymptote and first value, whether they are within bounds, and the futures."""
        k, rate = self._k, np.repeat(np.arange(len(counts)), counts)
        free = draw.standard_normal((len(rate), 2))
        laws = self._mean[rate] + np.einsum("nij,nj->ni", self._root[rate], free)
        limit, first = laws.T
        inside = (first >= 0) & (first <= limit) & (limit <= 1)
        limit = np.where(rate == len(counts) - 1, first, np.maximum(limit, first))  # the last law is flat
        laws = np.clip(np.stack([limit, first], axis=1), 0, 1)
        on_law = np.einsum("nki,ni->nk", self._designs[rate], laws)
        ahead = np.concatenate([on_law[:, k - 1 :], on_law[:, k:]], axis=1)
        ahead += (self._values - on_law[:, :k]) @ self._gain.T
        return laws, inside, ahead + draw.standard_normal(ahead.shape) @ self._noise.T
