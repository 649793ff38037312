"""The stopwatch and the voice of a job: names each step, times it, passes progress on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from lsal.errors import Cancelled
from lsal.jobs import Job
from lsal.label_studio.patience import Patience
from lsal.models import devices
from lsal.protocols import Report
from lsal.records import Example, Progress

TASK = "task"
"""The unit of progress that goes from task to task."""
EVERY_S, GPU_S, PAUSE_S = 0.1, 1.0, 0.25
"""Seconds between two reports to the disk, two looks at the GPU's memory, two looks for a cancel while it waits."""


class Steps:
    """The steps of one job. `total` is how many it will have, to place progress among them.

    `patience` is that of the connection to Label Studio: the job says what it waits for, and can be cancelled then.
    """

    def __init__(self, job: Job, total: int, patience: Patience | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._tasks: dict[str, int] = {}
        self._counted = 0
        self._job, self._total, self._done = job, total, 0
        self._name, self._about, self._told, self._within = "", "", 0.0, 0.0
        self._epoch: float | None = None
        self._held: Progress | None = None
        self._gpu: tuple[float, Any] = (float("-inf"), None)
        self._committed = False
        if patience:
            patience.of_a_job(self.pause)

    @contextmanager
    def step(self, name: str, about: str = "") -> Iterator[None]:
        """Time one step; a name that comes again adds up. `about` is the control that it is about."""
        self._name, self._about, self._within, self._counted = name, about, 0.0, 0
        begun = time.perf_counter()
        self._say(Progress(self._done, max(self._total, self._done + 1), name), Progress(0, 0))
        yield
        self._let_go()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
        self._done += 1
        if self._counted:
            self._tasks[name] = self._tasks.get(name, 0) + self._counted

    @property
    def took(self) -> dict[str, dict[str, float] | dict[str, int]]:
        """The seconds of each step, and of those that went through tasks how many: for the end of a job."""
        return {"seconds": self.seconds, "counts": self._tasks}

    def report(self, progress: Progress) -> None:
        """Progress inside the step; raises Cancelled. Tells the disk ten times a second at most, and of each epoch."""
        now, epoch = time.monotonic(), progress.metrics.get("epoch")
        if progress.unit == TASK:
            self._counted = max(self._counted, int(progress.done))
        if self._held and not progress.metrics:
            self._let_go()  # the last figures of a training
        if now - self._told < EVERY_S and epoch == self._epoch:
            self._held = progress
            return
        self._told, self._epoch, self._held = now, epoch, None
        self._tell(progress)

    def pause(self, seconds: float, why: str) -> None:
        """Wait, and say why; raises Cancelled."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._tell(Progress(0, 0, why))
            time.sleep(min(left, PAUSE_S))

    def _let_go(self) -> None:
        """Tell the figures that were held back."""
        held, self._held = self._held, None
        if held and held.metrics:
            self._tell(held)

    def _tell(self, progress: Progress) -> None:
        within = min(1.0, progress.done / progress.total) if progress.total > 0 else 0.0
        # A step may do several things, each counted from 0: what it has reached is never taken back.
        self._within = max(self._within, within)
        message = f"{self._name}: {progress.message}" if progress.message else self._name
        done, total = self._done + self._within, max(self._total, self._done + 1)
        self._say(Progress(done, total, message, progress.metrics, progress.unit), progress)

    def commit(self) -> None:
        """From here on the work is done: a cancel that comes later is too late to be heard."""
        self._committed = True

    def _say(self, progress: Progress, within: Progress) -> None:
        """Tell how far the job is, and how far it is `within` its step."""
        if time.monotonic() - self._gpu[0] >= GPU_S:
            self._gpu = time.monotonic(), devices.memory()
        step = {"name": self._name, "about": self._about, "done": within.done, "total": within.total}
        try:
            self._job.report(progress, step=step, **({"gpu": self._gpu[1]} if self._gpu[1] else {}))
        except Cancelled:
            if not self._committed:
                raise


def told(examples: Iterable[Example], total: int, report: Report) -> Iterator[Example]:
    """The same examples, reporting on the way; raises Cancelled."""
    for number, example in enumerate(examples):
        report(Progress(number, total, "reading", unit=TASK))
        yield example
