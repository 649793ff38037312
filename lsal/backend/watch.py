"""One project under watch: a thread that looks at it now and then, and soon after an event."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from lsal.backend import automatic
from lsal.backend.pace import Pace
from lsal.backend.refill import refill
from lsal.errors import LsalError
from lsal.home import attached, open_home
from lsal.workbench import Workbench
from lsal.worker import tracking

log = logging.getLogger(__name__)

HINTED = "hinted"
"""A file of the home whose time says when another process last heard of a change."""
SHARE = 10
"""A look is followed by a pause so many times as long: Label Studio belongs to the people."""


class Watch:
    """Looks at the project in `folder` until it is told to stop, as that is gone or detached.

    Each project has a thread of its own: a server that hangs keeps no other project waiting.
    """

    def __init__(self, folder: Path, pace: Pace) -> None:
        self._folder, self._pace = folder, pace
        self._bench: Workbench | None = None
        self._failures = 0
        self._stamps = self._stamp()
        self._wake, self._stopped = threading.Event(), False

    def start(self) -> Watch:
        """Begin to look."""
        threading.Thread(target=self._run, name=f"watch {self._folder.name}", daemon=True).start()
        return self

    def stop(self) -> None:
        """Look no more; returns at once."""
        self._stopped = True
        self._wake.set()

    def hint(self) -> None:
        """Something changed in the project; returns at once."""
        self._wake.set()

    def glance(self) -> None:
        """Look soon if somebody changed the settings, or another process left a hint."""
        before, self._stamps = self._stamps, self._stamp()
        if before != self._stamps:
            self.hint()

    def look(self) -> float:
        """See to the project once; seconds until the next look without an event."""
        try:
            tracking.start_if_due(open_home(self._folder))
            bench = self._bench or Workbench.of(open_home(self._folder))
            self._bench = bench
            wait = self._see_to(bench)
            self._failures = 0
            return wait
        except LsalError as error:
            # Afresh next time: lsal's own Label Studio may come back on another port.
            self._bench = None
            return self._failed(error)
        except Exception as error:  # whatever it is, it must end neither this thread nor the serving beside it
            return self._failed(error)

    def _see_to(self, bench: Workbench) -> float:
        """A round ranks too: it goes before a refill."""
        decided = automatic.look(bench, self._pace)
        if decided.job:
            log.info("an automatic round of %s: job %s", self._folder.name, decided.job.id)
        elif job := refill(bench.desk):
            log.info("the queue of %s runs dry: job %s", self._folder.name, job.id)
        return decided.next_s

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 1:  # the others are the same, or nearly so
            unforeseen = None if isinstance(error, LsalError) else error
            log.warning("cannot see to %s: %s", self._folder.name, error, exc_info=unforeseen)
        return self._pace.trouble(self._failures)

    def _run(self) -> None:
        wait = 0.0
        while True:
            self._wake.wait(wait)
            time.sleep(self._pace.pause)  # so that a burst of events is one look
            if self._stopped or not attached(self._folder):
                return
            self._wake.clear()
            begun = time.monotonic()
            wait = self.look()
            time.sleep(min(self._pace.idle, (SHARE - 1) * (time.monotonic() - begun)))

    def _stamp(self) -> list[int]:
        return [_changed_at(self._folder / name) for name in ("settings.json", HINTED)]


def leave_hint(folder: Path) -> None:
    """Tell the process that watches the project in `folder` that something changed there; returns at once."""
    (folder / HINTED).touch()


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
