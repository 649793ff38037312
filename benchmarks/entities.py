"""Spans at full data: `crf_tokens` learns all texts of a source that are not its test, and marks its test.

    python benchmarks/entities.py ../shared/data/wnut17/tasks.jsonl

Prints entity F1 with its interval, the figures of each label, and seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in a worker

from lsal.measuring import answers, truths
from lsal.models import MODELS
from lsal.models.tokens import tokens_of
from lsal.records import Progress
from lsal.rehearsal.source import read_source


def main() -> None:
    """One training, one measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--label", default="entities")
    parser.add_argument("--options", type=json.loads, default={})
    asked = parser.parse_args()
    given = read_source(asked.source, "text", asked.label)
    pool, test = given.pool_and_test(0)
    model = MODELS[given.family](given.control, asked.options)
    begun = time.perf_counter()
    model.fit(pool, [*pool, *test], [], _quiet)
    learned = time.perf_counter()
    told = model.predict(test)
    marked = time.perf_counter()
    found = given.by.measure(answers(given.by, told, test), truths(given.by, test), given.control.labels)
    print(f"{given.family}: {len(pool)} texts, {_words(pool)} tokens learned in {learned - begun:.1f} s")
    print(f"{len(test)} texts, {_words(test)} tokens marked in {marked - learned:.1f} s")
    low, high = found.interval
    print(f"{found.metric} {found.value:.3f} ({low:.3f} to {high:.3f})")
    print(", ".join(f"{name} {value:.3f}" for name, value in found.more.items() if value is not None))
    for label, one in found.classes.items():
        figures = ", ".join(f"{name} {value or 0:.3f}" for name, value in one.figures.items())
        print(f"  {label}: {one.tasks} given, {figures}")


def _words(examples: object) -> int:
    return sum(len(tokens_of(str(one.input))) for one in examples)  # type: ignore[attr-defined]


def _quiet(progress: Progress) -> None:
    """Nobody looks on."""


if __name__ == "__main__":
    main()
