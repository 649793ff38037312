"""modAL, scikit-activeml, small-text and cleanlab behind thin adapters: they are shown the very same chances."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from label_efficiency.replays import Choice, Question


class Frozen:
    """A classifier that answers what the learner said: of all its rows, or of the first ones."""

    on_transformed, X_training = False, None

    def __init__(self, chances: Any) -> None:
        self.chances = chances

    def predict_proba(self, rows: Any) -> Any:
        """The chances of as many rows."""
        return self.chances[: len(rows)]


def of_modal(name: str) -> Choice:
    """Uncertainty sampling, or ranked batch mode over the 1,000 most uncertain rows."""
    from modAL import batch, uncertainty

    def ranked(asked: Question, n: int) -> Any:
        doubts = uncertainty.classifier_uncertainty(Frozen(asked.chances), asked.chances)
        top = np.argsort(-doubts)[: max(n, 1000)]
        frozen = Frozen(asked.chances)
        frozen.X_training = asked.all_vectors[asked.labelled]
        found, _ = batch.ranked_batch(frozen, asked.vectors[top], doubts[top], n, "euclidean", None)
        return top[_distinct(found, len(top), n)]

    def uncertain(asked: Question, n: int) -> Any:
        ask = getattr(uncertainty, f"{name}_sampling")
        return ask(Frozen(asked.chances), asked.chances, n_instances=n)[0]

    return ranked if name == "ranked_batch" else uncertain


def of_skactiveml(name: str) -> Choice:
    """Its pool strategies; the open rows come first, then the labelled ones."""
    from skactiveml import pool
    from skactiveml.base import SkactivemlClassifier

    class Answering(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return self

        def predict_proba(self, X: Any) -> Any:
            return self.chances[: len(X)]

    makers = {"falcun": pool.Falcun, "badge": pool.Badge, "typiclust": pool.TypiClust, "core_set": pool.CoreSet}

    def choose(asked: Question, n: int) -> Any:
        rows = np.concatenate([asked.vectors, asked.all_vectors[asked.labelled]])
        labels = np.append(np.full(len(asked.open), np.nan), asked.labels)
        maker = makers[name](random_state=asked.seed % 2**31) if name in makers else None
        if name in ("typiclust", "core_set"):
            return maker.query(rows, labels, batch_size=n)
        answering = Answering(classes=list(range(asked.classes)))
        answering.chances, answering.classes_ = asked.chances, np.arange(asked.classes)
        maker = maker or pool.UncertaintySampling("margin_sampling", random_state=asked.seed % 2**31)
        return maker.query(rows, labels, answering, fit_clf=False, batch_size=n)

    return choose


def of_small_text(name: str) -> Choice:
    """Its query strategies over rows that are numbers."""
    import small_text

    makers = {"light_coreset": small_text.LightweightCoreset, "greedy_coreset": small_text.GreedyCoreset}

    def choose(asked: Question, n: int) -> Any:
        rows = np.concatenate([asked.vectors, asked.all_vectors[asked.labelled]])
        free = np.arange(len(asked.open))
        known = np.arange(len(free), len(rows))
        state = np.random.get_state()
        np.random.seed(asked.seed % 2**32)  # it draws from the global generator
        try:
            given = (Frozen(asked.chances), rows, free, known, asked.labels)
            if name in makers:
                return makers[name]().query(*given, n=n, embeddings=rows)
            return small_text.BreakingTies().query(*given, n=n)
        finally:
            np.random.set_state(state)

    return choose


def of_cleanlab(name: str) -> Choice:
    """ActiveLab with one annotator, for new labels alone: the lowest scores of what is not labelled."""
    from cleanlab.multiannotator import get_active_learning_scores

    def choose(asked: Question, n: int) -> Any:
        told = asked.learner.chances(asked.all_features[asked.labelled])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, scores = get_active_learning_scores(asked.labels[:, None], told, asked.chances)
        return np.argsort(scores, kind="stable")[:n]

    return choose


PEERS: Mapping[str, Any] = {
    "modAL": of_modal,
    "scikit-activeml": of_skactiveml,
    "small-text": of_small_text,
    "cleanlab": of_cleanlab,
}


def _distinct(found: Any, among: int, n: int) -> Any:
    """Its first row may come twice: then the next ones in the order of doubt make up for it."""
    first = list(dict.fromkeys(np.asarray(found).tolist()))
    rest = [place for place in range(among) if place not in set(first)]
    return np.array([*first, *rest][:n])
