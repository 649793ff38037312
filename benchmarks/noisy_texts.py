"""Texts that people labelled, not always rightly, as TF-IDF features; and a light model over them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from lsal.records import Control, Example, Labels, Prediction


class Texts:
    """Features of pool and test, and what people say: `human` once, `confused` as often as they are asked."""

    def __init__(self, table: Path, pool: int, test: int) -> None:
        rows = [json.loads(line) for line in table.read_text().splitlines()]
        self.names = tuple(sorted({row["label"] for row in rows}))
        parts = {part: [row for row in rows if row["split"] == part] for part in ("train", "test")}
        column = {name: k for k, name in enumerate(self.names)}
        draw = np.random.default_rng(0)
        kept = [parts["train"][k] for k in draw.permutation(len(parts["train"]))[:pool]]
        held = [parts["test"][k] for k in draw.permutation(len(parts["test"]))[:test]]
        self.truth = np.array([column[row["label"]] for row in kept])
        self.human = np.array([column[row["human_label"]] for row in kept])
        self.test_truth = np.array([column[row["label"]] for row in held])
        words = TfidfVectorizer(sublinear_tf=True, min_df=2)
        self.pool, self.test = words.fit_transform(r["text"] for r in kept), None
        self.test = words.transform(row["text"] for row in held)
        counts = np.array([np.bincount(self.human[self.truth == k], minlength=len(column)) for k in column.values()])
        self.confused = counts / counts.sum(axis=1, keepdims=True)


class Learner:
    """A model of lsal's contract over rows of the features."""

    def __init__(self, texts: Texts, control: Control) -> None:
        self.texts, self.control = texts, control
        self.fitted = LogisticRegression(C=10, max_iter=200, tol=1e-3)

    def fit(self, labelled: Sequence[Example], *more: Any) -> None:
        """Learn from the rows that are the tasks' numbers."""
        given = [self.control.labels.index(e.target.names[0]) for e in labelled]  # type: ignore[union-attr]
        self.fitted.fit(self.texts.pool[[e.task_id for e in labelled]], given)

    def chances(self, features: Any) -> np.ndarray:
        """Chances of all classes, (n, classes); of those never seen 0."""
        found = np.zeros((features.shape[0], len(self.control.labels)), np.float32)
        found[:, self.fitted.classes_] = self.fitted.predict_proba(features)
        return found

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """As lsal's models answer."""
        rows = self.chances(self.texts.pool[[e.task_id for e in examples]])
        names = self.control.labels
        return [
            Prediction(e.task_id, Labels((names[int(row.argmax())],)), row[None])
            for e, row in zip(examples, rows, strict=True)
        ]
