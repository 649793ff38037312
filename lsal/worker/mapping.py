"""Place the tasks of the last ranking on a map: its job lies in `maps/`, not among the project's jobs.

Nothing in the project is changed, and who labels or trains meanwhile need not wait for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal import projecting, scored
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.home import Home
from lsal.jobs import ENDED, Job
from lsal.worker.steps import Steps

if TYPE_CHECKING:
    from lsal.records import Floats

SEED = 0


def place(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Keep places by principal components, which take seconds, and then by t-SNE where openTSNE is installed."""
    steps = Steps(job, total=3)
    with steps.step("read"):
        pool = scored.read(desk.home)
        rows = projecting.rows_of_pool(pool) if pool else np.zeros((0, 2), np.uint64)
        if pool is None or projecting.named(rows) != job.folder.name:
            raise BadRequest("Another ranking has taken the place of the one to be drawn", "Open the map again")
    with steps.step("principal components"):
        found = projecting.reduced(projecting.vectors_of_pool(pool), SEED, steps.report)
        linear = projecting.by_components(found)
        projecting.keep(job.folder, projecting.LINEAR, rows, linear)
    if projecting.can_place_by_neighbours():
        with steps.step("map"):
            start = _start(desk.home, rows, linear, job.folder.name)
            projecting.keep(
                job.folder,
                projecting.NEIGHBOURS,
                rows,
                projecting.by_neighbours(found, SEED, steps.report, start),
            )
    _forget_others(desk.home, job.folder.name)
    return {"tasks": len(rows), "seconds": steps.seconds}


def _start(home: Home, rows: projecting.Rows, linear: Floats, but: str) -> Floats:
    """Where tasks lay on the map before this one, so that the new one looks like it; else by components."""
    before = projecting.newest(home, rows, but)
    return linear if before is None else np.where(np.isfinite(before), before, linear)


def _forget_others(home: Home, name: str) -> None:
    for folder in projecting.older(home, name):
        if Job(folder).state().state in ENDED:
            shutil.rmtree(folder, ignore_errors=True)
