"""The dashboard: a panel of one project that keeps itself up to date, and acts when a button is pressed.

All it shows is read from disk, so that several of them on one project agree. Reading, syncing
and starting a job happen in threads; widgets are touched in the kernel's event loop alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from lsal.dashboard.look import Look, latest, look, title, works
from lsal.dashboard.panel import Panel
from lsal.dashboard.still import picture
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.workbench import Workbench

TICK_S, LOOK_S, SYNC_S = 0.5, 3.0, 1.5
REST = 4
"""A server that takes long to answer is left in peace for so many times as long."""

T = TypeVar("T")
Step = Callable[[], Awaitable[bool]]
"""Something done at every tick; False if it was not its turn."""

_log = logging.getLogger(__name__)
_due: dict[str, float] = {}
"""When a home may be synced again by a dashboard of this kernel: several of them share the work."""


class Dashboard(Panel):
    """One project's dashboard, live until `close()`; without an event loop `refresh()` moves it on."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._seen, self._looked = Look(), float("-inf")
        self._job: State | None = None
        self._error: LsalError | None = None
        self._starting = False
        self._troubles: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(self)
        self._begin()

    def _begin(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
            self.refresh()
            return
        self._show_all()
        for step in (self._look, self._follow, self._read_on, self._sync, self._keep_still):
            self._spawn(self._forever(step))

    def _ipython_display_(self) -> None:
        """The live widget, and the still picture that a saved notebook shows."""
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)
        self.still.display()
        if self._loop is None:
            self.still.renew(picture(self.still.name, self.bench, self._seen))

    # Reading ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look once, now, and show it; waits for the disk."""
        self._seen, self._job = look(self.bench), latest(self.bench)
        self._show_all()
        for step in (self.strip.step, *(section.step for section in self.sections)) if self._loop is None else ():
            asyncio.run(step())

    async def _look(self) -> bool:
        """The job at every tick; all the rest now and then, and when a job has ended."""
        before, self._job = self._job, await asyncio.to_thread(latest, self.bench)
        same = works(self._job) and before and self._job and before.id == self._job.id
        ended = works(before) and not same
        if ended or time.monotonic() - self._looked > LOOK_S:
            self._seen, self._looked = await asyncio.to_thread(look, self.bench), time.monotonic()
        self._show_all()
        return True

    async def _follow(self) -> bool:
        """What runs, and what ran last."""
        return await self.strip.step()

    async def _read_on(self) -> bool:
        """What the open section shows and is slow to come; apart from `_look`, which must not wait for it."""
        return await self.open_section.step()

    async def _sync(self) -> bool:
        """Pull from Label Studio, so that counters move while people label. A running job does that itself."""
        home = self._seen.status.home if self._seen.status else ""
        begun = time.monotonic()
        if not home or works(self._job) or begun < _due.get(home, begun):
            return False
        _due[home] = float("inf")
        try:
            done = await asyncio.to_thread(self.bench.sync)
        finally:
            _due[home] = time.monotonic() + max(SYNC_S, REST * (time.monotonic() - begun))
        if done.read or done.removed:
            self._looked = float("-inf")  # what people just did is seen at the next tick
        return True

    async def _keep_still(self) -> bool:
        """Renew the still picture; drawing is left to a moment when no job wants the machine."""
        if works(self._job) or not self.still.stale(self._seen):
            return False
        self.still.renew(await self.apart(picture, self.still.name, self.bench, self._seen))
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

    async def apart(self, work: Callable[..., T], *given: Any) -> T:
        """Do slow work in a thread."""
        return await asyncio.to_thread(work, *given)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start a section's work; without an event loop it is done at once."""

        async def step() -> bool:
            await work
            return True

        if self._loop is None:
            asyncio.run(step())
        else:
            self._loop.call_soon_threadsafe(lambda: self._spawn(self._try(step)))

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

    def act(self, name: str, *given: Any, **more: Any) -> None:
        """JupyterLab may deliver a click in another thread than the event loop's (a subshell)."""
        if self._loop is None:
            self._act(name, *given, **more)
            self.settle()
            self.refresh()
        else:
            self._loop.call_soon_threadsafe(lambda: self._spawn(self._act_apart(name, *given, **more)))

    async def _act_apart(self, name: str, *given: Any, **more: Any) -> None:
        self._error, self._starting = None, True
        self._show_all()
        try:
            await self.apart(lambda: self._act(name, *given, **more))
            self._looked = float("-inf")
            await self._try(self._look)  # the started job is seen before the buttons are free
        finally:
            self._starting = False
            self.settle()
            self._show_all()

    def _act(self, name: str, *given: Any, **more: Any) -> None:
        try:
            getattr(self.bench, name)(*given, **more)
            self._error = None
        except LsalError as error:
            self._error = error
        except Exception as error:  # any, say a full disk: a click must never end in silence
            _log.exception("%s failed", title(name))
            what = f"{title(name)} failed: {type(error).__name__}: {error}"
            self._error = LsalError(what, "Read the traceback in the log of the kernel, then: lsal status")
