"""The poller: keeps every project of a root under watch, for automatic rounds and refills of the queue."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from lsal.backend.pace import Pace
from lsal.backend.projects import slugs
from lsal.backend.watch import Watch

log = logging.getLogger(__name__)

GLANCE_S = 1.0
"""Between two glances at the root, which ask nobody but the disk: for new projects, for changed settings."""


class Poller:
    """The watches of a root. Polling is the truth; events, which may get lost, only bring a look forward."""

    def __init__(self, root: Path, pace: Pace | None = None) -> None:
        self._root, self._pace = root, pace or Pace.of_settings()
        self._watches: dict[str, Watch] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Watch until the process ends."""
        threading.Thread(target=self._run, name="poller", daemon=True).start()

    def hint(self, slug: str) -> None:
        """Something changed in a project; returns at once."""
        with self._lock:
            watch = self._watches.get(slug)
        if watch:
            watch.hint()

    def glance(self) -> None:
        """Watch projects that came, no longer those that went, and see whose settings changed."""
        found = set(slugs(self._root))
        with self._lock:
            for slug in self._watches.keys() - found:
                self._watches.pop(slug).stop()
            for slug in found - self._watches.keys():
                self._watches[slug] = Watch(self._root / "projects" / slug, self._pace).start()
            watches = list(self._watches.values())
        for watch in watches:
            watch.glance()

    def _run(self) -> None:
        while True:
            try:
                self.glance()
            except OSError:  # the root on a disk that went away, say: it may come back
                log.exception("cannot look into %s", self._root)
            time.sleep(GLANCE_S)
