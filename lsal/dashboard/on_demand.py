"""Previews for the rows that pages have on screen: made a few at a time, those that were scrolled away never."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from lsal.dashboard.previews import Preview, Previews
from lsal.dashboard.sections import Live
from lsal.workbench.status import Waiting

AT_ONCE_S = 0.06
"""After so many seconds what is made is sent, and pages may have asked for others meanwhile."""
MOST = 100
"""Tasks that one page may have on screen."""

Send = Callable[[dict[str, Any]], None]


class OnDemand:
    """Makes what pages want to see now. The last wish of each page counts."""

    def __init__(self, live: Live, send: Send) -> None:
        self._live, self._send, self._previews = live, send, Previews(live.bench)
        self._wanted: dict[str, list[int]] = {}
        self._working = False

    def want(self, page: str, tasks: Sequence[int]) -> None:
        """These tasks are on screen there, and what was asked for before no longer is. From any thread."""
        self._wanted[page] = list(tasks[:MOST])
        if tasks and not self._working:
            self._live.spawn(self._work())

    async def _work(self) -> None:
        if self._working:
            return
        self._working = True
        try:
            while wanted := list(dict.fromkeys(chain.from_iterable(self._wanted.values()))):
                made = await self._live.apart(self._make, wanted)
                self._wanted = {page: [one for one in tasks if one not in made] for page, tasks in self._wanted.items()}
                self._wanted = {page: tasks for page, tasks in self._wanted.items() if tasks}
                self._send({"previews": {str(task): preview for task, preview in made.items()}})
        finally:
            self._working = False

    def _make(self, wanted: Sequence[int]) -> Mapping[int, Preview]:
        """Of the first of them, as many as there is time for, one at least."""
        begun, made = time.monotonic(), dict[int, Preview]()
        data = {task.id: task.data for task in self._live.bench.desk.mirror.tasks(ids=wanted)}
        for task in wanted:
            if task in data:
                row = Waiting(0, task, data[task], False)
                made[task] = self._previews.of([row])[str(task)]
            else:
                made[task] = {"problem": "it is no longer in the project"}
            if time.monotonic() - begun > AT_ONCE_S:
                break
        return made
