"""A committee out of one linear model: versions without some features, or trained on other draws of the labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from lsal.models.choosing import whole

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

THINNED = 10
"""Members by dropout, where none were trained."""
RATE = 0.5
"""The share of the features that each of those goes without."""
SIZES = {"committee": ("a whole number of members, 0 for those by dropout", whole(0))}
"""The option of families that can train a committee."""


def draws(targets: Ints, count: int, seed: int) -> Iterator[Ints]:
    """Rows for each member, as many as there are, with repetition: the bootstrap (Breiman 1996, Bagging predictors)."""
    for member in range(count):
        yield np.random.default_rng([seed, member]).integers(0, len(targets), len(targets))


def thinned(regression: LogisticRegression, mask: Floats) -> LogisticRegression:
    """The same with its weights times `mask` (features,): what dropout of the features does to every answer.

    One mask for all examples makes each member one model, which answers alike whoever else is asked.
    """
    other = LogisticRegression()
    other.classes_, other.intercept_ = regression.classes_, regression.intercept_
    other.coef_ = regression.coef_ * mask
    return other


def masks(features: int, seed: int) -> Sequence[Floats]:
    """One for each member: 0 for what it goes without, and what makes up for it elsewhere (Srivastava et al. 2014)."""
    draw = np.random.default_rng([seed, features])
    return [(draw.random(features) >= RATE).astype(np.float32) / np.float32(1 - RATE) for _ in range(THINNED)]


def answers(regressions: Sequence[LogisticRegression | None], prior: Floats, features: Any) -> Floats:
    """The chances by some regressions, one for each unit, float32 (n, units, classes); the prior without one."""
    out = np.tile(prior, (features.shape[0], 1, 1)).astype(np.float32, copy=False)
    for unit, regression in enumerate(regressions):
        if regression is not None and len(out):
            out[:, unit] = 0
            out[:, unit, regression.classes_] = regression.predict_proba(features)
    return out
