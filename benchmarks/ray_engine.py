"""Scoring one pool by 1 and 2 workers of Ray against `here`, in turn: the speed-up, and whether all rows are the same.

The model is `sklearn_text`, or with `--layers` a transformer of that depth. Ray is a local one, started before the
clock and ended after it, its workers warm, or the cluster at `--address`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from lsal import engine
from lsal.home import Home, create_home
from lsal.models import MODELS
from lsal.predicting import score
from lsal.records import Control, Example, Labels, Prediction, Version
from lsal.settings import worker_threads
from lsal.store import Store

CONTROL = Control("label", "x", "Choices", "Text", "text", ("even", "odd", "neither"))
WORDS, LABELLED = 4000, 300
BERT = {"model_type": "bert", "hidden_size": 384, "num_attention_heads": 12, "intermediate_size": 1536}


def main() -> None:
    """Print seconds by engine over `--rounds`, speed-ups within each round, and whether the rows are the same."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--texts", type=int, default=20_000)
    options.add_argument("--words", type=int, default=60, help="in each text")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--layers", type=int, default=0, help="of a BERT as wide as MiniLM; none: sklearn_text")
    options.add_argument("--address", default="ray", help="ray, or the address of a cluster")
    options.add_argument("--out", type=Path, default=Path("ray_engine.json"))
    chosen = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(worker_threads()))  # as jobs have, and each worker of Ray
    pool = [Example(n, text) for n, text in enumerate(generated(chosen.texts, chosen.words))]
    seconds: dict[str, list[float]] = {}
    same = True
    with tempfile.TemporaryDirectory() as place, ExitStack() as held:
        home = create_home(Path(place), "http://127.0.0.1:1", 1, "now", "ray")
        version = trained(home, pool[:LABELLED], chosen.layers)
        engines = {"here": held.enter_context(engine.opened("here"))}
        if chosen.address == "ray":  # a Ray with room for all workers, which the engines below join
            held.enter_context(engine.opened("ray", 3))
        for workers in (1, 2):
            engines[f"ray {workers}"] = held.enter_context(engine.opened(chosen.address, workers))
        first = {name: rows(timed(executor, version, pool[:2048], [])) for name, executor in engines.items()}
        same = all(each == first["here"] for each in first.values())
        for _ in range(chosen.rounds):
            told = {
                name: rows(timed(one, version, pool, seconds.setdefault(name, []))) for name, one in engines.items()
            }
            same = same and all(each == told["here"] for each in told.values())
    for name, row in seconds.items():
        ratios = sorted(here / there for here, there in zip(seconds["here"], row, strict=True))
        said = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"{name:8} {statistics.median(row):8.2f} s   speed-up against here {said}")
    print(f"{chosen.texts} texts, {chosen.rounds} rounds, all rows the same: {same}")
    chosen.out.write_text(json.dumps({"texts": chosen.texts, "seconds": seconds, "same": same}, indent=1))


def timed(executor: Executor, version: Version, pool: Sequence[Example], seconds: list[float]) -> list[Prediction]:
    begun = time.perf_counter()
    told = score(version, CONTROL, pool, executor, lambda progress: None)
    seconds.append(time.perf_counter() - begun)
    return told


def rows(told: Sequence[Prediction]) -> list[tuple[int, object, bytes]]:
    return [(one.task_id, one.target, one.chances.tobytes()) for one in told]


def generated(count: int, words: int) -> list[str]:
    """Texts of words by Zipf's law, each with a number of its own."""
    drawn = np.minimum(np.random.default_rng(0).zipf(1.3, (count, words)), WORDS)
    return [f"{number} " + " ".join(f"word{each}" for each in row) for number, row in enumerate(drawn.tolist())]


def trained(home: Home, examples: Sequence[Example], layers: int) -> Version:
    labelled = [Example(e.task_id, e.input, Labels((CONTROL.labels[e.task_id % 3],))) for e in examples]
    family, wanted = "sklearn_text", dict[str, object]()
    if layers:
        network = home.root / "bert.json"
        network.write_text(json.dumps(BERT | {"num_hidden_layers": layers}))
        family, wanted = "transformers_text", {"model": str(network), "epochs": 1}
    model = MODELS[family](CONTROL, wanted)
    model.fit(labelled, examples, [], lambda progress: None)
    facts = {"metrics": {}, "examples": {}, "labels": CONTROL.labels, "shape": CONTROL.shape}
    return Store(home).add(model.save, family=family, control="label", **facts)


if __name__ == "__main__":
    main()
