"""Logistic regression over given features: the part that the linear families share."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lsal.errors import BadData
from lsal.models.answers import prior_of
from lsal.protocols import Report
from lsal.records import Control, Progress

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

STEP = 50
"""Iterations of the solver between two reports."""
STEPS = 20
LEARNED = ("classes_", "coef_", "intercept_")


class LinearHead:
    """One multinomial regression for a single choice, one binary regression per label for several.

    A class that no example shows keeps chance 0; where only one class was shown there is
    nothing to regress on and its frequency, 1, is the answer.
    """

    def __init__(self, control: Control, strength: float = 10.0, standardise: bool = False) -> None:
        self.control, self.strength = control, strength
        self.scaler = StandardScaler() if standardise else None
        self.prior: Floats = np.zeros(0, np.float32)
        self.columns: Ints = np.zeros(0, np.int64)
        self.regressions: list[LogisticRegression | None] = []

    def fit(self, features: Any, targets: Ints, report: Report) -> None:
        """Learn from `features` (n, d), dense or sparse, and the class indices (n, units)."""
        units = targets.shape[1]
        self.prior = prior_of(self.control, targets)
        self.columns = _used(features)
        features = features[:, self.columns]
        features = self.scaler.fit_transform(features) if self.scaler else features
        self.regressions = []
        for unit, column in enumerate(targets.T):
            report(Progress(unit, units, "Fitting"))
            self.regressions.append(self._regression(features, column, report))
        report(Progress(units, units, "Fitted", {"examples": float(len(targets))}))

    def chances(self, features: Any) -> Floats:
        """Float32 (n, units, classes); rows sum to 1."""
        out = np.tile(self.prior, (features.shape[0], 1, 1))
        if not len(out):
            return out
        features = features[:, self.columns]
        features = self.scaler.transform(features) if self.scaler else features
        for unit, regression in enumerate(self.regressions):
            if regression is not None:
                out[:, unit] = 0
                out[:, unit, regression.classes_] = regression.predict_proba(features)
        return out

    def save(self, path: Path) -> None:
        """Write plain arrays: reading them executes nothing, and needs no heavy import."""
        kept: dict[str, Any] = {"prior": self.prior, "columns": self.columns}
        if self.scaler:
            kept |= {"mean": self.scaler.mean_, "scale": self.scaler.scale_}
        for unit, regression in enumerate(self.regressions):
            if regression is not None:
                kept |= {f"{name}{unit}": getattr(regression, name) for name in LEARNED}
        np.savez(path, **kept)

    @classmethod
    def load(cls, path: Path, control: Control) -> Self:
        """What `save` wrote. Raises BadData for a file that is not arrays alone."""
        try:
            with np.load(path, allow_pickle=False) as file:
                kept = dict(file)
        except (OSError, ValueError) as error:
            raise BadData(f"{path} does not hold plain arrays ({error})", "Train again: lsal train") from None
        head = cls(control, standardise="mean" in kept)
        head.prior, head.columns = kept["prior"], kept["columns"]
        if head.scaler:
            head.scaler.mean_, head.scaler.scale_ = kept["mean"], kept["scale"]
        head.regressions = [_restored(kept, unit) for unit in range(len(head.prior))]
        return head

    def _regression(self, features: Any, column: Ints, report: Report) -> LogisticRegression | None:
        if len(np.unique(column)) < 2:
            return None
        regression = LogisticRegression(C=self.strength, max_iter=STEP, warm_start=True)
        with warnings.catch_warnings():
            # Running out of iterations is how this loop gets to report, and to be cancelled.
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "The number of unique classes is greater")  # few labels, many classes
            for _ in range(STEPS):
                regression.fit(features, column)
                if regression.n_iter_.max() < STEP:
                    break
                report(Progress(0, 0, "Fitting"))
        return regression


def _restored(kept: Mapping[str, Any], unit: int) -> LogisticRegression | None:
    if f"coef_{unit}" not in kept:
        return None
    regression = LogisticRegression()
    for name in LEARNED:
        setattr(regression, name, kept[f"{name}{unit}"])
    return regression


def _used(features: Any) -> Ints:
    """Columns that are not 0 throughout: the penalty keeps the weights of the others at 0 anyway."""
    return np.flatnonzero(np.asarray(abs(features).max(axis=0).todense() if issparse(features) else features.any(0)))
