"""The dashboard: status, buttons, progress, learning curve and the head of the queue, in one widget.

All it shows is read from disk, so that several of them on one project agree. Reading, syncing
and starting a job happen in threads; widgets are touched in the kernel's event loop alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict
from typing import Any

import ipywidgets

from lsal.dashboard import parts
from lsal.dashboard.automatic import RoundAfter
from lsal.dashboard.look import ACTS, ROWS, Look, empty_curve, empty_queue, latest, look, refusals, title, works
from lsal.dashboard.previews import Previews
from lsal.dashboard.twins import LearningCurve, QueueTable, widget_file
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.phrases import counted
from lsal.workbench import Workbench
from lsal.workbench.curve import Point
from lsal.workbench.status import Waiting

TICK_S, LOOK_S, SYNC_S = 0.5, 3.0, 3.0
TOOLTIPS = {
    "train": "Train on everything that is labelled. The new version goes live unless it is clearly worse.",
    "rank": "Rank what is unlabelled by the live version and publish the best batch as Label Studio's queue.",
    "round": "Train, measure, rank, publish and check the queue: everything that one round needs.",
    "cancel": "Ask what is running to stop at its next step. The status then shows what is live.",
}
ICONS = {"train": "graduation-cap", "rank": "sort-amount-desc", "round": "refresh", "cancel": "stop"}

Step = Callable[[], Awaitable[bool]]
"""Something done at every tick; False if it was not its turn."""

_log = logging.getLogger(__name__)
_synced: dict[str, float] = {}
"""When a dashboard of this kernel last synced a home: several of them share the work."""


class Dashboard(ipywidgets.VBox):  # type: ignore[misc]
    """One project's dashboard, live until `close()`; without an event loop `refresh()` moves it on."""

    def __init__(self, bench: Workbench) -> None:
        self._bench, self._previews = bench, Previews(bench)
        self._seen, self._looked = Look(), float("-inf")
        self._job: State | None = None
        self._error: LsalError | None = None
        self._starting = False
        self._troubles: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.status, self.why, self.note, self.error = (ipywidgets.HTML() for _ in range(4))
        self.progress = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "100%", "height": "16px"})
        self.buttons = {act: self._button(act) for act in ACTS}
        self.round_after = RoundAfter(lambda labels: self._clicked("automatic", labels))
        self.curve, self.queue = LearningCurve(), QueueTable()
        style = ipywidgets.HTML(f"<style>{widget_file('dashboard.css').read_text()}</style>", layout={"height": "0"})
        row = ipywidgets.HBox(list(self.buttons.values()))
        work = ipywidgets.VBox([row, self.why, self.round_after, self.progress, self.note])
        super().__init__([style, self.status, work, self.error, self.curve, self.queue])
        self.add_class("lsal-dashboard")
        self._begin()

    def _button(self, act: str) -> Any:
        button = ipywidgets.Button(description=title(act), icon=ICONS[act], layout={"width": "112px"})
        button.on_click(lambda _: self._clicked(act))
        return button

    def _begin(self) -> None:
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
            self.refresh()
            return
        self._show()
        for step in (self._look, self._illustrate, self._sync):
            self._spawn(self._forever(step))

    # Reading ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look once, now, and show it; waits for the disk."""
        self._seen, self._job = look(self._bench), latest(self._bench)
        self._show()
        self.queue.previews = self._previews.of(self._seen.queue)

    async def _look(self) -> bool:
        """The job at every tick; all the rest now and then, and when a job has ended."""
        before, self._job = self._job, await asyncio.to_thread(latest, self._bench)
        same = works(self._job) and before and self._job and before.id == self._job.id
        ended = works(before) and not same
        if ended or time.monotonic() - self._looked > LOOK_S:
            self._seen, self._looked = await asyncio.to_thread(look, self._bench), time.monotonic()
        self._show()
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
        self._show()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop
        task = self._loop.create_task(work)
        self._tasks.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """End the dashboard, and what keeps it up to date."""
        for task in list(self._tasks):
            task.cancel()
        for part in self.children:
            part.close()
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
        self._show()
        try:
            await asyncio.to_thread(self._act, act, *given)
            self._looked = float("-inf")
            await self._try(self._look)  # the started job is seen before the buttons are free
        finally:
            self._starting = False
            self.round_after.settle()
            self._show()

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

    # Showing ---------------------------------------------------------------------------

    def _show(self) -> None:
        seen, job = self._seen, self._job
        self.status.value = parts.status_line(seen.status, self._troubles.values())
        self._show_buttons(refusals(seen, job))
        self.round_after.show(seen.status)
        self.progress.layout.display = "" if works(job) else "none"
        if works(job) and job:
            self.progress.value = job.progress.done / job.progress.total if job.progress.total else 0.0
        self._say(self.note, parts.note(job))
        answered_at = seen.status.as_of if seen.status else None
        self._say(self.error, parts.trouble(job, self._error or seen.error, answered_at))
        self.curve.empty, self.queue.empty = empty_curve(seen), empty_queue(seen)
        self.curve.points = [_point(point) for point in seen.points]
        self.queue.caption = _caption(seen)
        self.queue.rows = [_row(row) for row in seen.queue]

    def _say(self, part: Any, text: str) -> None:
        part.value, part.layout.display = text, "" if text else "none"

    def _show_buttons(self, no: dict[str, str]) -> None:
        for act, button in self.buttons.items():
            button.disabled = self._starting or act in no
            button.tooltip = f"Not now. {no[act]}" if act in no else TOOLTIPS[act]
        self._say(self.why, parts.reasons(no))


def _point(point: Point) -> dict[str, Any]:
    shown = ("version", "control", "line", "labels", "metric", "value", "tasks", "live", "promoted", "reason")
    told = {name: getattr(point, name) for name in shown}
    return told | {"interval": list(point.interval), "measured_on": point.measured_on}


def _row(row: Waiting) -> dict[str, Any]:
    told = {name: value for name, value in asdict(row).items() if name not in ("data", "parts", "task_id")}
    return told | {"task": row.task_id}


def _caption(seen: Look) -> str:
    if seen.status is None or not seen.queue:
        return ""
    shown, still_open = len(seen.queue), seen.status.queue["open"]
    return f"the first {shown} of {still_open} open tasks" if still_open > ROWS else counted(still_open, "open task")
