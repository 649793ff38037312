"""The dashboard: a panel of one project that keeps itself up to date, and acts when a button is pressed.

All it shows is read from disk, so that several of them on one project agree. Reading, syncing
and starting a job happen in threads; widgets are touched in the kernel's event loop alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from lsal.dashboard.look import Look, latest, look, title, works
from lsal.dashboard.panel import Panel
from lsal.dashboard.previews import Previews
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.workbench import Workbench

TICK_S, LOOK_S, SYNC_S = 0.5, 3.0, 3.0

Step = Callable[[], Awaitable[bool]]
"""Something done at every tick; False if it was not its turn."""

_log = logging.getLogger(__name__)
_synced: dict[str, float] = {}
"""When a dashboard of this kernel last synced a home: several of them share the work."""


class Dashboard(Panel):
    """One project's dashboard, live until `close()`; without an event loop `refresh()` moves it on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench, self._previews = bench, Previews(bench)
        self._seen, self._looked = Look(), float("-inf")
        self._job: State | None = None
        self._error: LsalError | None = None
        self._starting = False
        self._troubles: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(self._clicked)
        self._begin()

    def _begin(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
            self.refresh()
            return
        self._show_all()
        for step in (self._look, self._illustrate, self._sync):
            self._spawn(self._forever(step))

    # Reading ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look once, now, and show it; waits for the disk."""
        self._seen, self._job = look(self._bench), latest(self._bench)
        self._show_all()
        self.queue.previews = self._previews.of(self._seen.queue)

    async def _look(self) -> bool:
        """The job at every tick; all the rest now and then, and when a job has ended."""
        before, self._job = self._job, await asyncio.to_thread(latest, self._bench)
        same = works(self._job) and before and self._job and before.id == self._job.id
        ended = works(before) and not same
        if ended or time.monotonic() - self._looked > LOOK_S:
            self._seen, self._looked = await asyncio.to_thread(look, self._bench), time.monotonic()
        self._show_all()
        return True

    async def _illustrate(self) -> bool:
        """Texts and thumbnails of the queue's head; apart from `_look`, as files may be slow to come."""
        self.queue.previews = await asyncio.to_thread(self._previews.of, self._seen.queue)
        return True

    async def _sync(self) -> bool:
        """Pull from Label Studio, so that counters move while people label. A running job does that itself."""
        home = self._seen.status.home if self._seen.status else ""
        if not home or works(self._job) or time.monotonic() - _synced.get(home, float("-inf")) < SYNC_S:
            return False
        _synced[home] = time.monotonic()
        await asyncio.to_thread(self._bench.sync)
        return True

    async def _forever(self, step: Step) -> None:
        while True:
            await self._try(step)
            await asyncio.sleep(TICK_S)

    async def _try(self, step: Step) -> None:
        """Take the step. What goes wrong is shown as a warning until it goes well."""
        try:
            if await step():
                self._troubles.pop(step.__name__, None)
            return
        except LsalError as error:
            self._troubles[step.__name__] = str(error)
        except Exception as error:  # any: whatever one look meets, the next one may be fine
            _log.exception("the dashboard could not update")
            self._troubles[step.__name__] = f"The dashboard could not update: {type(error).__name__}: {error}"
        self._show_all()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)

    def _show_all(self) -> None:
        self.show(self._seen, self._job, self._error, self._starting, tuple(self._troubles.values()))

    def close(self) -> None:
        """End the dashboard, and what keeps it up to date."""
        for task in list(self._tasks):
            task.cancel()
        super().close()

    # Acting ----------------------------------------------------------------------------

    def _clicked(self, act: str, *given: int) -> None:
        """JupyterLab may deliver a click in another thread than the event loop's (a subshell)."""
        if self._loop is None:
            self._act(act, *given)
            self.round_after.settle()
            self.refresh()
        else:
            self._loop.call_soon_threadsafe(lambda: self._spawn(self._act_apart(act, *given)))

    async def _act_apart(self, act: str, *given: int) -> None:
        self._error, self._starting = None, True
        self._show_all()
        try:
            await asyncio.to_thread(self._act, act, *given)
            self._looked = float("-inf")
            await self._try(self._look)  # the started job is seen before the buttons are free
        finally:
            self._starting = False
            self.round_after.settle()
            self._show_all()

    def _act(self, act: str, *given: int) -> None:
        try:
            getattr(self._bench, act)(*given)
            self._error = None
        except LsalError as error:
            self._error = error
        except Exception as error:  # any, say a full disk: a click must never end in silence
            _log.exception("%s failed", title(act))
            what = f"{title(act)} failed: {type(error).__name__}: {error}"
            self._error = LsalError(what, "Read the traceback in the log of the kernel, then: lsal status")
