"""One query by lsal, modAL, scikit-activeml and small-text, each through a thin adapter: for `selection.py`."""

from collections.abc import Callable
from typing import Any

import numpy as np

CLASSES, WIDTH, LABELLED, BATCH, MEMBERS = 10, 384, 100, 100, 5
Query = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
"""Chances (n, classes), embeddings (n, d), and those of the labelled tasks."""


def of_lsal(name: str) -> Query:
    """A strategy by its name; `start:` before it for a pool of which nothing is labelled."""
    from lsal.records import Pool
    from lsal.strategies import STRATEGIES

    started, name = name.startswith("start:"), name.removeprefix("start:")
    strategy, draw = STRATEGIES[name], np.random.default_rng(1)
    asked = getattr(strategy, "asks_members", False)
    drawn: dict[int, Any] = {}

    def query(chances: np.ndarray, embeddings: np.ndarray, labelled: np.ndarray) -> Any:
        n, classes = len(chances), draw.integers(0, CLASSES, LABELLED)
        seen = np.full(CLASSES, 0 if started else LABELLED // CLASSES)
        known = (None, None) if started else (labelled, classes)
        pool = Pool(np.arange(n), chances, np.arange(n + 1), seen, 0, embeddings, *known, members=drawn.get(n))
        return strategy(pool, BATCH).positions

    def prepare(chances: np.ndarray) -> None:
        others = np.tile(chances, (MEMBERS, 1, 1))
        for member in range(1, MEMBERS):
            others[member] = np.roll(chances, member, axis=0)
        drawn[len(chances)] = others

    if asked:
        query.prepare = prepare
    return query


def of_modal(name: str) -> Query:
    """Its functions over chances that are there."""
    from modAL import batch, uncertainty

    class Frozen:
        on_transformed, X_training = False, None

        def predict_proba(self, chances: np.ndarray) -> np.ndarray:
            return chances

    def ranked(chances: np.ndarray, embeddings: np.ndarray, labelled: np.ndarray) -> Any:
        doubts = uncertainty.classifier_uncertainty(Frozen(), chances)
        top, frozen = np.argpartition(-doubts, min(1000, len(doubts) - 1))[:1000], Frozen()
        frozen.X_training = labelled
        return top[batch.ranked_batch(frozen, embeddings[top], doubts[top], BATCH, "euclidean", None)[0]]

    if name.startswith("ranked"):
        return ranked
    ask = getattr(uncertainty, f"{name}_sampling")
    return lambda chances, *_: ask(Frozen(), chances, n_instances=BATCH)[0]


def of_skactiveml(name: str) -> Query:
    """Its strategies over a pool of which the labelled tasks are the last rows."""
    from skactiveml import pool
    from skactiveml.base import SkactivemlClassifier

    class Frozen(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return self

        def predict_proba(self, X: Any) -> Any:
            return self.chances[: len(X)]

    makers = {"falcun": pool.Falcun, "badge": pool.Badge, "typiclust": pool.TypiClust, "k_center": pool.CoreSet}

    def query(chances: np.ndarray, embeddings: np.ndarray, labelled: np.ndarray) -> Any:
        rows = embeddings.base if len(embeddings) + LABELLED == len(embeddings.base) else None
        rows = np.concatenate([embeddings, labelled]) if rows is None else rows
        labels = np.append(np.full(len(chances), np.nan), np.arange(LABELLED) % CLASSES)
        if name in ("typiclust", "k_center"):
            return makers[name](random_state=0).query(rows, labels, batch_size=BATCH)
        frozen = Frozen(classes=list(range(CLASSES)))
        frozen.chances, frozen.classes_ = chances, np.arange(CLASSES)
        asked = makers[name](random_state=0) if name in makers else pool.UncertaintySampling("margin_sampling")
        return asked.query(rows, labels, frozen, fit_clf=False, batch_size=BATCH)

    return query


def of_small_text(name: str) -> Query:
    """Its strategies over rows that are numbers."""
    import small_text

    class Frozen:
        def __init__(self, chances: np.ndarray) -> None:
            self.chances = chances

        def predict_proba(self, rows: Any) -> Any:
            return self.chances[: len(rows)]

    makers = {"light_coreset": small_text.LightweightCoreset, "k_center": small_text.GreedyCoreset}

    def query(chances: np.ndarray, embeddings: np.ndarray, labelled: np.ndarray) -> Any:
        n = len(chances)
        rows = embeddings.base if n + LABELLED == len(embeddings.base) else np.concatenate([embeddings, labelled])
        labels = np.arange(LABELLED) % CLASSES
        asked = (Frozen(chances), rows, np.arange(n), np.arange(n, n + LABELLED), labels)
        if name in makers:
            return makers[name]().query(*asked, n=BATCH, embeddings=rows)
        return small_text.BreakingTies().query(*asked, n=BATCH)

    return query


PEERS = {"lsal": of_lsal, "modAL": of_modal, "scikit-activeml": of_skactiveml, "small-text": of_small_text}
