"""Learning curves: as far as they were measured, and as they may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measurements:
    """A measured curve: figures in [0, 1] at ascending numbers of labels, and by how many tasks each."""

    labels: Reals
    values: Reals
    tasks: Reals

    @classmethod
    def of(cls, labels: Sequence[float], values: Sequence[float], tasks: Sequence[float]) -> Measurements:
        """From any numbers."""
        return cls(*(np.asarray(one, np.float64) for one in (labels, values, tasks)))

    @property
    def scale(self) -> Reals:
        """The standard deviation of one answer, (k,); never 0, as few tasks may all be right (Agresti & Coull 1998)."""
        share = (self.values * self.tasks + 2) / (self.tasks + 4)
        found: Reals = np.sqrt(share * (1 - share))
        return found


@dataclass(frozen=True, slots=True)
class Paths:
    """Draws from what may come: `now` (draws,) is what the last version really reaches, `then` (draws, steps) what
    versions after `labels` (steps,) will; `measured` likewise on the same tasks; `limit` (draws,) is the asymptote.
    """

    labels: Reals
    now: Reals
    then: Reals
    measured: Reals
    limit: Reals
