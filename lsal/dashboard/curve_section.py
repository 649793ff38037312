"""The section of the learning curve: the main figure by labels, and how well each class is recognised."""

from __future__ import annotations

from typing import Any

import ipywidgets

from lsal.dashboard import parts
from lsal.dashboard.by_class import by_class
from lsal.dashboard.look import Look, empty_curve
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import LearningCurve
from lsal.jobs import State
from lsal.workbench.curve import Point


class CurveSection:
    """Whether the rounds so far helped."""

    title = "Curve"

    def __init__(self, live: Live) -> None:
        self.chart, self.classes = LearningCurve(), ipywidgets.HTML()
        self.view = ipywidgets.VBox([self.chart, self.classes])

    def show(self, seen: Look, job: State | None) -> None:
        """The versions' figures, or how to get some."""
        self.chart.empty = empty_curve(seen)
        self.chart.points = [_point(point) for point in seen.points]
        parts.say(self.classes, parts.class_tables(by_class(seen.points), seen.colours))

    async def step(self) -> bool:
        """All it shows comes with a look."""
        return False

    def close(self) -> None:
        """Close its widgets."""
        for part in (self.chart, self.classes, self.view):
            part.close()


def _point(point: Point) -> dict[str, Any]:
    shown = ("version", "control", "line", "labels", "metric", "value", "tasks", "live", "promoted", "reason")
    told = {name: getattr(point, name) for name in shown}
    return told | {"interval": list(point.interval), "measured_on": point.measured_on}
