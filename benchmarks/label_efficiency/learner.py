"""The one learner of all strategies: logistic regression, C = 10."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression


class Learner:
    """Learns rows of features; classes that it was not shown have no chance."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self._columns: Any = None
        self._model: LogisticRegression | None = None
        self._only = 0

    def fit(self, features: Any, labels: Any) -> Learner:
        """Features that no row has keep the weight 0 under the L2 penalty: they are left out, which is the same."""
        seen = np.unique(labels)
        self._only, self._model = int(seen[0]), None
        if len(seen) < 2:
            return self
        self._columns = np.unique(features.indices) if issparse(features) else slice(None)
        self._model = LogisticRegression(C=10, max_iter=200)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._model.fit(features[:, self._columns], labels)
        return self

    def chances(self, features: Any) -> Any:
        """(n, classes), float32."""
        told = np.zeros((features.shape[0], self.classes), np.float32)
        if self._model is None:
            told[:, self._only] = 1
        else:
            told[:, self._model.classes_] = self._model.predict_proba(features[:, self._columns])
        return told
