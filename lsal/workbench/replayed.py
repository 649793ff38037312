"""The curves of a rehearsal on paper: a line for each strategy, with its interval as a band."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lsal.rehearsal import BASELINE, Rehearsal
from lsal.workbench.figures import COLOURS, GREY, LIGHT


def replayed_curves(done: Rehearsal) -> Figure:
    """The mean of each strategy by labels with its 95 % interval; the baseline grey and dotted."""
    figure = Figure(figsize=(7.6, 4.6), layout="constrained")
    axes = figure.add_subplot()
    rivals = [one["strategy"] for one in done.summary if one["strategy"] != BASELINE]
    colours = dict(zip(rivals, COLOURS * len(rivals), strict=False)) | {BASELINE: GREY}
    for one in done.summary:
        name, curve = one["strategy"], one["curve"]
        look = ":" if name == BASELINE else "-"
        axes.fill_between(curve["labels"], curve["low"], curve["high"], color=colours[name], alpha=0.15, linewidth=0)
        axes.plot(curve["labels"], curve["mean"], look, color=colours[name], linewidth=2, label=name)
    _target(axes, done)
    _frame(axes, done)
    return figure


def _target(axes: Any, done: Rehearsal) -> None:
    """Where the labels are counted until."""
    aim = next((one["target"] for one in done.summary if "target" in one), None)
    if aim is not None:
        axes.axhline(aim, color=GREY, linewidth=0.8, alpha=0.6)


def _frame(axes: Any, done: Rehearsal) -> None:
    first = done.summary[0]
    axes.set_title(f"{first['measured_on']}, {first['seeds']} seeds", fontsize=10, loc="left", color="#222222")
    axes.set_xlabel("labels")
    axes.set_ylabel(first["measure"])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=LIGHT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
