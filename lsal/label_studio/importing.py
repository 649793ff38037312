"""Importing predictions by the cheapest route that the server has.

Label Studio's bulk import counts the predictions of every task of the project anew on each call,
unless FLAG is set where it runs: a batch of 500 into 100,000 tasks then takes minutes instead of a
second. One POST for each prediction takes a tenth of a second whatever the project's size, so
that for a small batch in a large project it is the cheaper one. Which of the two a server does
is told by the words in which it refuses a task that does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio import noted
from lsal.label_studio.project import CONFLICT, Project

FLAG = "fflag_fix_back_4620_memory_efficient_predictions_import_08012025_short"
BULK, SINGLE = "bulk", "single"
SMALL = 2000
"""Tasks in a project up to which even a recount takes no more than a second or two."""
PER_TASK_S, PER_ROW_S = 5e-4, 0.1
"""Seconds of a recount for each task, and of one POST, before anything was measured."""

Notes = Mapping[str, Any]


def add(project: Project, rows: Sequence[Mapping[str, Any]], notes: Path | None = None) -> LabelStudioError | None:
    """Import predictions; what it took is kept in `notes`, and decides the route of the next import.

    Whoever calls looks what the server holds then: an answer that was lost is not raised, but returned.
    """
    tasks, kept = int(project.read("task_number").get("task_number") or 0), noted.read(notes) if notes else {}
    recounts = recounts_all(project) if tasks > SMALL else None
    by = route(len(rows), tasks, recounts, kept)
    begun = time.monotonic()
    lost = _in_bulk(project, rows) if by == BULK else _one_by_one(project, rows)
    took = {"rows": len(rows), "tasks": tasks, "seconds": round(time.monotonic() - begun, 2)}
    if notes and not lost:
        known = {} if recounts is None else {"recounts": recounts}
        noted.note(notes, imports={**kept.get("imports", {}), by: took}, route=by, **known)
    return lost


def route(rows: int, tasks: int, recounts: bool | None, kept: Notes) -> str:
    """The cheaper route for so many rows into a project of so many tasks, as far as is known."""
    if tasks <= SMALL or recounts is False:
        return BULK
    bulk, single = _estimates(rows, tasks, kept.get("imports", {}))
    return SINGLE if single < bulk else BULK


def recounts_all(project: Project) -> bool | None:
    """Whether a bulk import counts every task anew; None for a server that says neither. Stores nothing."""
    try:
        project.add_predictions([{"task": 0, "model_version": "lsal-asks", "score": 0.0, "result": []}], safe=True)
    except LabelStudioError as error:
        if error.status != 400:
            raise
        if "not found in project" in error.what and "Invalid task ID" not in error.what:
            return False
        return True if "retrieved" in error.what or "Invalid task ID" in error.what else None
    return None


def _estimates(rows: int, tasks: int, imports: Mapping[str, Notes]) -> tuple[float, float]:
    """Seconds in bulk and one by one: by the last import of each kind, else by what other servers took."""
    bulk, single = imports.get(BULK, {}), imports.get(SINGLE, {})
    per_task = bulk["seconds"] / bulk["tasks"] if bulk.get("tasks", 0) > SMALL else PER_TASK_S
    per_row = single["seconds"] / single["rows"] if single.get("rows") else PER_ROW_S
    return per_task * tasks, per_row * rows


def _in_bulk(project: Project, rows: Sequence[Mapping[str, Any]]) -> LabelStudioError | None:
    """One request, sent once: where its answer is lost, what the server holds under the name says more."""
    try:
        stored = project.add_predictions(rows)
    except LabelStudioError as error:
        if not error.doubtful:
            raise
        return error
    if stored < len(rows):
        raise LabelStudioError(
            f"Label Studio dropped {len(rows) - stored} of {len(rows)} predictions without a word, "
            "as it does with those that do not fit the label config",
            "Did the label config change just now? lsal sync, then lsal rank",
            status=CONFLICT,
        )
    return None


def _one_by_one(project: Project, rows: Sequence[Mapping[str, Any]]) -> LabelStudioError | None:
    """A request for each; at the first whose answer is lost the rest is not tried."""
    for row in rows:
        try:
            project.add_prediction(row)
        except LabelStudioError as error:
            if not error.doubtful:
                raise
            return error
    return None
