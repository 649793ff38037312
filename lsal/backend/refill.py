"""Ranking the next batch before people run out of the present one."""

from __future__ import annotations

import time
from pathlib import Path

from filelock import FileLock, Timeout

from lsal import jobs, publishing
from lsal.desk import Desk
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.jobs import AUTO
from lsal.label_studio import queue
from lsal.label_studio.listing import where
from lsal.label_studio.project import Project
from lsal.records import Publication
from lsal.workbench import Workbench

RETRY_S = 60.0
"""From the beginning of a refill that came to nothing to the next one."""


def refill(desk: Desk) -> jobs.Job | None:
    """Start ranking if the live publication is nearly labelled, and no refill of it is under way or done."""
    below, publication = desk.home.settings().refill_below, publishing.live_publication(desk.home)
    if below <= 0 or publication is None or _begun(desk.home, publication) or jobs.running(desk.home):
        return None
    left = len(queue.read_order(desk.project, publication.name))
    if not nearly_labelled(publication, left, below) or not _worth_it(desk.project, publication, left):
        return None
    return _start(desk.home, publication)


def nearly_labelled(publication: Publication, left: int, below: float) -> bool:
    """Whether few of the tasks are left that wanted a first answer: those sent back for another are not open at all.

    Of a batch that is all sent back nothing could be seen to run out: it would be refilled without an end.
    """
    first = len(publication.task_ids) - len(publication.relabel)
    return first > 0 and left <= below * first


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
            job = Workbench.of(home).rank(by=AUTO)
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
