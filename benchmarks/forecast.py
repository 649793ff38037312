"""How often the forecast's 90 % intervals hold: forecasts in the middle of replayed curves, by what they are about.

Reads what `lsal rehearse --json` writes: there the question is what will be measured on the same test tasks. Curves by
`python benchmarks/replays.py` also have what few measuring tasks showed of each version: there it is what really came.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lsal.outlook.backtest import Outcome, Replay, coverage, outcomes
from lsal.outlook.curves import Measurements


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("files", type=Path, nargs="+", help="JSON of replays")
    options.add_argument("--every", type=int, default=3, help="forecast after each so many versions")
    options.add_argument("--by", choices=("about", "name", "versions", "tasks"), default="about")
    options.add_argument("--tasks", type=int, default=0, help="test tasks, where a file does not say")
    chosen = options.parse_args()
    found: list[Outcome] = []
    for file in chosen.files:
        for replay in replays(json.loads(file.read_text()), file.stem, chosen.tasks):
            found += outcomes(replay, chosen.every)
    print("| forecast | intervals | held | median width |\n|---|---|---|---|")
    for about, (count, share, width) in coverage(found).items():
        print(f"| {about} | {count:,} | {share:.3f} | {width:.3f} |")
    told = [one.held for one in found if one.about == "labels for a target" and one.told]
    if told:
        print(f"\nOf the targets {len(told)} were told as an interval of use: {np.mean(told):.3f} held")
    if chosen.by != "about":
        by_part(found, chosen.by)


def replays(written: dict[str, Any], name: str, tasks: int) -> Iterator[Replay]:
    """The curves of a file, each as a project with so many measuring tasks would have seen it."""
    for one in written["results"]:
        labels, title = one["labels"], f"{name}, {one['strategy']}"
        for seen in one.get("measured", ()):
            known = Measurements.of(labels, seen["metric"], [seen["tasks"]] * len(labels))
            yield Replay(known, tuple(one["metric"]), title)
        if not one.get("measured"):
            count = tasks or tasks_of(written, one["strategy"])
            yield Replay(Measurements.of(labels, one["metric"], [count] * len(labels)), (), title)


def tasks_of(written: dict[str, Any], strategy: str) -> int:
    """On how many tasks a rehearsal measured."""
    row = next(row for row in written["summary"] if row["strategy"] == strategy)
    return int(re.search(r"on (?:\d+ to )?(\d+) task", row["measured_on"])[1])


def by_part(found: list[Outcome], part: str) -> None:
    """The same apart, by replay, by versions so far or by measuring tasks."""
    print(f"\n| {part} | intervals of gains | held | intervals for targets | held |\n|---|---|---|---|---|")
    for value in sorted({getattr(one, part) for one in found}):
        rows = [one for one in found if getattr(one, part) == value]
        gains = [one.held for one in rows if one.about.startswith("gain")]
        targets = [one.held for one in rows if one.about.startswith("labels")]
        shares = [f"{len(held):,} | {np.mean(held):.3f}" if held else "0 | -" for held in (gains, targets)]
        print(f"| {value} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
