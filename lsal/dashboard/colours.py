"""Regions in words and colours: a colour for each class, and what a picture of them shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lsal.desk import Desk
from lsal.measuring.objects import SHOWN
from lsal.phrases import counted
from lsal.records import Region, Span

PALETTE = ("#e6194b", "#0082c8", "#3cb44b", "#f58231", "#911eb4", "#00a5a5", "#f032e6", "#8b5a2b", "#d2b400", "#4b4bc8")
"""Bright on photographs, apart from each other; after the last one they begin again."""
GREY = "#9e9e9e"
"""Of a region that has no class yet."""
NO_CLASS = "no class"
LISTED = 20
"""Regions that are told of one by one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One class of a legend: its colour, how many of it there are, and how sure the model is of them."""

    name: str
    colour: str
    figure: str = ""


def colours_of(labels: Iterable[str]) -> dict[str, str]:
    """The colour of each class, by its place in the label config."""
    return {label: PALETTE[n % len(PALETTE)] for n, label in enumerate(dict.fromkeys(labels))}


def class_colours(desk: Desk) -> dict[str, str]:
    """Those of all classes of objects in a project; empty where there are none, and before the first sync."""
    if not desk.mirror.label_config:
        return {}
    drawing = (control for control, kind in desk.handled.values() if hasattr(kind, "tools"))
    return colours_of(label for control in drawing for label in control.labels)


def legend(regions: Sequence[Region | Span], colours: Mapping[str, str]) -> list[Mark]:
    """A line for each class that occurs, the commonest first."""
    by_class: dict[str, list[Region | Span]] = {}
    for region in regions:
        by_class.setdefault(region.label, []).append(region)
    told = sorted(by_class.items(), key=lambda one: -len(one[1]))
    return [Mark(f"{len(mine)} {name or NO_CLASS}", colours.get(name, GREY), _sure(mine)) for name, mine in told]


def listed(regions: Sequence[Region | Span]) -> str:
    """Each region on a line, with the model's confidence."""
    lines = [f"{one.label or NO_CLASS}{'' if one.score is None else f' {one.score:.0%}'}" for one in regions[:LISTED]]
    more = len(regions) - LISTED
    return "\n".join((*lines, *([f"and {counted(more, 'region')} more"] if more > 0 else [])))


def worth_showing(regions: Iterable[Region]) -> tuple[Region, ...]:
    """Those of an answer that a person would be shown: the rest are guesses that only measuring looks at."""
    return tuple(one for one in regions if one.score is None or one.score >= SHOWN)


def _sure(regions: Sequence[Region | Span]) -> str:
    scores = [one.score for one in regions if one.score is not None]
    if not scores:
        return ""
    low, high = (f"{100 * edge:.0f}" for edge in (min(scores), max(scores)))
    return f"{high} %" if low == high else f"{low} to {high} %"
