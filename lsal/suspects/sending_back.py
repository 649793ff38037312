"""Labelled tasks sent back to people, without touching what they answered: a raised overlap, or a tab.

Where several people label, the one task asks for one answer more than it has: Label Studio then serves
it, at its rank in the queue, to whoever has not answered it. It never serves a task twice to one person,
so where one person labels alone, the tasks stand in a tab of the Data Manager of their own.

home/sent_back.json   tasks: overlap and is_labeled as they were, the overlap they were `raised` to, and whether
                      that is `done`
                      view: the tab; looked: tasks that were sent back before, with the answer then
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lsal.errors import LabelStudioError
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.label_studio import tally
from lsal.label_studio.listing import where
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.project import Project

FILE = "sent_back.json"
TAB = "lsal: look again"
GONE = 404


@dataclass(slots=True)
class Sent:
    """What is sent back now, how it was before, and what was sent back at any time."""

    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    view: int | None = None
    answers: dict[int, str] = field(default_factory=dict)


def read(home: Home) -> Sent:
    """What the home knows of tasks that were sent back."""
    kept = read_json(home.path(FILE), {})
    tasks, answers = kept.get("tasks", {}), kept.get("answers", {})
    return Sent({int(t): was for t, was in tasks.items()}, kept.get("view"), {int(t): at for t, at in answers.items()})


def looked_at(home: Home, mirror: Mirror) -> set[int]:
    """Tasks that somebody answered, or answered otherwise, since they were first sent back."""
    before = read(home).answers
    latest = _latest(mirror, before)
    return {task for task, stamp in before.items() if latest.get(task, stamp) != stamp}


def waiting(home: Home, mirror: Mirror) -> set[int]:
    """Tasks that are sent back now, and that nobody looked at yet."""
    return set(read(home).tasks) - looked_at(home, mirror)


def several_label(mirror: Mirror) -> bool:
    """Whether there is somebody who may look at another person's labels."""
    return len(tally.by_person(mirror)) > 1


def send(home: Home, project: Project, mirror: Mirror, wanted: Sequence[int]) -> None:
    """Make the `wanted` tasks those that are sent back: what else was is put back as it was."""
    sent = read(home)
    if not wanted and not sent.tasks and sent.view is None:
        return
    by_queue = several_label(mirror)
    _put_back(home, project, sent, [task for task in sent.tasks if task not in wanted or not by_queue])
    for task, stamp in _latest(mirror, wanted).items():
        sent.answers.setdefault(task, stamp)
    sent.tasks |= {task: {} for task in wanted if task not in sent.tasks}
    _write(home, sent)
    if by_queue:
        _raise_all(home, project, sent)
    _show(home, project, sent, [] if by_queue else wanted)


def take_back(home: Home, project: Project) -> int:
    """Put everything back as it was before tasks were sent back; how many were."""
    sent = read(home)
    if not sent.tasks and sent.view is None:
        return 0
    count = len(sent.tasks)
    _put_back(home, project, sent, list(sent.tasks))
    _show(home, project, sent, [])
    return count


def _raise_all(home: Home, project: Project, sent: Sent) -> None:
    """One answer more than there are. What was is on disk before anything changes."""
    fresh = [task for task, was in sent.tasks.items() if not was.get("done")]
    rows = _rows(project, fresh)
    for task in rows.keys() - {task for task, was in sent.tasks.items() if was}:  # one that was cut short knows its own
        row = rows[task]
        raised = max(row["overlap"], row["total_annotations"]) + 1
        sent.tasks[task] = {"overlap": row["overlap"], "is_labeled": row["is_labeled"], "raised": raised}
    _write(home, sent)
    for task in rows:
        # overlap alone does not open it again
        _change(project, task, {"overlap": sent.tasks[task]["raised"], "is_labeled": False})
        sent.tasks[task]["done"] = True
    _write(home, sent)


def _put_back(home: Home, project: Project, sent: Sent, tasks: Sequence[int]) -> None:
    """Where the overlap still is the raised one: somebody may have set another since.

    Whether a task is done goes by its answers now: some may have come, or been deleted, meanwhile.
    """
    raised = [task for task in tasks if sent.tasks[task]]
    for task, row in _rows(project, raised).items():
        was = sent.tasks[task]
        if row["overlap"] == was["raised"]:
            answers = row["total_annotations"]
            done = answers >= was["overlap"] or (was["is_labeled"] and answers > 0)
            _change(project, task, {"overlap": was["overlap"], "is_labeled": done})
    for task in tasks:
        del sent.tasks[task]
    _write(home, sent)


def _change(project: Project, task: int, change: Mapping[str, Any]) -> None:
    """Change one task, unless somebody deleted it this moment."""
    try:
        project.connection.patch(f"/api/tasks/{task}/", change)
    except LabelStudioError as error:
        if error.status != GONE:
            raise


def _rows(project: Project, tasks: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The tasks as the server has them; deleted ones are missing."""
    if not tasks:
        return {}
    among = [where("id", "in_list", list(tasks), "Number")]
    pages = project.tasks(among, "id,overlap,is_labeled,total_annotations")
    return {row["id"]: row for rows in pages for row in rows}


def _show(home: Home, project: Project, sent: Sent, tasks: Sequence[int]) -> None:
    """The tab with these tasks; none of them, no tab."""
    view, connection = sent.view, project.connection
    among = {"conjunction": "and", "items": [where("id", "in_list", list(tasks), "Number")]}
    body = {"project": project.number, "data": {"title": TAB, "type": "list", "target": "tasks", "filters": among}}

    def there() -> Any:
        views = connection.rows("/api/dm/views/", project=project.number)
        return next((one for one in views if one["data"].get("title") == TAB and one["id"] != view), None)

    try:
        if tasks and view is None:
            sent.view = int(connection.post("/api/dm/views/", body, there)["id"])
        elif tasks:
            connection.patch(f"/api/dm/views/{view}/", body)
        elif view is not None:
            sent.view = None
            connection.delete(f"/api/dm/views/{view}/")
    except LabelStudioError as error:
        if error.status != GONE:
            raise
        if tasks:  # somebody closed the tab
            sent.view = int(connection.post("/api/dm/views/", body, there)["id"])
    _write(home, sent)


def _latest(mirror: Mirror, tasks: Iterable[int]) -> Mapping[int, str]:
    """When each task's newest answer was changed last."""
    rows = mirror.select("SELECT task, max(updated_at) FROM annotations WHERE skipped = 0 GROUP BY task")
    known = dict(rows)
    return {task: str(known[task]) for task in tasks if task in known}


def _write(home: Home, sent: Sent) -> None:
    write_json(home.path(FILE), {"tasks": sent.tasks, "view": sent.view, "answers": sent.answers})
