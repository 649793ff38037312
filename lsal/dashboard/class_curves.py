"""Which classes get a small curve of their own: the worst, or what the person asked for, never all of very many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsal.dashboard.by_class import MEANT, counted_figure
from lsal.phrases import on_tasks
from lsal.workbench.curve import Point

MOST = 24
"""Small curves at a time."""
VERSIONS = 60
"""In one small curve, the newest."""
ORDERS = ("worst", "most", "name", "config")
"""Worst first, given most often first, by name, as in the label config."""
Classed = Mapping[str, tuple[Point, ...]]


def lines_of(points: Sequence[Point]) -> dict[str, tuple[Point, ...]]:
    """The versions that were measured by class, by their line of the learning curve; the newest line first."""
    found: dict[str, list[Point]] = {}
    for one in reversed(points):
        if any(each.figures for each in one.classes.values()):
            found.setdefault(one.line or one.control, []).insert(0, one)
    return {line: tuple(mine[-VERSIONS:]) for line, mine in found.items()}


def classes_of(
    points: Sequence[Point], colours: Mapping[str, str], order: str = "worst", search: str = ""
) -> dict[str, Any]:
    """What the small curves show of one line, as traits of their widget; at most MOST classes."""
    if not points:
        return {"classes": [], "versions": [], "found": 0, "total": 0, "note": ""}
    figure, unit = counted_figure(points[-1])
    last = next((one for one in points if one.live), points[-1])
    names = list(dict.fromkeys(name for one in (last, *reversed(points)) for name in one.classes))
    found = [name for name in names if search.casefold() in name.casefold()]
    shown = sorted(found, key=_key(order, last, figure, points))[:MOST]
    return {
        "classes": [_class(name, points, last, figure, colours) for name in shown],
        "versions": [{"version": one.version, "labels": one.labels, "state": one.state} for one in points],
        "figure": figure,
        "counted": unit,
        "found": len(found),
        "total": len(names),
        "note": f"Measured on {on_tasks([one.tasks for one in points], points[-1].measured_on)}. "
        f"{unit.capitalize()} are {MEANT[unit]}: with few of them a figure means little. One scale, from 0 to 1.",
    }


def _key(order: str, last: Point, figure: str, points: Sequence[Point]) -> Any:
    """By what classes are sorted; what was never measured comes last."""

    def given(name: str) -> int:
        return max((one.classes[name].tasks for one in points if name in one.classes), default=0)

    def worst(name: str) -> tuple[bool, float, int]:
        value = _value(last, name, figure)
        return value is None, value or 0.0, -given(name)

    return {
        "most": lambda name: -given(name),
        "name": lambda name: (name.casefold(), name),
        "config": lambda name: 0,
    }.get(order, worst)


def _class(name: str, points: Sequence[Point], last: Point, figure: str, colours: Mapping[str, str]) -> dict[str, Any]:
    given = last.classes[name].tasks if name in last.classes else 0
    values = [_value(one, name, figure) for one in points]
    colour = {"colour": colours[name]} if name in colours else {}
    return {"name": name, "given": given, "now": _value(last, name, figure), "values": values} | colour


def _value(one: Point, name: str, figure: str) -> float | None:
    found = one.classes.get(name)
    return found.figures.get(figure) if found and found.tasks else None
