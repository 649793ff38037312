"""One table and one figure of the labels that strategies need: `python -m label_efficiency ../shared/data`.

Run in the folder `benchmarks`. A replay that is in `--keep` already is not done again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from label_efficiency import sets
from label_efficiency.figures import figure, table
from label_efficiency.ours import ours
from label_efficiency.peers import PEERS
from label_efficiency.replays import replay

STARTING = ("lsal auto",)
"""Strategies that choose their first labels too; all others begin with the seed's random ones."""
STRATEGIES = (
    *("lsal random", "lsal auto", "lsal margin", "lsal margin_kmeans", "lsal badge", "lsal falcun"),
    *("modAL margin", "modAL ranked_batch"),
    *("scikit-activeml margin", "scikit-activeml badge", "scikit-activeml falcun", "scikit-activeml typiclust"),
    *("small-text breaking_ties", "small-text light_coreset", "cleanlab activelab"),
)


def main() -> None:
    """Replay what is not kept yet, then write the table and the figure."""
    options = argparse.ArgumentParser(prog="label_efficiency", description=__doc__.splitlines()[0])
    options.add_argument("data", type=Path, help="the folder of the sets")
    options.add_argument("--encoder", type=Path, default=None, help="an encoder's folder: the texts by it too")
    options.add_argument("--sets", default="", help="parts of names of sets, with +; without it all")
    options.add_argument("--strategies", default=",".join(STRATEGIES), help="names with commas")
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--keep", type=Path, default=Path("label_efficiency_runs"))
    options.add_argument("--figure", type=Path, default=Path("label_efficiency.png"))
    chosen = options.parse_args()
    chosen.keep.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(chosen.workers) as executor:
        wanted = [job for job in jobs(chosen) if not job[-1].exists()]
        for done, told in enumerate(executor.map(run, wanted), 1):
            print(f"\r{done} of {len(wanted)}: {told}", end="\033[K", flush=True)
    runs = list(kept(chosen))
    print("\n" + table(runs))
    figure(runs, chosen.figure)


def jobs(chosen: Any) -> Iterator[tuple[Any, ...]]:
    """What to replay, a set after the other: data, encoder, embeddings, set, strategy, seed, file."""
    for name in sets.names(chosen.encoder):
        if any(part in name for part in chosen.sets.split("+")):
            for strategy in chosen.strategies.split(","):
                for seed in range(chosen.seeds):
                    file = chosen.keep / f"{name}__{strategy}__{seed}.json"
                    yield chosen.data, chosen.encoder, chosen.keep / "embeddings", name, strategy, seed, file


def run(job: tuple[Any, ...]) -> str:
    """One replay, written whole."""
    data, encoder, embeddings, name, strategy, seed, file = job
    library, _, rule = strategy.partition(" ")
    choose = ours(rule) if library == "lsal" else PEERS[library](rule)
    told = replay(sets.load(name, data, encoder, embeddings), choose, seed, strategy in STARTING)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(told))
    part.rename(file)
    return f"{name}, {strategy}, seed {seed}"


def kept(chosen: Any) -> Iterator[dict[str, Any]]:
    """The replays that were asked for."""
    for *_, name, strategy, seed, file in jobs(chosen):
        if file.exists():
            yield {"set": name, "strategy": strategy, "seed": seed, **json.loads(file.read_text())}


if __name__ == "__main__":
    main()
