"""The expected calibration error of a version with and without its temperature, on texts that it never saw.

These are a random part of the pool, set aside as measuring tasks are, and the set's own test split, which may come
from elsewhere. The labels come in a random order, or as a strategy chose them; the temperature from cross-fitting them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
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

START, BATCH, ASIDE = 25, 20, 1000
KEPT = ("accuracy", "ece_before", "ece", "by_chance", "brier_before", "brier")


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
        parts, control = read(path, chosen.pool, chosen.test)
        for strategy in chosen.strategies:
            for labels in chosen.labels:
                rows = [one(parts, control, strategy, labels, chosen.strength, n) for n in range(chosen.seeds)]
                mean = {name: round(float(np.mean([row[name] for row in rows])), 3) for name in rows[0]}
                told = {"set": path.parent.name, "strategy": strategy, "labels": labels, "C": chosen.strength}
                print(json.dumps(told | mean), flush=True)


def one(
    parts: Mapping[str, Sequence[Example]], control: Control, strategy: str, labels: int, c: float, seed: int
) -> dict[str, Any]:
    """One version, and how far its confidence can be trusted."""
    options, pool = {"strength": c}, parts["pool"]
    curve = replay(
        pool,
        parts["test"][:1],
        control,
        "sklearn_text",
        STRATEGIES[strategy],
        START,
        BATCH,
        labels,
        seed,
        options=options,
    )
    taken = [pool[place] for place in curve.taken.tolist()]
    hidden = [Example(e.task_id, e.input) for e in pool]
    snapshot = Snapshot(control, "sklearn_text", options, seed, taken, [], hidden, "", 0.0)
    trained = train(snapshot, lambda progress: None)
    found = {"T": trained.temperature, "out_of_fold": (trained.cross_validation or {}).get("accuracy", np.nan)}
    for part in ("aside", "test"):
        told = set_right(trained.model.predict(parts[part]), trained.temperature)
        facts = measuring.figures(measuring.CLASSES, control, parts[part], told, trained.temperature)
        found |= {f"{part} {name}": facts[name] for name in KEPT}
    return found


def read(path: Path, most: int, most_test: int) -> tuple[dict[str, list[Example]], Control]:
    """The pool, a part of it set aside, and the test split, at most so many of each, drawn with a fixed seed."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    parts: dict[bool, list[Example]] = {True: [], False: []}
    for number in np.random.default_rng(0).permutation(len(rows)).tolist():
        row = rows[number]
        parts[row.get("split") == "test"].append(Example(number, row["text"], Labels((row["label"],))))
    labels = tuple(sorted({row["label"] for row in rows}))
    told = {"aside": parts[False][:ASIDE], "pool": parts[False][ASIDE:most], "test": parts[True][:most_test]}
    return told, Control("label", "t", "Choices", "Text", "text", labels)


if __name__ == "__main__":
    main()
