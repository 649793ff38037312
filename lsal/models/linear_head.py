"""Logistic regression over given features: the part that the linear families share."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lsal.errors import BadData
from lsal.models.answers import prior_of
from lsal.models.committee import answers, draws, masks, thinned
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
    nothing to regress on and its frequency, 1, is the answer. A `committee` of so many is trained
    beside it, each on another draw of the labels.
    """

    def __init__(
        self, control: Control, strength: float = 10.0, standardise: bool = False, committee: int = 0, seed: int = 0
    ) -> None:
        self.control, self.strength, self.committee, self.seed = control, strength, committee, seed
        self.others: list[LinearHead] = []
        self.scaler = StandardScaler() if standardise else None
        self.prior: Floats = np.zeros(0, np.float32)
        self.columns: Ints = np.zeros(0, np.int64)
        self.regressions: list[LogisticRegression | None] = []

    def fit(self, features: Any, targets: Ints, report: Report) -> None:
        """Learn from `features` (n, d), dense or sparse, and the class indices (n, units)."""
        units = targets.shape[1]
        self.prior = prior_of(self.control, targets)
        self.columns = _used(features)
        features = _taken(features, self.columns)
        features = self.scaler.fit_transform(features) if self.scaler else features
        self.regressions, self.others = [], []
        for unit, column in enumerate(targets.T):
            report(Progress(unit, units, "Fitting"))
            self.regressions.append(self._regression(features, column, report))
        for rows in draws(targets, self.committee, self.seed):
            self.others.append(self._other(features[rows], targets[rows], report))
        report(Progress(units, units, "Fitted", {"examples": float(len(targets))}))

    def chances(self, features: Any) -> Floats:
        """Float32 (n, units, classes); rows sum to 1."""
        return answers(self.regressions, self.prior, self._scaled(features))

    def members(self, features: Any, readable: Ints) -> Floats:
        """What each member of the committee says, float32 (n, members, units, classes); the prior of other rows.

        Without a trained one, they are this head with features left out: the same ones for all rows.
        """
        some = self._scaled(features[readable])
        told = [answers(one.regressions, one.prior, some) for one in self.others]
        for mask in [] if told else masks(some.shape[1], self.seed):
            told.append(answers([one and thinned(one, mask) for one in self.regressions], self.prior, some))
        out = np.tile(self.prior, (features.shape[0], len(told), 1, 1))
        out[readable] = np.stack(told, axis=1)
        return out

    def save(self, path: Path) -> None:
        """Write plain arrays: reading them executes nothing, and needs no heavy import."""
        kept: dict[str, Any] = {"columns": self.columns}
        if self.scaler:
            kept |= {"mean": self.scaler.mean_, "scale": self.scaler.scale_}
        kept |= self._learned()
        for member, one in enumerate(self.others):
            kept |= {f"member{member}_{name}": value for name, value in one._learned().items()}
        np.savez(path, **kept)

    @classmethod
    def load(cls, path: Path, control: Control, seed: int = 0) -> Self:
        """What `save` wrote. Raises BadData for a file that is not arrays alone."""
        try:
            with np.load(path, allow_pickle=False) as file:
                kept = dict(file)
        except (OSError, ValueError) as error:
            raise BadData(f"{path} does not hold plain arrays ({error})", "Train again: lsal train") from None
        count = sum(name.startswith("member") and name.endswith("_prior") for name in kept)
        head = cls(control, standardise="mean" in kept, committee=count, seed=seed)
        head.columns = kept["columns"]
        if head.scaler:
            head.scaler.mean_, head.scaler.scale_ = kept["mean"], kept["scale"]
        head._restore(kept)
        head.others = [LinearHead(control) for _ in range(count)]
        for member, one in enumerate(head.others):
            one._restore(kept, f"member{member}_")
        return head

    def _other(self, features: Any, targets: Ints, report: Report) -> LinearHead:
        """A member of the committee, trained on features that are scaled already."""
        one = LinearHead(self.control, self.strength)
        one.prior = prior_of(self.control, targets)
        one.regressions = [one._regression(features, column, report) for column in targets.T]
        return one

    def _scaled(self, features: Any) -> Any:
        features = _taken(features, self.columns)
        return self.scaler.transform(features) if self.scaler and features.shape[0] else features

    def _learned(self) -> dict[str, Any]:
        """What was learned, as arrays by name."""
        kept: dict[str, Any] = {"prior": self.prior}
        for unit, regression in enumerate(self.regressions):
            if regression is not None:
                kept |= {f"{name}{unit}": getattr(regression, name) for name in LEARNED}
        return kept

    def _restore(self, kept: Mapping[str, Any], prefix: str = "") -> None:
        self.prior = kept[f"{prefix}prior"]
        self.regressions = [_restored(kept, f"{prefix}{{}}{unit}") for unit in range(len(self.prior))]

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
        regression.coef_ = _turned(regression.coef_)
        return regression


def _restored(kept: Mapping[str, Any], named: str) -> LogisticRegression | None:
    if named.format("coef_") not in kept:
        return None
    regression = LogisticRegression()
    for name in LEARNED:
        setattr(regression, name, kept[named.format(name)])
    regression.coef_ = _turned(regression.coef_)
    return regression


def _turned(weights: Floats) -> Floats:
    """The same weights, laid out as a product with features reads them: no copy of them for each request."""
    return np.asfortranarray(weights)


def _taken(features: Any, columns: Ints) -> Any:
    """`features[:, columns]`, which of a sparse matrix would sort the columns each time; these ascend."""
    if not issparse(features):
        return features[:, columns]
    place = np.full(features.shape[1], -1, np.int32)
    place[columns] = np.arange(len(columns), dtype=np.int32)
    rows = features.tocsr()
    at = place[rows.indices]
    kept = at >= 0
    ends = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    return csr_matrix((rows.data[kept], at[kept], ends), shape=(rows.shape[0], len(columns)))


def _used(features: Any) -> Ints:
    """Columns that are not 0 throughout: the penalty keeps the weights of the others at 0 anyway."""
    return np.flatnonzero(np.asarray(abs(features).max(axis=0).todense() if issparse(features) else features.any(0)))
