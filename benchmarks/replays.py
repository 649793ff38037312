"""Replays for the back-test of the forecast: curves on all test rows of a set, and as few measuring tasks show them.

Texts by TF-IDF, other rows by their columns, both with logistic regression; labels in random order and by margin. With
`--shuffled` the labels are dealt out anew, so that there is nothing to learn.
"""

import argparse
import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

POOL, TEST = 5000, 2000
SUBSETS = (20, 30, 60, 120, 200)


def main() -> None:
    """Write one JSON file, as `lsal rehearse --json` would, with what the subsets measured."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "set", type=Path, help="JSONL with text, label and split; or CSV with label, split and numbers"
    )
    options.add_argument("out", type=Path, help="the JSON file")
    options.add_argument("--start", type=int, default=25)
    options.add_argument("--batch", type=int, default=20)
    options.add_argument("--budget", type=int, default=525)
    options.add_argument("--seeds", type=int, default=8)
    options.add_argument("--shuffled", action="store_true")
    chosen = options.parse_args()
    data, results = read(chosen.set), []
    for seed in range(chosen.seeds):
        for strategy in ("random", "margin"):
            labels, right = zip(*replay(data, strategy, seed, chosen), strict=True)
            results.append({"strategy": strategy, "seed": seed, "labels": labels, **seen(np.array(right), seed)})
            chosen.out.write_text(json.dumps({"results": results}))
            print(chosen.set, strategy, seed, results[-1]["metric"][-1], flush=True)


def read(path: Path) -> dict[str, Any]:
    """Features and classes of the pool and of the test rows."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            rows = list(csv.DictReader(file))
    draw, names = np.random.default_rng(0), sorted({row["label"] for row in rows})
    parts = {part: [row for row in rows if row["split"] == part] for part in ("train", "test")}
    pool, test = ([part[i] for i in draw.permutation(len(part))] for part in parts.values())
    pool, test = pool[:POOL], test[:TEST]
    known, asked = vectors(pool, test)
    classes = (np.array([names.index(row["label"]) for row in part]) for part in (pool, test))
    return dict(zip(("known", "asked", "given", "true"), (known, asked, *classes), strict=True))


def vectors(pool: list[dict[str, Any]], test: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Words counted, or the numbers as they stand, at most 1."""
    if "text" in pool[0]:
        space = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
        return space.fit_transform([row["text"] for row in pool]), space.transform([row["text"] for row in test])
    names = [name for name in pool[0] if name not in ("label", "split")]
    known, asked = (np.array([[float(row[name]) for name in names] for row in part]) for part in (pool, test))
    return known / known.max(), asked / known.max()


def replay(data: dict[str, Any], strategy: str, seed: int, how: argparse.Namespace) -> Iterator[tuple[int, Any]]:
    """After each batch the labels so far, and which test rows are answered rightly."""
    draw, size = np.random.default_rng(seed), data["known"].shape[0]
    given, true = data["given"], data["true"]
    if how.shuffled:
        given, true = draw.permutation(given), draw.permutation(true)
    order = draw.permutation(size)
    taken = order[: how.start]
    while True:
        model = LogisticRegression(C=10, max_iter=200).fit(data["known"][taken], given[taken])
        yield len(taken), model.predict(data["asked"]) == true
        if len(taken) >= min(how.budget, size):
            return
        left = order[~np.isin(order, taken)]
        if strategy == "margin":
            chances = np.sort(model.predict_proba(data["known"][left]), axis=1)
            left = left[np.argsort(chances[:, -1] - chances[:, -2], kind="stable")]
        taken = np.concatenate([taken, left[: how.batch]])


def seen(right: Any, seed: int) -> dict[str, Any]:
    """The curve over all test rows, and over a few of them, the same for all versions."""
    rows = right.shape[1]
    drawn = {m: np.random.default_rng([seed, m]).permutation(rows)[:m] for m in SUBSETS if m < 0.6 * rows}
    measured = [{"tasks": m, "metric": right[:, some].mean(axis=1).tolist()} for m, some in drawn.items()]
    return {"metric": right.mean(axis=1).tolist(), "tasks": rows, "measured": measured}


if __name__ == "__main__":
    main()
