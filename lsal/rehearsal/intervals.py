"""Intervals of means over a few seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats

CONFIDENCE = 0.95


def student(values: Floats) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean; None for a single value."""
    if len(values) < 2:
        return None
    half = quantile(len(values)) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def quantile(count: int) -> float:
    """How many standard errors a 95 % interval over so many values reaches to either side."""
    from scipy import stats

    return float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))


def as_share(interval: tuple[float, float] | None, values: Floats) -> tuple[float, float] | None:
    """The part of it where a share can be: Student's interval of a few seeds may reach beyond 0 or 1."""
    if interval is None or values.min() < 0 or values.max() > 1:
        return interval
    return max(interval[0], 0.0), min(interval[1], 1.0)
