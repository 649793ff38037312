"""The expected calibration error of a version with and without its temperature, on a set's own test split.

The labels come in a random order, or as a strategy chose them; the temperature from cross-fitting them.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lsal import measuring
from lsal.calibration import set_right
from lsal.records import Control, Example, Labels
from lsal.rehearsal.replaying import replay
from lsal.snapshots import Snapshot
from lsal.strategies import STRATEGIES
from lsal.training import train


def main() -> None:
    """Print a line for each set, number of labels, strategy and strength; means over the seeds."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("sets", nargs="+", type=Path, help="JSON lines with text, label and split")
    options.add_argument("--labels", type=int, nargs="+", default=[60, 225])
    options.add_argument("--strategies", nargs="+", default=["random", "auto"])
    options.add_argument("--strength", type=float, default=10.0, help="inverse regularisation C of the regression")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--pool", type=int, default=5000)
    options.add_argument("--test", type=int, default=2000)
    chosen = options.parse_args()
    for path in chosen.sets:
        pool, test, control = read(path, chosen.pool, chosen.test)
        for strategy in chosen.strategies:
            for labels in chosen.labels:
                rows = [one(pool, test, control, strategy, labels, chosen.strength, n) for n in range(chosen.seeds)]
                mean = {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}
                told = {"set": path.parent.name, "strategy": strategy, "labels": labels, "C": chosen.strength}
                print(json.dumps(told | mean), flush=True)


def one(
    pool: Sequence[Example], test: Sequence[Example], control: Control, strategy: str, labels: int, c: float, seed: int
) -> dict[str, Any]:
    """One version, and how far its confidence can be trusted."""
    options = {"strength": c}
    curve = replay(pool, test, control, "sklearn_text", STRATEGIES[strategy], 25, 20, labels, seed, options=options)
    taken = [pool[place] for place in curve.taken.tolist()]
    hidden = [Example(e.task_id, e.input) for e in pool]
    snapshot = Snapshot(control, "sklearn_text", options, seed, taken, [], hidden, "", 0.0)
    trained = train(snapshot, lambda progress: None)
    told = set_right(trained.model.predict(test), trained.temperature)
    facts = measuring.figures(measuring.CLASSES, control, test, told, trained.temperature)
    kept = ("accuracy", "ece_before", "ece", "by_chance", "brier_before", "brier")
    out_of_fold = (trained.cross_validation or {}).get("accuracy", np.nan)
    return {"T": trained.temperature, "out_of_fold": out_of_fold} | {name: facts[name] for name in kept}


def read(path: Path, most: int, most_test: int) -> tuple[list[Example], list[Example], Control]:
    """The pool and the test split, at most so many of each, drawn with a fixed seed."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    parts: dict[bool, list[Example]] = {True: [], False: []}
    for number in np.random.default_rng(0).permutation(len(rows)).tolist():
        row = rows[number]
        parts[row.get("split") == "test"].append(Example(number, row["text"], Labels((row["label"],))))
    labels = tuple(sorted({row["label"] for row in rows}))
    return parts[False][:most], parts[True][:most_test], Control("label", "t", "Choices", "Text", "text", labels)


if __name__ == "__main__":
    main()
