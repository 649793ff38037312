"""The table and the figure of many replays, each strategy against random order with the same seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

BASELINE = "lsal random"
NEVER = 1.05
"""What counts where random's last accuracy is not reached: a batch more than the budget."""
DRAWS = 400
ROUNDING = 1e-9
"""By how much less than the target still is it: a mean over seeds differs in the last bits by how it was summed."""
KINDS = ("TF-IDF", "MiniLM", "images")

Runs = Mapping[str, Mapping[str, Mapping[int, Mapping[str, Any]]]]


def grouped(runs: Sequence[Mapping[str, Any]]) -> Runs:
    """By set, strategy and seed."""
    found: dict[str, dict[str, dict[int, Mapping[str, Any]]]] = {}
    for one in runs:
        found.setdefault(one["set"], {}).setdefault(one["strategy"], {})[one["seed"]] = one
    return found


def table(runs: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: for each set and strategy the ratio of labels and the area; the mean ratio of each kind of set."""
    by_set = grouped(runs)
    strategies = list(dict.fromkeys(one["strategy"] for one in runs))
    lines = ["| set | " + " | ".join(strategies) + " |", "|---" * (len(strategies) + 1) + "|"]
    for name, found in by_set.items():
        told = [against_random(found, strategy, shared(found, strategy)) for strategy in strategies]
        cells = ["-" if one is None else f"{one[0]:.2f} ({one[1]:.3f})" for one in told]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for one in KINDS:
        of_kind = [found for name, found in by_set.items() if kind(name) == one]
        lines += [f"| mean, {one} | " + " | ".join(mean_ratio(of_kind, strategy) for strategy in strategies) + " |"]
    seeds = {len(found) for by in by_set.values() for found in by.values()}
    return "\n".join([*lines, "", f"Seeds: {', '.join(map(str, sorted(seeds)))}; compared on those that both have."])


def mean_ratio(sets: Sequence[Mapping[str, Mapping[int, Mapping[str, Any]]]], strategy: str) -> str:
    """The mean over sets, with its 90 % interval when the seeds are drawn again, with replacement."""
    seeds = [shared(found, strategy) for found in sets]
    if not seeds or not all(seeds):
        return "-"

    def mean(chosen: Sequence[Sequence[int]]) -> float:
        told = (against_random(found, strategy, of) for found, of in zip(sets, chosen, strict=True))
        return float(np.mean([one[0] for one in told if one]))

    draw = np.random.default_rng(0)
    again = [mean([draw.choice(of, len(of)).tolist() for of in seeds]) for _ in range(DRAWS)]
    low, high = np.quantile(again, [0.05, 0.95])
    return f"{mean(seeds):.3f} ({low:.2f} to {high:.2f})"


def shared(found: Mapping[str, Mapping[int, Mapping[str, Any]]], strategy: str) -> list[int]:
    """The seeds that a strategy and random order both have."""
    return sorted(set(found.get(strategy, ())) & set(found.get(BASELINE, ())))


def kind(name: str) -> str:
    """Which learner's inputs a set has."""
    by = name.partition(", ")[2]
    return by if by in KINDS else "images"


def against_random(
    found: Mapping[str, Mapping[int, Mapping[str, Any]]], strategy: str, seeds: Sequence[int]
) -> tuple[float, float] | None:
    """Labels to random's last mean accuracy over the budget, and the area under the mean curve, over these seeds."""
    if not seeds:
        return None
    labels = np.array(found[strategy][seeds[0]]["labels"])
    mean = np.mean([found[strategy][seed]["metric"] for seed in seeds], axis=0)
    target = np.mean([found[BASELINE][seed]["metric"][-1] for seed in seeds])
    area = float(np.trapezoid(mean, labels) / (labels[-1] - labels[0]))
    return labels_to(labels, mean, float(target)) / float(labels[-1]), area


def labels_to(labels: Any, mean: Any, target: float) -> float:
    """Where a mean curve first reaches the target, interpolated."""
    reached = np.flatnonzero(mean >= target - ROUNDING)
    if not len(reached):
        return NEVER * float(labels[-1])
    at = int(reached[0])
    if at == 0:
        return float(labels[0])
    share = min((target - mean[at - 1]) / (mean[at] - mean[at - 1]), 1.0)
    return float(labels[at - 1] + share * (labels[at] - labels[at - 1]))


def figure(runs: Sequence[Mapping[str, Any]], file: Path) -> None:
    """Mean accuracy by labels, a panel for each set."""
    from matplotlib.figure import Figure

    by_set = grouped(runs)
    drawn = Figure(figsize=(15, 3.2 * -(-len(by_set) // 4)), layout="constrained")
    for panel, (name, found) in enumerate(by_set.items(), 1):
        axes = drawn.add_subplot(-(-len(by_set) // 4), 4, panel)
        for strategy, seeds in found.items():
            mean = np.mean([one["metric"] for one in seeds.values()], axis=0)
            strong = {"lsal auto": 2.5, BASELINE: 2.0}.get(strategy, 0.8)
            shade = {BASELINE: "black", "lsal auto": "crimson"}.get(strategy)
            axes.plot(next(iter(seeds.values()))["labels"], mean, linewidth=strong, color=shade, label=strategy)
        axes.set_title(name, fontsize=9)
    handles = axes.get_legend_handles_labels()
    drawn.legend(*handles, loc="outside lower center", ncols=5, fontsize=8)
    drawn.savefig(file, dpi=110)
