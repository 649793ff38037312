"""What an encoder is worth for classes of texts: accuracy by labels, `embedded_text` beside `sklearn_text`.

Both learn from the same labels in the same random orders and are measured on the same test texts; with
`--auto` also each with the labels that the strategy `auto` chose for it. Embeddings are kept in `--keep`:
a run that was stopped goes on there.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from lsal.measuring import answers, truths
from lsal.models import MODELS
from lsal.models.embedded_text.encoder import find_encoder
from lsal.models.embedded_text.encoding import embedded
from lsal.models.embedded_text.wishes import read_wishes
from lsal.models.kept_vectors import digests, vectors
from lsal.records import Example
from lsal.rehearsal import replay
from lsal.rehearsal.source import Source, read_source
from lsal.strategies import STRATEGIES

SIZES = (25, 75, 125, 225, 325, 425, 525)
BATCH = 50


def main() -> None:
    """Print a table for each set; write all figures as JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("encoder", help="the name or folder of an encoder of texts")
    options.add_argument("sets", type=Path, nargs="+", help="tables with text, label and split")
    options.add_argument("--seeds", type=int, default=5)
    options.add_argument("--auto", type=int, default=0, help="so many seeds also with the strategy auto")
    options.add_argument("--strength", type=float, default=10.0, help="of the head over the embeddings")
    options.add_argument("--keep", type=Path, default=Path("embeddings"))
    options.add_argument("--out", type=Path, default=Path("encoders.json"))
    chosen = options.parse_args()
    figures = {}
    for path in chosen.sets:
        source = read_source(path, "text", "label")
        name = path.parent.name
        seconds = embed_all(source, chosen)
        print(f"\n{name}: {len(source.examples)} texts, {seconds:.0f} s to embed those that were not kept", flush=True)
        figures[name] = {"embedding_seconds": seconds, **curves(source, chosen)}
        print(table(figures[name]), flush=True)
        chosen.out.write_text(json.dumps(figures, indent=1))


def settings(chosen: Any) -> dict[str, Mapping[str, Any]]:
    """The families with their options."""
    return {"sklearn_text": {}, "embedded_text": {"model": chosen.encoder, "strength": chosen.strength}}


def embed_all(source: Source, chosen: Any) -> float:
    """Have every text embedded, and in the memory that replays look into; the seconds it took."""
    encoder = find_encoder(read_wishes({"model": chosen.encoder}))
    texts = [str(example.input).strip() for example in source.examples]
    begun = time.perf_counter()
    rows = embedded(encoder, texts, chosen.keep, report=lambda p: print(f"\r{p.done} of {p.total}", end="", flush=True))
    seconds = time.perf_counter() - begun
    vectors(None, encoder.digest, encoder.width).keep(digests(texts), rows)
    return seconds


def curves(source: Source, chosen: Any) -> dict[str, Any]:
    """Accuracy by family, order and labels: a list over the seeds for each."""
    told: dict[str, Any] = {}
    for family, options in settings(chosen).items():
        for seed in range(chosen.seeds):
            for size, value in in_random_order(source, family, options, seed):
                told.setdefault(f"{family}, random order", {}).setdefault(size, []).append(value)
        for seed in range(chosen.auto):
            pool, test = source.pool_and_test(seed)
            given = (SIZES[0], BATCH, SIZES[-1], seed)
            curve = replay(pool, test, source.control, family, STRATEGIES["auto"], *given, None, options)
            for size, value in zip(curve.labels, curve.metric, strict=True):
                if size in SIZES:
                    told.setdefault(f"{family}, auto", {}).setdefault(size, []).append(value)
    return told


def in_random_order(source: Source, family: str, options: Any, seed: int) -> list[tuple[int, float]]:
    """Labels and accuracy; the order depends on the seed alone."""
    pool, test = source.pool_and_test(seed)
    order = np.random.default_rng(seed).permutation(len(pool))
    found = []
    for size in SIZES:
        model = MODELS[family](source.control, options, seed)
        model.fit([pool[place] for place in order[:size]], pool, [], lambda progress: None)
        found.append((size, accuracy(source, model.predict(test), test)))
    return found


def accuracy(source: Source, told: Sequence[Any], test: Sequence[Example]) -> float:
    """As rounds measure it."""
    by = source.by
    return by.value(answers(by, told, test), truths(by, test), source.control.labels) or 0.0


def table(figures: Mapping[str, Any]) -> str:
    """A line for each number of labels, mean and standard deviation over the seeds."""
    names = [name for name in figures if isinstance(figures[name], Mapping)]
    lines = ["| labels | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for size in SIZES:
        lines.append(f"| {size} | " + " | ".join(shown(figures[name].get(size, [])) for name in names) + " |")
    return "\n".join(lines)


def shown(values: Sequence[float]) -> str:
    """As people read it."""
    if not values:
        return ""
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
