"""Objects in the loop: rounds over a COCO folder through Label Studio, from random weights, on this machine's CPU.

The simulated annotator draws what the set's authors drew. Every version is measured on the images of
the set's own test split, which are in no task, and the last one is compared with the first in pairs.
"""

import argparse
import tempfile
import time
from pathlib import Path

from lsal import annotator, measuring, predicting
from lsal.workbench import Workbench
from lsal.workbench.demo import held_out


def main() -> None:
    """Print a line for each round, and what was gained from the first to the last."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", help="a folder with annotations_train.json and annotations_test.json")
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--batch", type=int, default=40, help="images in each round")
    options.add_argument("--size", type=int, default=160, help="pixels")
    options.add_argument("--epochs", type=int, default=60)
    options.add_argument("--strategy", default="auto")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder) / "root")
        try:
            run(bench, chosen)
            tell(bench)
        finally:
            bench.down()


def run(bench: Workbench, chosen: argparse.Namespace) -> None:
    """The rounds, each a batch labelled to its end and a training that goes on from the last weights."""
    bench.up()
    bench.new(chosen.source, demo=True)
    network = {"size": chosen.size, "epochs": chosen.epochs, "patience": 0, "batch": 8}
    bench.configure(batch=chosen.batch, strategy=chosen.strategy, refill_below=0.0)
    bench.configure(options={name: network for name in bench.desk.handled})
    bench.rank().wait(600)
    print(
        f"{'images':>7} {'regions':>8} {'test images':>30} {'measuring tasks':>30} {'round':>8} {'of it training':>15}"
    )
    for _ in range(chosen.rounds):
        bench.label()
        begun = time.perf_counter()
        told = bench.round().wait(7200)
        seconds, point = time.perf_counter() - begun, bench.curve()[-1]
        tested = held_out(bench, point.version)
        figures = [f"{m.value or 0:.3f} ({m.interval[0]:.3f} to {m.interval[1]:.3f})" for m in (tested, point)]
        drawn = f"{point.labels:7} {point.regions:8} {figures[0]:>30} {figures[1]:>30}"
        print(f"{drawn} {seconds:6.0f} s {told['seconds']['train']:13.0f} s", flush=True)


def tell(bench: Workbench) -> None:
    """The last version against the first, on the same test images."""
    (control, kind), *_ = bench.desk.handled.values()
    by, items = measuring.ruler(kind), annotator.held_out(bench.home)
    said = []
    for version in (bench.versions()[0], bench.versions()[-1]):
        told = predicting.thoroughly(predicting.load(version, control), items)
        said.append(measuring.answers(by, told, items))
    print(f"last against first: {by.compare(*said, measuring.truths(by, items), control.labels)}")
    print(f"metric: {by.metric}; the queue is as published: {bench.verify().exact}")


if __name__ == "__main__":
    main()
