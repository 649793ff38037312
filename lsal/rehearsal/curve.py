"""The learning curve of one replay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Ints


@dataclass(frozen=True, slots=True)
class Curve:
    """One strategy with one seed: after `labels[i]` labels the value of the main figure was `metric[i]`.

    `picked[i]` are the places in the pool that the i-th batch took; `rare[i]` is the mean recall of the
    rare classes, None where there are none.
    """

    labels: list[int] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    query_seconds: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    picked: list[list[int]] = field(default_factory=list)
    rare: list[float | None] = field(default_factory=list)

    @property
    def area(self) -> float:
        """The mean value between the first and the last number of labels."""
        width = self.labels[-1] - self.labels[0]
        return float(np.trapezoid(self.metric, self.labels)) / width if width else self.metric[-1]

    @property
    def taken(self) -> Ints:
        """All places that were taken, in order."""
        return np.array([place for batch in self.picked for place in batch], np.int64)
