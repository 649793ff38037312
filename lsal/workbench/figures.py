"""The learning curve on paper: a matplotlib figure that needs no display and no pyplot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from lsal.phrases import on_tasks
from lsal.workbench.curve import Point

Curve = Sequence[tuple[float, float]]
"""(labels, the metric's value), by ascending labels."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of Okabe and Ito (2008): told apart by colour-blind eyes too."""
GREY, LIGHT = "#555555", "#e3e3e3"


def learning_curve(points: Sequence[Point], baseline: Curve | None = None, held_out: Curve | None = None) -> Figure:
    """The main figure by labels with its interval as a band.

    Live versions are dots in a ring, earlier ones dots, held ones hollow diamonds off the
    line. `baseline` is a run in random order; `held_out` the same versions on other tasks.
    """
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    shown = sorted((point for point in points if point.value is not None), key=lambda point: point.labels)
    lines = list(dict.fromkeys(point.line or point.control for point in shown))
    for line, colour in zip(lines, COLOURS * len(lines), strict=False):
        _line(axes, [p for p in shown if (p.line or p.control) == line], colour, line if len(lines) > 1 else "")
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "--", color=GREY, linewidth=1.6, label="held-out tasks")
    if baseline:
        axes.plot(*zip(*baseline, strict=True), ":", color=GREY, linewidth=2.2, label="random order, held-out tasks")
    _frame(axes, shown)
    return figure


def _line(axes: Any, points: Sequence[Point], colour: str, name: str) -> None:
    promoted = [p for p in points if p.promoted]
    groups = {
        "live version": ([p for p in points if p.live], {"marker": "o", "markersize": 11, "markerfacecolor": "white"}),
        "version": (promoted, {"marker": "o", "markersize": 5}),
        "held back: clearly worse": (
            [p for p in points if not (p.promoted or p.live)],
            {"marker": "D", "markersize": 7, "markerfacecolor": "white"},
        ),
    }
    before = f"{name}: " if name else ""
    labels = [p.labels for p in promoted]
    low, high = [p.interval[0] for p in promoted], [p.interval[1] for p in promoted]
    axes.fill_between(labels, low, high, color=colour, alpha=0.15, linewidth=0, label=f"{before}95 % interval")
    axes.plot(labels, [p.value for p in promoted], "-", color=colour, linewidth=1.8)
    alone = [p for p in points if not p.promoted or len(promoted) == 1]
    axes.vlines([p.labels for p in alone], *_ends(alone), color=colour, alpha=0.45, linewidth=1.3)
    for label, (group, look) in groups.items():
        if group:
            x, y = [p.labels for p in group], [p.value for p in group]
            axes.plot(x, y, linestyle="", color=colour, markeredgewidth=1.6, label=before + label, **look)


def _ends(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [p.interval[0] for p in points], [p.interval[1] for p in points]


def _frame(axes: Any, shown: Sequence[Point]) -> None:
    axes.set_title(_title(shown), fontsize=10, loc="left", color="#222222")
    axes.set_xlabel("labels")
    axes.set_ylabel(_metrics(shown))
    axes.set_xlim(left=0)
    axes.set_ylim(top=1.003)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=LIGHT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if shown:
        axes.figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def _title(shown: Sequence[Point]) -> str:
    """On what it was measured: a curve without that says nothing."""
    if not shown:
        return "No version is measured yet: label measuring tasks, then train"
    measured_on = on_tasks([point.tasks for point in shown], shown[0].measured_on)
    return f"{_metrics(shown)} by labels, measured on {measured_on}"


def _metrics(shown: Sequence[Point]) -> str:
    return " and ".join(dict.fromkeys(point.metric for point in shown)) or "accuracy"
