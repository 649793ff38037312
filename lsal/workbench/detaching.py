"""How lsal leaves a project: what it changed in Label Studio is put back, the home stays.

Every step looks at what is there and does what is still to be done, so that a detach that was
cut short is run again. An annotation is never touched, nor a prediction that one was made from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lsal import jobs, publishing
from lsal.desk import Desk
from lsal.errors import BadRequest, LabelStudioError
from lsal.files import read_json, write_json
from lsal.home import Home, deactivate
from lsal.label_studio import backend_rows, predictions
from lsal.label_studio.listing import where
from lsal.label_studio.mirror import stamp
from lsal.label_studio.project import Project
from lsal.protocols import Report
from lsal.suspects import sending_back
from lsal.workbench import before, leaving, serving
from lsal.workbench.leaving import Outcome

ACTIVE_S = 600.0
"""For so long after an annotation somebody is taken to be labelling."""
LOCK_S = 5.0


@dataclass(frozen=True, slots=True)
class Detached:
    """What a detach came to: settings put back, rows removed by kind, and what it left, with the reason."""

    project: int
    title: str
    url: str
    home: str
    restored: Mapping[str, Any] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def detach(desk: Desk, now: bool = False, report: Report | None = None) -> Detached:
    """Take lsal out of the project, and deactivate the home. May be run again at any time.

    While somebody labels, predictions of unfinished tasks stay unless `now`: who has such a task
    open could not submit it. Raises BadRequest while a job runs.
    """
    home, outcome = desk.home, Outcome()
    with home.lock(wait_s=LOCK_S):
        with home.starting():
            if job := jobs.running(home):
                raise BadRequest(f"Job {job.id} is still running", "Wait for it, or: lsal cancel")
            facts = _facts(desk.project)
            marked = read_json(home.path("detached.json"), {})
            write_json(home.path("detached.json"), {"done": False, **marked, "at": time.time()})
        if facts is None:
            outcome.left.append("Label Studio has no such project any more: there was nothing to take out")
        else:
            _take_out(desk, facts, outcome, settings=not marked.get("done"), now=now, report=report)
        _close(home, outcome)
    removed = {kind: count for kind, count in outcome.removed.items() if count}
    return Detached(
        home.project, home.title, desk.url, str(home.folder), outcome.restored, removed, tuple(outcome.left)
    )


def _facts(project: Project) -> dict[str, Any] | None:
    """The project as it is now; None if the server has it no more."""
    try:
        return project.read()
    except LabelStudioError as error:
        if error.status != 404:
            raise
        project.connection.get("/api/projects/", page_size=1)  # this still is Label Studio, and takes the key
        return None


def _take_out(
    desk: Desk, facts: Mapping[str, Any], outcome: Outcome, settings: bool, now: bool, report: Report | None
) -> None:
    """All that is lsal's in Label Studio, the queue first: from then on nobody is served by it.

    Without `settings` those stay: they were put back before, and are people's since.
    """
    home, project, found = desk.home, desk.project, before.read(desk.home)
    publishing.settle(home, project, desk.store)
    whose = serving.whose(desk)
    others = bool(backend_rows.look(project, whose).others)
    names, unsure = leaving.names_to_remove(predictions.counts(project), found, before.published(home), others)
    outcome.removed["raised overlaps"] += sending_back.take_back(home, project)
    if settings:
        leaving.put_back(project, facts, found, {*names, serving.TITLE}, outcome)
    leaving.disconnect(project, whose, outcome)
    if unsure:
        outcome.left.append(f"another lsal is connected to the project; these may be its: {', '.join(unsure)}")
    spare = not now and _somebody_labels(project)
    unfinished = leaving.remove_predictions(project, names, spare, outcome, report)
    if unfinished:
        again = f"lsal detach --project {home.slug}"
        outcome.left.append(
            f"{unfinished} predictions of unfinished tasks stay: somebody labels, and who has such a task open could "
            f"not submit it. Remove them later: {again}, or at once: {again} --now"
        )


def _somebody_labels(project: Project) -> bool:
    """Whether an annotation was made or changed in the last minutes, by the server's clock."""
    project.read("id")
    since = datetime.fromtimestamp(project.connection.server_time - ACTIVE_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    changed = where("updated_at", "greater", since, "Datetime")
    pages = project.tasks([changed], "id,annotations,updated_at")
    return any(stamp(a["updated_at"]) > since for rows in pages for row in rows for a in row["annotations"])


def _close(home: Home, outcome: Outcome) -> None:
    """The home keeps versions, jobs and labels; it has no queue, and commands no longer mean it."""
    for name in ("intent.json", "publication.json", "served.json"):
        home.path(name).unlink(missing_ok=True)
    deactivate(home)
    write_json(home.path("detached.json"), {"done": True, "at": time.time(), "left": outcome.left})
