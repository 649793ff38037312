"""The drawing of the map, by jupyter-scatter: points by WebGL, with pan, zoom and a lasso.

A point of the drawing is not a task: those labelled and those of the batch have rings, which are larger
points beneath the task's own. Colours and sizes are categories, so that nothing but `points` and
two lists goes to the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.dashboard.map_groups import Legend
from lsal.workbench.mapping import GONE, LABELLED, Mapped

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

HEIGHT, LOWEST, FRAME = 460, 240, 0.94
"""Pixels, at most and at least; and how much of them places take, so that none lies at the very edge."""
PAUSE_S, POINTS_PER_S = 0.3, 50_000
PLAIN, DOT, RING, BATCH, GAP, BATCH_RING = range(6)
"""Kinds of points: a labelled task is a dot on a ring; one of the batch a dot, a gap around it, and a wider ring."""
SIZES = (0.0, 6.0, 9.0, 6.0, 9.0, 13.0)
PLAINLY = {"pointOutlineWidth": 0, "pointSizeSelected": 0}
"""What is chosen looks as before, and all else fades: outlines would hide the rings."""
GET = "The map needs two more libraries: pip install 'lsal[map]', then restart the kernel"


def installed() -> bool:
    """Whether jupyter-scatter is there."""
    return find_spec("jscatter") is not None


@dataclass(frozen=True, slots=True)
class Drawn:
    """`points` float32 (m, 4): x, y, colour, kind; `tasks` (m,) is which of the n tasks each point belongs to."""

    points: Floats
    tasks: Ints
    colours: tuple[str, ...]
    sizes: tuple[float, ...]
    opacities: tuple[float, ...]


def drawn(seen: Mapped, legend: Legend, ink: str, ground: str) -> Drawn:
    """The points of all tasks that have a place; what has a ring lies on top. A new colouring moves no point."""
    assert seen.places is not None
    there = np.isfinite(seen.places[:, 0]) & (seen.standing != GONE)
    ringed = there & (seen.standing == LABELLED)
    batch = there & seen.batch & ~ringed
    layers = [(there & ~ringed & ~batch, PLAIN), (ringed, RING), (batch, BATCH_RING), (batch, GAP)]
    layers += [(ringed, DOT), (batch, BATCH)]  # dots last: where rings lie close they must not hide them
    tasks = np.concatenate([np.flatnonzero(mask) for mask, _ in layers])
    kinds = np.concatenate([np.full(int(mask.sum()), kind) for mask, kind in layers])
    points = np.zeros((len(tasks), 4), np.float32)
    points[:, :2] = FRAME * seen.places[tasks]
    inks, count = {RING: 0, BATCH_RING: 0, GAP: 1}, len(legend.groups)
    points[:, 2] = legend.codes[tasks]
    for kind, extra in inks.items():
        points[kinds == kind, 2] = count + extra
    points[:, 3] = kinds
    size = 8.0 if there.sum() < 500 else 5.0 if there.sum() < 5000 else 3.0
    opacity = 0.9 if there.sum() < 5000 else 0.7 if there.sum() < 30_000 else 0.5
    colours = (*(group.colour for group in legend.groups), ink, ground)
    sizes = (size, *(value + max(0.0, size - 5.0) for value in SIZES[1:]))
    return Drawn(points, tasks, colours, sizes, (opacity, *[1.0] * 5))


NOTHING = Drawn(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), ("#888888",) * 2, SIZES, (1.0,) * len(SIZES))


class Scatter:
    """The widget in `view`, without points. `pointed` and `lassoed` hear of points, one or None and an array,
    in any thread.
    """

    def __init__(self, pointed: Callable[[int | None], None], lassoed: Callable[[Ints], None]) -> None:
        self._drawn = NOTHING
        self.view = _widget()
        self.view.observe(lambda change: pointed(change["new"]), "hovering")
        self.view.observe(lambda change: lassoed(_flat(change["new"])), "selection")

    def draw(self, new: Drawn) -> float:
        """Draw these points; returns for how many seconds no others must follow: the page lets them fall until then."""
        before, self._drawn, view = self._drawn, new, self.view
        with view.hold_sync():
            view.color = view.color_selected = [_rgba(colour) for colour in new.colours]
            view.color_hover = [_rgba(new.colours[-2])]
            view.size, view.opacity = list(new.sizes), list(new.opacities)
        if np.array_equal(before.points, new.points):
            return 0.0
        with view.hold_sync():
            view.non_spatial_points_update = np.array_equal(before.points[:, :2], new.points[:, :2])
            view.points = new.points
        return _pause(new)

    def again(self, shown: int) -> float:
        """Send the points to a page that shows another number of them, as `draw` does: it began while they came."""
        if shown == len(self._drawn.points) or not len(self._drawn.points):
            return 0.0
        told = self.view.points.copy()
        told[0, 0] = np.nextafter(told[0, 0], np.float32(0 if told[0, 0] else 1))  # of equal ones a page hears nothing
        self.view.points = told
        return _pause(self._drawn)

    def choose(self, tasks: Ints) -> None:
        """Mark these tasks as chosen."""
        self.view.selection = self._points_of(tasks)

    def _points_of(self, tasks: Ints) -> Ints:
        """In the order in which they are drawn."""
        return np.flatnonzero(np.isin(self._drawn.tasks, tasks)).astype(np.uint32)

    def lay(self, ground: str, ink: str, room: int) -> None:
        """The colours of the page, and how many pixels there are."""
        height = max(LOWEST, min(HEIGHT, room))
        self.view.height, self.view.regl_scatterplot_options = height, PLAINLY | {"height": height}
        self.view.background_color, self.view.lasso_color = _rgba(ground), _rgba(ink)

    def chosen(self, points: Ints) -> Ints:
        """The tasks of points that a lasso told, in no order and with parts of rings: those on top are drawn last."""
        points = points[points < len(self._drawn.tasks)]
        tasks = np.unique(self._drawn.tasks[points])
        whole = self._points_of(tasks)
        if not np.array_equal(whole, points):
            self.view.selection = whole
        return tasks

    def task_at(self, point: int | None) -> int | None:
        """The task that a point belongs to."""
        inside = point is not None and 0 <= point < len(self._drawn.tasks)
        return int(self._drawn.tasks[point]) if inside else None


def _pause(drawn: Drawn) -> float:
    return PAUSE_S + len(drawn.points) / POINTS_PER_S


def _flat(points: Any) -> Ints:
    return np.asarray([] if points is None else points, np.int64).ravel()


def _rgba(colour: str) -> list[float]:
    """A colour #rrggbb as the drawing wants it."""
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)] + [1.0]


def _widget() -> Any:
    """A scatter of categories with nothing on it but the points."""
    import jscatter
    import pandas

    kinds, colours = range(len(SIZES)), range(16)
    corners = pandas.DataFrame({"x": [-1.0, 1.0], "y": [-1.0, 1.0]})
    corners["colour"] = pandas.Categorical([0, 0], categories=colours)
    corners["kind"] = pandas.Categorical([0, 0], categories=kinds)
    made = jscatter.Scatter(
        data=corners,
        **{"x": "x", "y": "y", "color_by": "colour", "size_by": "kind", "opacity_by": "kind"},
        **{"color_map": ["#888888"] * len(colours), "size_map": [3] * len(kinds), "opacity_map": [0] * len(kinds)},
        **{"axes": False, "legend": False, "tooltip": False, "height": HEIGHT, "lasso_initiator": False},
        opacity_unselected=0.12,
    )
    view = made.widget
    view.toolbar_buttons = []
    view.regl_scatterplot_options = PLAINLY
    return view
