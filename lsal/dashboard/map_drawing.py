"""The drawing of the map and when it may be told of points: a page lets fall what comes while it draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from lsal.dashboard.map_page import Page
from lsal.dashboard.map_scatter import Drawn, Scatter
from lsal.dashboard.sections import Live

if TYPE_CHECKING:
    from lsal.records import Ints

BUILD_S = 10.0
"""After which points are told to a page that has not said that it can draw them: it takes those that it begins with."""


class Drawing:
    """The drawing in `box`, made early: megabytes go to the page for it, and it draws nothing until they are there.

    `pointed` and `lassoed` hear of points, see `Scatter`.
    """

    def __init__(self, live: Live, pointed: Callable[[int | None], None], lassoed: Callable[[Ints], None]) -> None:
        self._live, self._hears = live, (pointed, lassoed)
        self.box = ipywidgets.Box([]).add_class("lsal-map-plot")
        self.scatter: Scatter | None = None
        self._building, self._turn = asyncio.Lock(), asyncio.Lock()
        self._ready, self._begun = asyncio.Event(), False

    def begin(self) -> None:
        """Make it, if nobody has yet, beside what else is done."""
        if not self._begun:
            self._begun = True
            self._live.spawn(self._built())

    async def draw(self, points: Drawn, page: Page) -> None:
        """Draw these points; done when others may follow."""
        scatter = await self._built()
        scatter.lay(page.ground, page.ink, page.room)
        try:
            await asyncio.wait_for(self._ready.wait(), BUILD_S)
        except TimeoutError:
            self._ready.set()  # no page shows it
        async with self._turn:
            await asyncio.sleep(scatter.draw(points))

    async def hear(self, points: object) -> None:
        """A page can draw from now on, and shows so many points."""
        self._ready.set()
        if self.scatter is not None and isinstance(points, int):
            async with self._turn:
                await asyncio.sleep(self.scatter.again(points))

    async def _built(self) -> Scatter:
        async with self._building:
            if self.scatter is None:
                await self._live.apart(__import__, "jscatter")  # which takes a while, and not in the event loop
                self.scatter = Scatter(*self._hears)
                self.box.children = [self.scatter.view]
            return self.scatter

    def close(self) -> None:
        """Close its widgets."""
        for part in (*self.box.children, self.box):
            part.close()
