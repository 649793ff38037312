"""Keeping the mirror up to date: first everything, then only what changed.

The server's `updated_at` of a task moves with every annotation made, changed or deleted, so
it is the watermark. A transaction may become visible a little after its stamp; the watermark
therefore never comes closer than SETTLED_S to the server's clock. Deleted tasks leave no
stamp: they are found by comparing ids whenever the counts disagree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from lsal.label_studio.mirror import Mirror, stamp
from lsal.label_studio.project import Project, where
from lsal.protocols import Report
from lsal.records import Progress

SETTLED_S = 10.0
FIELDS = "id,data,updated_at,annotations,result,was_cancelled,completed_by"
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did: whether it was the first, tasks read and removed, seconds taken."""

    whole: bool
    read: int
    removed: int
    seconds: float


def sync(mirror: Mirror, project: Project, report: Report | None = None) -> Synced:
    """Pull what changed; the first time everything, in pages, going on where a killed one stopped."""
    begun, facts = time.perf_counter(), project.read()
    clock, watermark = project.connection.server_time, mirror.fact("watermark", "")
    first = not watermark
    if first:  # a killed first sync goes on later: what changed meanwhile counts from its own start
        clock = mirror.fact("first_clock") or clock
        mirror.remember(first_clock=clock)
    changed = where("updated_at", "greater", watermark, "Datetime")
    unseen = where("id", "greater", mirror.fact("first_id", 0), "Number")
    newest, read = watermark or mirror.newest_stamp(), 0
    for rows in project.tasks([unseen if first else changed], FIELDS):
        newest = max(newest, *(stamp(row["updated_at"]) for row in rows))
        mirror.keep(rows, first_id=rows[-1]["id"] if first else None)
        read += len(rows)
        if report:
            report(Progress(read, facts["task_number"] if first else 0, "reading tasks"))
    settled = datetime.fromtimestamp(clock - SETTLED_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    mirror.remember(watermark=min(newest, settled) if newest else settled, label_config=facts["label_config"])
    removed = _compare_ids(mirror, project) if mirror.count() != facts["task_number"] else 0
    return Synced(first, read, removed, time.perf_counter() - begun)


def _compare_ids(mirror: Mirror, project: Project) -> int:
    """Drop what the server deleted and fetch what a sync missed; returns how many went."""
    here = set(mirror.ids())  # read first: what another process adds meanwhile must not look deleted
    there = {row["id"] for rows in project.tasks([], "id", page=5000) for row in rows}
    mirror.remove(here - there)
    missing = sorted(there - here)
    for start in range(0, len(missing), IDS_AT_ONCE):
        wanted = where("id", "in_list", missing[start : start + IDS_AT_ONCE], "Number")
        for rows in project.tasks([wanted], FIELDS):
            mirror.keep(rows)
    return len(here - there)
