"""The section of the learning curve: did the rounds help, by every figure, by class, and what is still confused."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets

from lsal.dashboard import class_curves, confused, parts
from lsal.dashboard.by_class import by_class
from lsal.dashboard.curve_points import ahead_of, metrics_of, points_of, shadow_of, units_of
from lsal.dashboard.look import Look, empty_curve, works
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import ClassCurves, ConfusionMatrix, LearningCurve
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.workbench.confused import Confusion
from lsal.workbench.readings import Reading

OnCell = Callable[[str, str], None]


class CurveSection:
    """Whether the rounds so far helped.

    `on_cell(truth, guess)` is called when a cell of two classes is chosen in the confusion matrix, with two empty
    texts when the choice ends.
    """

    title = "Curve"

    def __init__(self, live: Live, on_cell: OnCell | None = None) -> None:
        self._live, self.on_cell = live, on_cell
        self._seen, self._ended = Look(), ""
        self._read: Any = None
        self._known: dict[int, dict[str, Reading]] = {}
        self._matrices: dict[str, Confusion] = {}
        self.chart, self.small, self.matrix = LearningCurve(), ClassCurves(), ConfusionMatrix()
        self.classes = ipywidgets.HTML()
        self.view = ipywidgets.VBox([self.chart, self.small, self.classes, self.matrix])
        self._setting = False
        self.small.observe(self._answer(self._pick), ["order", "search", "control"])
        self.matrix.observe(self._answer(self._draw), "control")
        self.matrix.observe(self._answer(self._choose), "cell")

    def _answer(self, act: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
        """What to do when a person, and not this section itself, has changed a trait."""
        return lambda _: None if self._setting else self._live.spawn(act())

    @contextmanager
    def _set(self, widget: Any) -> Iterator[None]:
        """Several traits of a widget in one message."""
        self._setting = True
        try:
            with widget.hold_sync():
                yield
        finally:
            self._setting = False

    def show(self, seen: Look, job: State | None) -> None:
        """The versions' figures as far as they are known, or how to get some."""
        self._ended = job.id if job and not works(job) else self._ended
        if seen is self._seen:
            return
        self._seen = seen
        self.chart.empty = empty_curve(seen)
        self.chart.points = points_of(seen.points, self._known)
        parts.say(self.classes, parts.class_tables(by_class(seen.points), seen.colours))

    async def step(self) -> bool:
        """All other figures, and what is ahead: read anew when a version came, went live or was measured again."""
        now = (self._seen.points, self._ended, self.chart.target)
        if self._read == now or self._seen.status is None:
            return False
        bench, points = self._live.bench, self._seen.points
        self._known = await self._live.apart(bench.readings) if points else {}
        self.chart.points = points_of(points, self._known)
        self.chart.metrics, self.chart.units = metrics_of(self.chart.points), units_of(self.chart.points)
        self.chart.shadow = shadow_of(await self._live.apart(bench.shadow))
        self._matrices = await self._live.apart(self._confusions, sorted(self._seen.status.live))
        await self._pick()
        await self._draw()
        self.chart.ahead = ahead_of(await self._live.apart(bench.forecast, now[2] or None)) if points else []
        self._read = now
        return True

    def close(self) -> None:
        """Close its widgets."""
        for part in (self.chart, self.small, self.classes, self.matrix, self.view):
            part.close()

    def _confusions(self, controls: Sequence[str]) -> dict[str, Confusion]:
        """The matrix of each live version; in a thread."""
        found = {}
        for control in controls:
            try:
                found[control] = self._live.bench.confusion(control=control)
            except LsalError:  # its weights or answers are gone: the status tells
                continue
        return found

    async def _pick(self) -> None:
        """The classes that get a small curve."""
        lines, small = class_curves.lines_of(self._seen.points), self.small
        chosen = small.control if small.control in lines else next(iter(lines), "")
        given = (lines.get(chosen, ()), self._seen.colours, small.order, small.search)
        told = await self._live.apart(class_curves.classes_of, *given)
        with self._set(small):
            small.controls = list(lines)
            small.set_trait("control", chosen)
            for name, value in told.items():
                small.set_trait(name, value)

    async def _draw(self) -> None:
        """The matrix of the control that is chosen."""
        matrix, controls = self.matrix, list(self._matrices)
        chosen = matrix.control if matrix.control in controls else next(iter(controls), "")
        with self._set(matrix):
            matrix.controls, matrix.control = controls, chosen
            for name, value in (confused.matrix_of(self._matrices[chosen]) if chosen else {"rows": []}).items():
                matrix.set_trait(name, value)
        await self._list()

    async def _choose(self) -> None:
        """A cell was chosen, or left."""
        await self._list()
        if self.on_cell:
            self.on_cell(*(confused.classes_of(self.matrix.cell) or ("", "")))

    async def _list(self) -> None:
        """The tasks behind the chosen cell."""
        found, cell = self._matrices.get(self.matrix.control), list(self.matrix.cell)
        if not found or not cell:
            self.matrix.listed = {}
            return
        self.matrix.listed = await self._live.apart(confused.tasks_of, found, cell, self._live.bench.shown)
