"""One strategy with one seed on one set: accuracy on the test rows after each batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from label_efficiency.learner import Learner
from label_efficiency.sets import LabelledSet

START, BATCH, BUDGET, OF_IMAGES = 25, 20, 525, 275


@dataclass(frozen=True)
class Question:
    """What a strategy is asked: which of the open rows of the pool next.

    `chances` (n, classes) and `vectors` (n, e) are those of the open rows, None before the first label;
    `labelled` are places in `all_vectors` (pool, e) and `all_features`, with their `labels`.
    """

    chances: Any
    vectors: Any
    open: Any
    labelled: Any
    labels: Any
    all_vectors: Any
    all_features: Any
    classes: int
    learner: Learner | None
    seed: int


Choice = Callable[[Question, int], Any]
"""Positions among the open rows, n of them."""


def replay(given: LabelledSet, choose: Choice, seed: int, starts: bool) -> dict[str, list[float]]:
    """Labels, accuracy and seconds of each query; unless it `starts` itself, it begins with the seed's random rows."""
    features, vectors = given.features[given.pool], given.vectors[given.pool]
    truth, test, right = given.labels[given.pool], given.features[given.test], given.labels[given.test]
    budget = BUDGET if "," not in given.name or given.name.split(", ")[1] in ("TF-IDF", "MiniLM") else OF_IMAGES
    taken, learner = np.array([], np.int64), None
    told: dict[str, list[float]] = {"labels": [], "metric": [], "query_seconds": []}
    while len(taken) < budget:
        free = np.setdiff1d(np.arange(len(truth)), taken)
        chances = learner.chances(features[free]) if learner else None
        labels = truth[taken]
        asked = Question(
            chances,
            vectors[free],
            free,
            taken,
            labels,
            vectors,
            features,
            given.classes,
            learner,
            seed + 10_007 * len(taken),
        )
        begun = time.perf_counter()
        if learner is None and not starts:
            found = np.random.default_rng(seed).choice(len(free), START, replace=False)
        else:
            found = np.asarray(choose(asked, BATCH if len(taken) else START))
        told["query_seconds"].append(round(time.perf_counter() - begun, 5))
        assert len(set(found.tolist())) == (BATCH if len(taken) else START)
        taken = np.concatenate([taken, free[found]])
        learner = Learner(given.classes).fit(features[taken], truth[taken])
        told["labels"].append(len(taken))
        told["metric"].append(float((learner.chances(test).argmax(1) == right).mean()))
    return told
