"""Seconds and memory of one query: lsal's strategies beside modAL, scikit-activeml and small-text, on the same rows.

A batch of 100 out of 10,000, 100,000 and 1,000,000 tasks with chances of 10 classes and embeddings of 384 figures;
100 tasks are labelled. Each query is measured in a process of its own, one thread, after a small one that imports
what it needs: CPU seconds, and the peak of memory above what the data take. The classifier answers at once, for
peers too: only the choice is measured. What needs more than the bounds is told so.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from queries import BATCH, CLASSES, LABELLED, PEERS, WIDTH

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

SIZES = (10_000, 100_000, 1_000_000)
GIGABYTES, SECONDS = 10, 60
"""Bounds of one query."""
WARM = 400
RULES = (
    "lsal start:auto",
    "lsal auto",
    "lsal margin",
    "modAL margin",
    "scikit-activeml margin",
    "small-text breaking_ties",
    "lsal entropy",
    "modAL entropy",
    "lsal power_margin",
    "lsal bald",
    "lsal vote_entropy",
    "lsal margin_kmeans",
    "lsal falcun",
    "scikit-activeml falcun",
    "lsal light_coreset",
    "small-text light_coreset",
    "lsal k_center",
    "scikit-activeml k_center",
    "small-text k_center",
    "lsal badge",
    "scikit-activeml badge",
    "lsal start:typiclust",
    "lsal typiclust",
    "scikit-activeml typiclust",
    "lsal dropquery",
    "lsal ranked_batch",
    "modAL ranked_batch_of_top_1000",
    "lsal distinct:margin",
    "lsal explore:margin",
    "lsal quota:margin",
    "lsal anchors:margin",
)


def main() -> None:
    """Print a line for each, and write JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options.add_argument("--only", default="", help="rules with this word in their name")
    options.add_argument("--out", type=Path, default=Path("selection.json"))
    options.add_argument("--one", nargs=2, metavar=("RULE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(measured(chosen.one[0], Path(chosen.one[1]))))
        return
    told: dict[str, dict[str, Any]] = {}
    for size in map(int, chosen.sizes.split(",")):
        with tempfile.TemporaryDirectory() as place:
            generate(Path(place), size)
            for rule in (rule for rule in RULES if chosen.only in rule):
                told.setdefault(rule, {})[str(size)] = one = apart(rule, Path(place))
                print(f"{rule:40} {size:>9,}  {in_words(one)}", flush=True)
                chosen.out.write_text(json.dumps(told, indent=1))


def generate(folder: Path, size: int) -> None:
    """Rows around 50 centres; chances, some sure and some not."""
    draw = np.random.default_rng(0)
    centers = draw.standard_normal((50, WIDTH), dtype=np.float32)
    vectors = draw.standard_normal((size + LABELLED, WIDTH), dtype=np.float32)
    vectors += centers[draw.integers(0, 50, len(vectors))]
    chances = draw.random((size, CLASSES), dtype=np.float32) ** 4
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "chances.npy", chances / chances.sum(axis=1, keepdims=True))


def apart(rule: str, folder: Path) -> Mapping[str, Any]:
    """What `measured` says, from a process of its own; `ended` tells why it says nothing."""
    words = [sys.executable, __file__, "--one", rule, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **ONE_THREAD})
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if done.returncode == -signal.SIGPROF:
        return {"ended": f"more than {SECONDS} s"}
    lines = done.stderr.strip().splitlines() or ["killed"]
    return {"ended": f"more than {GIGABYTES} GB" if "MemoryError" in lines[-1] else lines[-1]}


def measured(rule: str, folder: Path) -> Mapping[str, Any]:
    """CPU and wall seconds, and the peak of memory above the start, in MB."""
    import resource

    vectors, chances = np.load(folder / "vectors.npy"), np.load(folder / "chances.npy")
    embeddings, labelled = vectors[:-LABELLED], vectors[-LABELLED:]
    library, _, name = rule.partition(" ")
    query = PEERS[library](name)
    prepare = getattr(query, "prepare", lambda chances: None)  # what a model does beforehand is not measured
    prepare(chances[:WARM])
    prepare(chances)
    query(chances[:WARM], embeddings[:WARM], labelled)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + GIGABYTES * 10**9,) * 2)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    start, begun, cpu = peak_mb(), time.perf_counter(), time.process_time()
    picked = query(chances, embeddings, labelled)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    assert len({int(one) for one in picked}) == min(BATCH, len(chances))
    return {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak_mb() - start}


def peak_mb() -> float:
    """The peak of memory so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def in_words(one: Mapping[str, Any]) -> str:
    """CPU seconds and memory, or why there are none."""
    return one.get("ended") or f"{one['cpu_s']:8.3f} s  {one['peak_mb']:7.0f} MB"


if __name__ == "__main__":
    main()
