"""Previews for the rows that pages have on screen: made a few at a time, those that were scrolled away never."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from threading import Lock
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
        self._working, self._lock = False, Lock()

    def want(self, page: str, tasks: Sequence[int]) -> None:
        """These tasks are on screen there, and what was asked for before no longer is. From any thread."""
        with self._lock:
            self._wanted[page] = list(tasks[:MOST])
            begins = bool(tasks) and not self._working
            self._working |= begins
        if begins:
            self._live.spawn(self._work())

    async def _work(self) -> None:
        try:
            while wanted := self._left():
                made = await self._live.apart(self._make, wanted)
                self._take(made)
                self._send({"previews": {str(task): preview for task, preview in made.items()}})
        except BaseException:  # pages ask again, and that begins anew
            self._working = False
            raise

    def _left(self) -> list[int]:
        """What is wanted; without any, the work has ended in the same moment, so that no later wish is overheard."""
        with self._lock:
            wanted = list(dict.fromkeys(chain.from_iterable(self._wanted.values())))
            self._working = bool(wanted)
            return wanted

    def _take(self, made: Mapping[int, Preview]) -> None:
        with self._lock:
            left = {page: [one for one in tasks if one not in made] for page, tasks in self._wanted.items()}
            self._wanted = {page: tasks for page, tasks in left.items() if tasks}

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
