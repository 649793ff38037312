"""The labelled sets: features for the learner, vectors for the strategies, a pool and test rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from lsal.models.pixels import features_of

POOL, TEST = 5_000, 2_000
DIMENSIONS = 100
TEXTS = ("trec6", "ag_news", "cr", "sms_spam", "banking77")


@dataclass(frozen=True)
class LabelledSet:
    """Rows of one set: `features` (n, d) for the learner, `vectors` (n, e) of length 1, `labels` (n,) as indices."""

    name: str
    features: Any
    vectors: Any
    labels: Any
    pool: Any
    test: Any

    @property
    def classes(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1


def names(encoder: Path | None) -> list[str]:
    """All that can be run: with an encoder the sets of texts by their embeddings too."""
    told = [f"{name}, TF-IDF" for name in TEXTS]
    return told + [f"{name}, MiniLM" for name in TEXTS if encoder] + ["digits8x8, pixels", "sign_digits, gradients"]


@lru_cache(maxsize=1)
def load(name: str, data: Path, encoder: Path | None, keep: Path) -> LabelledSet:
    """Read a set; at most 5,000 of its training rows are the pool, at most 2,000 of its test rows are measured on."""
    short, _, by = name.partition(", ")
    if short == "digits8x8":
        table = pd.read_csv(data / short / "digits.csv.gz")
        features = table.filter(regex=r"^p\d+$").to_numpy(np.float32) / 16
        return _set(name, features, features, table["label"], table["split"])
    if short == "sign_digits":
        table = pd.read_csv(data / short / "labels.csv")
        features = np.stack([features_of(data / short / file) for file in table["file"]])
        features = (features - features.mean(0)) / (features.std(0) + 1e-6)
        return _set(name, features / np.sqrt(features.shape[1]), features, table["label"], table["split"])
    rows = [json.loads(line) for line in (data / short / "tasks.jsonl").read_text("utf-8").splitlines()]
    kept = _chosen(pd.Series([row["split"] for row in rows]))
    table = pd.DataFrame([rows[i] for i in kept])
    texts = table["text"].tolist()
    if by == "MiniLM":
        vectors = _embedded(texts, encoder, keep)
        return _set(name, vectors, vectors, table["label"], table["split"])
    features = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, dtype=np.float32).fit_transform(texts)
    vectors = TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(features)
    return _set(name, features, normalize(vectors).astype(np.float32), table["label"], table["split"])


def _chosen(splits: Any) -> Any:
    """Which rows are used, drawn once for all."""
    draw = np.random.default_rng(0)
    test, pool = np.flatnonzero(splits == "test"), np.flatnonzero(splits != "test")
    return np.sort(np.concatenate([draw.permutation(pool)[:POOL], draw.permutation(test)[:TEST]]))


def _set(name: str, features: Any, vectors: Any, labels: Any, splits: Any) -> LabelledSet:
    coded = pd.Categorical(labels.astype(str)).codes.astype(np.int64)
    test = (splits == "test").to_numpy()
    return LabelledSet(name, features, vectors, coded, np.flatnonzero(~test), np.flatnonzero(test))


def _embedded(texts: list[str], encoder: Path | None, keep: Path) -> Any:
    from lsal.models.embedded_text.encoder import find_encoder
    from lsal.models.embedded_text.encoding import embedded
    from lsal.models.embedded_text.wishes import read_wishes

    found = find_encoder(read_wishes({"model": str(encoder)}))
    return normalize(np.asarray(embedded(found, [text.strip() for text in texts], keep), np.float32))
