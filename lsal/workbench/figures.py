"""The learning curve on paper: a matplotlib figure that needs no display and no pyplot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, MaxNLocator, PercentFormatter

from lsal.errors import BadRequest
from lsal.phrases import on_tasks
from lsal.workbench.curve import Point
from lsal.workbench.outlook import Outlook
from lsal.workbench.papers import PaperFigure
from lsal.workbench.readings import Reading, lower_is_better
from lsal.workbench.shadow import Shadow

Curve = Sequence[tuple[float, float]]
"""(labels, the metric's value), by ascending labels."""
Readings = Mapping[int, Mapping[str, Reading]]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Of Okabe and Ito (2008): told apart by colour-blind eyes too."""
GREY, LIGHT = "#555555", "#e3e3e3"
LETTERS_AN_INCH = 13
UNITS = {"labels": "labels", "regions": "regions drawn", "entities": "entities marked", "tokens": "words read"}
"""What labels cost, as the axis says it."""
LOOKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "live": ("live version", {"marker": "o", "markersize": 11, "markerfacecolor": "white"}),
    "version": ("version", {"marker": "o", "markersize": 5}),
    "held": ("held back: clearly worse", {"marker": "D", "markersize": 7, "markerfacecolor": "white"}),
    "rolled back": ("rolled back", {"marker": "s", "markersize": 7, "markerfacecolor": "white"}),
    "warned": ("biased: cross-validation", {"marker": "^", "markersize": 8, "color": "#E69F00"}),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One version in the figure: what it cost, its value, and its ends, which are the value where none are known."""

    cost: float
    value: float
    ends: tuple[float, float]
    state: str
    tasks: int
    line: str


def learning_curve(
    points: Sequence[Point],
    baseline: Curve | None = None,
    held_out: Curve | None = None,
    readings: Readings | None = None,
    metric: str = "",
    unit: str = "labels",
    shadow: Shadow | None = None,
    ahead: Sequence[Outlook] = (),
    size: tuple[float, float] = (7.2, 4.4),
) -> Figure:
    """A figure of the versions by what labels cost, with its interval as a band; `size` in inches.

    Live versions are dots in a ring, earlier ones dots; off the line are held ones as hollow diamonds, those that
    were rolled back as hollow squares, and what is biased as triangles. Without a `metric` it is the main one; others
    come from the `readings`. `unit` is one of labels, regions, entities, tokens. `baseline` is a run in random order,
    `shadow` a replayed one, `held_out` the same versions on other tasks, `ahead` the forecasts. Raises BadRequest for
    a metric or a unit that no version has.
    """
    known = readings or {}
    chosen, shown = metric or _main(points), _shown(points, known, metric, unit)
    figure = PaperFigure(figsize=size, layout="constrained")
    axes, lines = figure.add_subplot(), list(dict.fromkeys(one.line for one in shown))
    plain = unit == "labels" and chosen == _main(points)
    replayed = shadow if shadow and plain and shadow.metric == chosen and shadow.control in lines else None
    if replayed:
        _random(axes, replayed)
    for line, colour in zip(lines, COLOURS * len(lines), strict=False):
        _line(axes, [one for one in shown if one.line == line], colour, line if len(lines) > 1 else "")
        for one in ahead if plain else ():
            if one.control == line and one.metric == chosen:
                _ahead(axes, one, colour)
    if held_out:
        axes.plot(*zip(*held_out, strict=True), "--", color=GREY, linewidth=1.6, label="held-out tasks")
    if baseline:
        axes.plot(*zip(*baseline, strict=True), ":", color=GREY, linewidth=2.2, label="random order, held-out tasks")
    _frame(axes, points, shown, chosen, unit, replayed)
    return figure


def _main(points: Sequence[Point]) -> str:
    measured = [point.metric for point in points if point.value is not None]
    return " and ".join(dict.fromkeys(measured)) or "accuracy"


def _shown(points: Sequence[Point], readings: Readings, metric: str, unit: str) -> list[Shown]:
    """The versions that have the figure, by what they cost."""
    if unit not in UNITS:
        raise BadRequest(f"No axis counts '{unit}'", f"Choose one of: {', '.join(UNITS)}")
    found = []
    for point in points:
        main = Reading(point.value, point.interval, point.tasks, "") if point.value is not None else None
        told = readings.get(point.version, {}).get(metric or point.metric)
        read = main if metric in ("", point.metric) and main else told
        cost = getattr(point, unit)
        if read is not None and cost is not None:
            state = "warned" if read.warning else point.state
            ends = read.interval or (read.value, read.value)
            found.append(Shown(cost, read.value, ends, state, read.tasks, point.line or point.control))
    if points and not found and (metric or unit != "labels"):
        raise _absent(points, readings, metric, unit)
    return sorted(found, key=lambda one: one.cost)


def _absent(points: Sequence[Point], readings: Readings, metric: str, unit: str) -> BadRequest:
    """Why there is nothing to draw."""
    known = dict.fromkeys(name for one in readings.values() for name in one)
    if metric and metric not in known:
        listed = f"Choose one of: {', '.join(known)}" if known else "Label measuring tasks, then: lsal round"
        return BadRequest(f"No version was measured by '{metric}'", listed)
    units = [name for name in UNITS if any(getattr(point, name) is not None for point in points)]
    return BadRequest(f"Nobody counted the {UNITS[unit]} of this project", f"Choose one of: {', '.join(units)}")


def _line(axes: Any, shown: Sequence[Shown], colour: str, name: str) -> None:
    joined = [one for one in shown if one.state in ("live", "earlier")]
    before = f"{name}: " if name else ""
    costs, (low, high) = [one.cost for one in joined], _ends(joined)
    axes.fill_between(costs, low, high, color=colour, alpha=0.15, linewidth=0, label=f"{before}95 % interval")
    axes.plot(costs, [one.value for one in joined], "-", color=colour, linewidth=1.8)
    alone = [one for one in shown if one not in joined or len(joined) == 1]
    axes.vlines([one.cost for one in alone], *_ends(alone), color=colour, alpha=0.45, linewidth=1.3)
    groups = {"live": [one for one in shown if one.state == "live"], "version": joined}
    groups |= {state: [one for one in shown if one.state == state] for state in ("held", "rolled back", "warned")}
    for state, group in groups.items():
        if group:
            told, look = LOOKS[state]
            places = [one.cost for one in group], [one.value for one in group]
            axes.plot(
                *places, label=before + told, **{"linestyle": "", "color": colour, "markeredgewidth": 1.6, **look}
            )


def _ends(shown: Sequence[Shown]) -> tuple[list[float], list[float]]:
    return [one.ends[0] for one in shown], [one.ends[1] for one in shown]


def _random(axes: Any, shadow: Shadow) -> None:
    axes.fill_between(shadow.labels, shadow.low, shadow.high, color=GREY, alpha=0.12, linewidth=0)
    axes.plot(shadow.labels, shadow.values, ":", color=GREY, linewidth=2.2, label="random order, replayed")


def _ahead(axes: Any, one: Outlook, colour: str) -> None:
    """The forecast: dashed, its 90 % interval as a paler band."""
    told = one.forecast
    steps = sorted(told.expected, key=lambda step: step.more)
    if not steps:
        return
    labels = [told.labels, *(told.labels + step.more for step in steps)]
    low, high = zip(told.now, *(step.interval for step in steps), strict=True)
    axes.fill_between(labels, low, high, color=colour, alpha=0.08, linewidth=0)
    values = [told.value, *(step.value for step in steps)]
    axes.plot(labels, values, "--", color=colour, linewidth=1.5, label="forecast, 90 % interval")


def _frame(
    axes: Any, points: Sequence[Point], shown: Sequence[Shown], metric: str, unit: str, replayed: Shadow | None
) -> None:
    wide = int(LETTERS_AN_INCH * axes.figure.get_figwidth())
    told = "\n".join(fill(line, wide) for line in _title(points, shown, metric, unit, replayed))
    axes.set_title(told, fontsize=8.5, loc="left", color="#222222")
    axes.set_xlabel(UNITS[unit])
    axes.set_ylabel(f"{metric} (lower is better)" if lower_is_better(metric) else metric)
    axes.set_xlim(left=0)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(0.0, bottom), 1.003 if metric.startswith("accuracy") else min(1.003, top))
    share = metric.startswith("accuracy")
    axes.yaxis.set_major_formatter(
        PercentFormatter(1.0, decimals=0, symbol=" %") if share else FormatStrFormatter("%.2f")
    )
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=LIGHT)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if shown:
        axes.figure.legend(loc="outside lower center", ncols=max(1, wide // 30), frameon=False, fontsize=8.5)


def _title(
    points: Sequence[Point], shown: Sequence[Shown], metric: str, unit: str, replayed: Shadow | None
) -> Iterator[str]:
    """On what it was measured: a curve without that says nothing."""
    if not shown:
        yield "No version is measured yet: label measuring tasks, then train"
        return
    sound = [one.tasks for one in shown if one.state != "warned"]
    on = f"measured on {on_tasks(sound, points[0].measured_on)}" if sound else "biased: on labels that were chosen"
    yield f"{metric} by {UNITS[unit]}, {on}"
    if replayed:
        yield f"Random order: {replayed.measured_on}"
