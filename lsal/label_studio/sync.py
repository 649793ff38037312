"""Keeping the mirror up to date: first everything, then only what changed.

The server's `updated_at` of a task moves with every annotation made, changed or deleted, so
it is the watermark. A transaction may become visible a little after its stamp; the watermark
therefore never comes closer than SETTLED_S to the server's clock. Some things leave no stamp:
deleted tasks, found by comparing ids whenever the counts disagree; and annotations that an
action of Label Studio's data manager copied or moved, found in the same way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lsal.label_studio import seen, tally
from lsal.label_studio.listing import where
from lsal.label_studio.mirror import Mirror, stamp
from lsal.label_studio.project import Project
from lsal.label_studio.unread import Unread
from lsal.protocols import Report
from lsal.records import Progress

SETTLED_S = 10.0
FIELDS = "id,data,created_at,updated_at,annotations,result,was_cancelled,completed_by"
TOTALS = ("total_annotations_number", "skipped_annotations_number")
FACTS = ("task_number", "maximum_annotations", "label_config", *TOTALS, *seen.SETTINGS)
"""What a sync asks of the project: all that the server could tell costs it twice as much."""
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Synced:
    """What one sync did: whether it read everything, tasks read and removed, seconds taken."""

    whole: bool
    read: int
    removed: int
    seconds: float


def sync(mirror: Mirror, project: Project, report: Report | None = None, whole: bool = False) -> Synced:
    """Pull what changed; the first time everything, in pages, going on where a killed one stopped.

    `whole` reads everything again: data that was rewritten in bulk leaves no trace at all.
    """
    begun, begun_at, facts = time.perf_counter(), time.time(), project.read(*FACTS)
    clock, watermark = project.connection.server_time, mirror.fact("watermark", "")
    if whole and watermark:
        watermark = ""
        mirror.remember(watermark="", first_id=0, first_clock=None)
    asked_at, first = _text(clock + 1), not watermark  # the server tells whole seconds
    if first:  # a killed first sync goes on later: what changed meanwhile counts from its own start
        clock = mirror.fact("first_clock") or clock
        mirror.remember(first_clock=clock)
    changed = where("updated_at", "greater", watermark, "Datetime")
    unseen = where("id", "greater", mirror.fact("first_id", 0), "Number")
    newest, read, unread = watermark or mirror.newest_stamp(), 0, Unread(mirror, project)
    due = unread.due(whole or first)
    for rows in project.tasks([unseen if first else changed, *unread.elsewhere], FIELDS, bad=unread.note):
        newest = max(newest, *(stamp(row["updated_at"]) for row in rows))
        mirror.keep(rows, first_id=rows[-1]["id"] if first else None)
        read += len(rows)
        if report:
            report(Progress(read, facts["task_number"] if first else 0, "reading tasks", unit="task"))
    settled = _text(clock - SETTLED_S)
    mirror.remember(watermark=min(newest, settled) if newest else settled, overlap=facts.get("maximum_annotations", 1))
    _fetch(mirror, project, due, unread)
    whole_count = mirror.count() + unread.missing()
    removed = _compare_ids(mirror, project, unread) if whole_count != facts["task_number"] else 0
    read += _compare_answers(mirror, project, facts, unread)
    unread.keep()
    seen.note_config(mirror, facts["label_config"], asked_at)
    seen.note_people(mirror, project)
    seen.note_project(mirror, facts, begun_at)
    return Synced(first, read, removed, time.perf_counter() - begun)


def _compare_ids(mirror: Mirror, project: Project, unread: Unread) -> int:
    """Drop what the server deleted and fetch what a sync missed; returns how many went."""
    here = set(mirror.ids())  # read first: what another process adds meanwhile must not look deleted
    there = {row["id"] for rows in project.tasks([], "id", page=5000) for row in rows}
    mirror.remove(here - there)
    _fetch(mirror, project, there - here, unread)
    return len(here - there)


def _compare_answers(mirror: Mirror, project: Project, before: Mapping[str, Any], unread: Unread) -> int:
    """Fetch the tasks that the server counts other answers of than the mirror; returns how many.

    Done only if the sums differ, now and not just since `before`: people go on while this reads.
    """
    here, was = tally.totals(mirror), _totals(before)
    if here == was:
        return 0
    now = _totals(project.read(*TOTALS))
    among = all(min(a, b) <= count <= max(a, b) for a, count, b in zip(was, here, now, strict=True))
    if among or mirror.fact("odd") == [here, now]:
        return 0
    counted = {
        row["id"]: (row["total_annotations"], row["cancelled_annotations"])
        for what in ("total_annotations", "cancelled_annotations")
        for rows in project.tasks([where(what, "greater", 0, "Number")], "id,total_annotations,cancelled_annotations")
        for row in rows
    }
    known = tally.by_task(mirror)
    differ = {task for task in known.keys() | counted.keys() if known.get(task) != counted.get(task)}
    _fetch(mirror, project, differ, unread)
    mirror.remember(odd=[tally.totals(mirror), now])  # the server's own counts may be wrong: not again for those
    return len(differ)


def _totals(facts: Mapping[str, Any]) -> list[int]:
    """Answers and skips of the whole project as the server counts them."""
    return [int(facts[name]) for name in TOTALS]


def _fetch(mirror: Mirror, project: Project, ids: Iterable[int], unread: Unread) -> None:
    wanted = sorted(set(ids) - unread.ids)
    for start in range(0, len(wanted), IDS_AT_ONCE):
        among = where("id", "in_list", wanted[start : start + IDS_AT_ONCE], "Number")
        for rows in project.tasks([among], FIELDS, bad=unread.note):
            mirror.keep(rows)


def _text(clock: float) -> str:
    return datetime.fromtimestamp(clock, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
