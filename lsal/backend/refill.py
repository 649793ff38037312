"""The poller that ranks the next batch before people run out of the present one."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from lsal import jobs, publishing
from lsal.backend.projects import slugs
from lsal.desk import Desk
from lsal.errors import LsalError
from lsal.files import read_json, write_json
from lsal.home import Home, open_home
from lsal.label_studio import queue
from lsal.label_studio.project import Project, where
from lsal.records import Publication
from lsal.workbench import Workbench

log = logging.getLogger(__name__)

PAUSE_S = 2.0
"""Between two looks at a project, however many events come."""
IDLE_S = 60.0
"""Between two looks without an event: events get lost."""
RETRY_S = 60.0
"""From the beginning of a refill that came to nothing to the next one."""


class Refill:
    """One thread for a root. It reads little and starts a job; the job does the work."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._desks: dict[str, Desk] = {}
        self._looked: dict[str, float] = {}
        self._hinted: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()

    def start(self) -> None:
        """Look after the root's projects until the process ends."""
        threading.Thread(target=self._watch, name="refill", daemon=True).start()

    def hint(self, slug: str) -> None:
        """Something changed in a project; returns at once."""
        with self._lock:
            self._hinted.add(slug)
        self._wake.set()

    def _watch(self) -> None:
        while True:
            self._wake.wait(IDLE_S)
            self._wake.clear()
            for slug in self._due():
                self._look(slug)
            time.sleep(PAUSE_S)

    def _due(self) -> list[str]:
        with self._lock:
            hinted, self._hinted = self._hinted, set()
        now = time.monotonic()
        return [s for s in slugs(self._root) if s in hinted or now - self._looked.get(s, -IDLE_S) >= IDLE_S]

    def _look(self, slug: str) -> None:
        self._looked[slug] = time.monotonic()
        try:
            desk = self._desks.get(slug) or Desk(open_home(self._root / "projects" / slug))
            self._desks[slug] = desk
            job = refill(desk)
            if job:
                log.info("the queue of %s runs dry: job %s", slug, job.id)
        except LsalError as error:
            # Afresh next time: lsal's own Label Studio may come back on another port.
            self._desks.pop(slug, None)
            log.warning("cannot see to the queue of %s: %s", slug, error)
        except Exception:  # whatever it is, it must end neither this thread nor the serving beside it
            log.exception("cannot see to the queue of %s", slug)


def refill(desk: Desk) -> jobs.Job | None:
    """Start ranking if the live publication is nearly labelled, and no refill of it is under way or done."""
    below, publication = desk.home.settings().refill_below, publishing.live_publication(desk.home)
    if below <= 0 or publication is None or _begun(desk.home, publication) or jobs.running(desk.home):
        return None
    left = len(queue.read_order(desk.project, publication.name))
    if left > below * len(publication.task_ids) or not _worth_it(desk.project, publication, left):
        return None
    return _start(desk.home, publication)


def _worth_it(project: Project, publication: Publication, left: int) -> bool:
    """Whether people are served this publication, and there are open tasks beyond it."""
    still_open = [where(f"{what}_annotations", "equal", 0, "Number") for what in ("total", "cancelled")]
    return queue.live_name(project) == publication.name and project.count(still_open) > left


def _start(home: Home, publication: Publication) -> jobs.Job | None:
    mark = _mark(home, publication)
    mark.parent.mkdir(exist_ok=True)
    try:
        with FileLock(mark.with_name("lock"), timeout=0):  # of two backends on the same root one wins
            if _begun(home, publication):
                return None
            job = Workbench.of(home).rank()
            write_json(mark, {"job": job.id})
            return job
    except Timeout:
        return None


def _begun(home: Home, publication: Publication) -> bool:
    """Whether the publication's last refill is under way or done, or came to nothing only just now."""
    marked = read_json(_mark(home, publication))
    if marked is None:
        return False
    last = jobs.Job(home.path("jobs", marked["job"])).state()
    return last.state in ("waiting", "running", "done") or time.time() - last.made_at < RETRY_S


def _mark(home: Home, publication: Publication) -> Path:
    return home.path("refills", f"{publication.name}.json")
