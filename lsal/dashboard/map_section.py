"""The section of the map: the pool in two dimensions, to look around in, and to choose tasks from.

What is slow is done elsewhere: places are worked out by a process of their own, and read and grouped
in threads. What is asked of the page comes as messages, see `widgets/task_map.js`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np

from lsal.dashboard import map_words
from lsal.dashboard.look import Look
from lsal.dashboard.map_card import Card
from lsal.dashboard.map_drawing import Drawing
from lsal.dashboard.map_groups import WAYS, Legend, legend_of, table_of
from lsal.dashboard.map_page import Page, page_of
from lsal.dashboard.map_scatter import Drawn, Scatter, drawn, installed
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import TaskMap
from lsal.jobs import ENDED, State
from lsal.records import Wishes
from lsal.workbench.mapping import OPEN, Mapped

if TYPE_CHECKING:
    from lsal.records import Ints

ASK = ("pin", "exclude", "give_back")
"""Acts of the workbench on the tasks that are chosen."""


class MapSection:
    """The map of all tasks. `on_look` is called with the ids of tasks that a person wants to see in the queue."""

    title = "Map"

    def __init__(self, live: Live, on_look: Callable[[list[int]], None] | None = None) -> None:
        self._live, self.on_look = live, on_look
        self.panel = TaskMap(empty=map_words.LOOKING)
        self._card = Card(live, self.panel)
        self.panel.on_msg(lambda _, said, __: live.spawn(self._heard(said)))
        self._drawing = Drawing(
            live,
            lambda point: live.spawn(self._point_at(point)),
            lambda points: live.spawn(self._lassoed(points)),
        )
        grid = ipywidgets.Box([self.panel, self._drawing.box]).add_class("lsal-map-grid")
        self.view = ipywidgets.VBox([grid]).add_class("lsal-map")
        self._page = Page()
        self._seen: Mapped | None = None
        self._legend: Legend | None = None
        self._state: State | None = None
        self._wishes = Wishes()
        self._chosen: Ints = np.zeros(0, np.int64)
        self._about: tuple[Any, ...] = ()
        self._known: tuple[Any, ...] = ("nothing",)
        self._turn = asyncio.Lock()

    # Reading ---------------------------------------------------------------------------

    def show(self, seen: Look, job: State | None) -> None:
        """Note whether anything has changed that the map shows; it is read at the next step."""
        status = seen.status
        if status is not None:
            counts = (status.tasks, status.labelled, status.skipped, status.queue.get("open"))
            self._about = (status.home, status.queue.get("name"), *counts)

    async def step(self) -> bool:
        """Read the map where something has changed, begin to make it where nobody has, and follow that."""
        if not installed():
            self.panel.empty = map_words.GET
            return False
        if not self._about:
            return False  # there is no project yet
        if self._known[0] == self._about and self._state is not None and self._state.state in ENDED:
            return False
        if self._page.able:  # while the map is read
            self._drawing.begin()
        state = await self._live.apart(self._live.bench.map_making)
        if state is None:
            state = await self._live.apart(self._live.bench.make_map)
        self._state = state
        now = (self._about, state and state.state, state and state.progress.message.partition(":")[0])
        if now != self._known:
            await self._read()
            self._known = now
        self.panel.doing = map_words.doing(state, self._seen)
        return True

    async def _read(self) -> None:
        self._seen = await self._live.apart(self._live.bench.map)
        self._wishes = await self._live.apart(self._live.bench.wishes)
        await self._colour()

    async def _colour(self) -> None:
        """Group and draw afresh what was read; one after the other, so that the last one stays."""
        async with self._turn:
            await self._coloured()

    async def _coloured(self) -> None:
        seen = self._seen
        if seen is None or not seen.embedded or seen.places is None:
            self.panel.empty = map_words.empty(seen)
            return
        page = self._page
        legend, points, table = await self._live.apart(_prepared, seen, self.panel.colour_by, page)
        self._legend, panel = legend, self.panel
        with panel.hold_sync():
            panel.title, panel.legend = legend.title, map_words.legend(legend)
            panel.marks, panel.table = map_words.marks(seen, self._wishes), table
            panel.caption, panel.empty = map_words.caption(seen), ""
        if page.able:
            await self._drawing.draw(points, page)
        self._tell()

    @property
    def _scatter(self) -> Scatter | None:
        return self._drawing.scatter

    # What a person does ----------------------------------------------------------------

    async def _heard(self, said: dict[str, Any]) -> None:
        """A message of the page; what does not fit is let pass."""
        what = said.get("do")
        if what == "page":
            await self._lay(page_of(said))
        elif what == "colour" and said.get("by") in WAYS:
            self.panel.colour_by = said["by"]
            await self._colour()
        elif what == "drawable":
            await self._drawing.hear(said.get("points"))
        elif what == "mode" and self._scatter is not None and said.get("mode") in ("panZoom", "lasso"):
            self.panel.mode = self._scatter.view.mouse_mode = said["mode"]
        elif what == "reset" and self._scatter is not None:
            self._scatter.view.reset_view(animation=400)
        elif what in ("pick", "cluster", "clear"):
            self._mark(self._picked(str(what), said.get("key")))
        elif what == "make":
            self._live.act("make_map", again=True)
            self._known = ("nothing",)
        elif what == "cancel":
            self._live.act("cancel_map")
        elif what == "look" and self.on_look:
            self.on_look(self._open_ids())
        elif what in ASK:
            self._live.act(what, self._asked_ids(what))
            self._known = ("nothing",)

    async def _lay(self, page: Page) -> None:
        """A view of the map has begun, or changed its theme. One that can draw is enough."""
        page = replace(page, able=page.able or self._page.able)
        if page != self._page:
            self._page = page
            await self._colour()

    def _picked(self, what: str, key: Any) -> Ints:
        """The tasks of a group of the legend, or of one of the table."""
        if self._seen is None or self._legend is None or what == "clear" or not isinstance(key, int):
            return np.zeros(0, np.int64)
        groups = self._legend.codes if what == "pick" else self._seen.cluster
        return np.flatnonzero((groups == key) & (self._legend.codes >= 0))

    def _mark(self, tasks: Ints) -> None:
        self._chosen = tasks
        if self._scatter is not None:
            self._scatter.choose(tasks)
        self._tell()

    async def _lassoed(self, points: Ints) -> None:
        """The lasso was drawn, or a point was clicked."""
        if self._scatter is not None:
            self._chosen = self._scatter.chosen(points)
            self._tell()

    def _tell(self) -> None:
        if self._seen is not None:
            self.panel.chosen = map_words.chosen(self._seen, self._chosen, self._wishes)

    def _open_ids(self) -> list[int]:
        assert self._seen is not None
        mine = self._chosen[self._seen.standing[self._chosen] == OPEN]
        return [int(task) for task in self._seen.task_ids[mine]]

    def _asked_ids(self, act: str) -> list[int]:
        """Of the chosen tasks those that the act has a meaning for."""
        wished = {*self._wishes.pinned, *self._wishes.last, *self._wishes.excluded}
        return [task for task in self._open_ids() if act != "give_back" or task in wished]

    async def _point_at(self, point: int | None) -> None:
        task = self._scatter.task_at(point) if self._scatter is not None else None
        if task is not None and self._seen is not None:
            await self._card.tell(self._seen, task, self._wishes)

    def close(self) -> None:
        """Close its widgets."""
        self._drawing.close()
        for part in (self.panel, *self.view.children, self.view):
            part.close()


def _prepared(seen: Mapped, by: str, page: Page) -> tuple[Legend, Drawn, list[dict[str, object]]]:
    legend = legend_of(seen, by, page.dark)
    return legend, drawn(seen, legend, page.ink, page.ground), table_of(seen)
