"""The card of the task under the pointer: at once what is known of it, then its text or picture."""

from __future__ import annotations

from typing import Any

from lsal.dashboard import map_words
from lsal.dashboard.previews import Previews
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import TaskMap
from lsal.records import Wishes
from lsal.workbench.mapping import Mapped


class Card:
    """One task after the other; the last one stays when the pointer leaves."""

    def __init__(self, live: Live, panel: TaskMap) -> None:
        self._live, self._panel, self._previews = live, panel, Previews(live.bench)
        self._wanted: tuple[Mapped, int, Wishes] | None = None
        self._asking = False

    async def tell(self, seen: Mapped, place: int, wishes: Wishes) -> None:
        """Tell of the task at a place of the map. One of which more is asked later makes this one void."""
        self._wanted = seen, place, wishes
        self._panel.card = map_words.card(seen, place, wishes)
        if not self._asking:
            await self._illustrate()

    async def _illustrate(self) -> None:
        """One at a time, and always the newest: a pointer crosses many."""
        self._asking, shown = True, None
        try:
            while self._wanted is not shown and self._wanted is not None:
                shown = self._wanted
                seen, place, wishes = shown
                more = await self._live.apart(self._looked_at, int(seen.task_ids[place]))
                if self._wanted is shown:
                    self._panel.card = map_words.card(seen, place, wishes) | more
        finally:
            self._asking = False

    def _looked_at(self, task: int) -> dict[str, Any]:
        row = self._live.bench.glimpse(task)
        return {"url": row.url, **self._previews.of([row]).get(str(task), {})}
