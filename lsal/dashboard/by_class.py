"""How well each class is recognised: a table of classes by versions, for each line of the learning curve."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsal.dashboard.tables import Row, Sheet
from lsal.phrases import counted, on_tasks, spanned
from lsal.workbench.curve import Point

NEWEST = 6
"""Versions in one table, the live one besides; the record has all."""
CLASSES = 20
"""Classes in one table, those that people gave most often."""
NONE = "–"
MEANT = {
    "regions": "what people drew in them",
    "spans": "what people marked in them",
    "tasks": "those of them that people gave the class",
}
"""What is counted of a class."""


def by_class(points: Iterable[Point]) -> tuple[Sheet, ...]:
    """A sheet for each control whose versions were measured by class."""
    lines: dict[str, list[Point]] = {}
    for one in points:
        lines.setdefault(one.line or one.control, []).append(one)
    told = {
        line: [one for one in mine if any(each.figures for each in one.classes.values())]
        for line, mine in lines.items()
    }
    return tuple(_sheet(line if len(lines) > 1 else "", mine) for line, mine in told.items() if mine)


def _sheet(line: str, measured: Sequence[Point]) -> Sheet:
    figure, unit = counted_figure(measured[-1])
    shown = _shown(measured)
    labels = dict.fromkeys(label for one in (*reversed(shown), *measured) for label in one.classes)
    given = {label: [one.classes[label].tasks for one in shown if label in one.classes] for label in labels}
    listed = sorted(labels, key=lambda label: -max(given[label], default=0))[:CLASSES]
    rows = [
        (label, spanned(given[label]), *(_value(one, label, figure) for one in shown))
        for label in labels
        if label in listed
    ]
    heads = (f"version {one.version}{', live' if one.live else ''}" for one in shown)
    columns = ("class", unit, *heads)
    title = f"{figure} of each class" + (f" of {line}" if line else "")
    more = len(labels) - len(rows)
    notes = (_measured_on(shown, unit), *([f"{more} more classes, given less often: --json"] if more else []))
    return Sheet(title, columns=columns, rows=(*_mean(shown, given, figure), *rows, *_tasks(shown)), notes=notes)


def counted_figure(one: Point) -> tuple[str, str]:
    """By what classes are told apart, and what is counted of them."""
    names = next(each.figures for each in one.classes.values() if each.figures)
    if "AP50" in names:
        return "AP50", "regions"
    return "F1", "spans" if one.metric == "entity F1" else "tasks"


def _shown(measured: Sequence[Point]) -> list[Point]:
    return [one for one in measured if one.live or one in measured[-NEWEST:]]


def _value(one: Point, label: str, figure: str) -> str:
    found = one.classes.get(label)
    value = found.figures.get(figure) if found and found.tasks else None
    return NONE if value is None else f"{value:.3f}"


def _mean(shown: Sequence[Point], given: dict[str, list[int]], figure: str) -> Iterator[Row]:
    """The main figure of regions is the mean over the classes."""
    if figure == "AP50":
        whole = [sum(each.tasks for each in one.classes.values()) for one in shown]
        yield ("all", spanned(whole), *(NONE if one.value is None else f"{one.value:.3f}" for one in shown))


def _tasks(shown: Sequence[Point]) -> Iterator[Row]:
    """On how many tasks each version was measured, where that differs."""
    if len({one.tasks for one in shown}) > 1:
        yield ("measured on", "", *(counted(one.tasks, "task") for one in shown))


def _measured_on(shown: Sequence[Point], unit: str) -> str:
    measured_on = on_tasks([one.tasks for one in shown], shown[-1].measured_on)
    return f"Measured on {measured_on}; {unit} are {MEANT[unit]}."
