"""Predictions that lsal stored in Label Studio and that nobody needs any more: counted, and removed with care.

Label Studio writes null into the annotations that were made from a prediction when it is
deleted: that would change what people did. So only those go that no annotation refers to, and
none of a task that somebody has a draft of. Where all predictions of a task may go they go together,
which costs the server 7 ms each; else one by one, which costs 50 to 100.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsal.errors import BadRequest, LabelStudioError
from lsal.label_studio.listing import holding
from lsal.label_studio.project import Project

AT_ONCE = 50
"""Tasks looked at in one read: what people do between the look and the deletion is not seen."""
_FIELDS = "id,is_labeled,predictions,total_predictions,model_version,annotations,parent_prediction,draft_exists"


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of the predictions of one name: deleted, and kept because somebody may need them."""

    deleted: int
    kept: int
    whole: bool = True
    """Whether all of them were looked at; False when the limit came first."""
    open: int = 0
    """Kept because somebody may have the task open in a browser."""


def counts(project: Project) -> dict[str, int]:
    """How many predictions the server holds, by name (model_version)."""
    return project.connection.get(f"{project.path}/model-versions/").counts()


def remove(
    project: Project,
    name: str,
    most: int | None = None,
    within_s: float | None = None,
    finished: bool = False,
    dry_run: bool = False,
    others: Collection[str] = (),
) -> Removed:
    """Delete the predictions called `name` that no annotation refers to, at most `most`, for at most `within_s`.

    `finished` leaves those of unfinished tasks: Label Studio refuses the annotation of a person who
    was shown a prediction that is gone by then. `others` are names that may go as well: where a task
    has no prediction but of these, all of its go at once. `dry_run` only counts. Refuses the name that is the live
    queue, and leaves it alone among `others`: without its predictions there is no queue.
    """
    live = project.read("model_version")["model_version"] or ""
    if live == name:
        raise BadRequest(f"'{name}' is the live queue", "Publish another one first: lsal rank")
    going = {name, *others} - {live}
    begun, deleted, kept, unfinished = time.monotonic(), 0, 0, 0
    for number, rows in enumerate(project.tasks([holding(name)], _FIELDS, page=AT_ONCE)):
        looked = [_looked(row, name, going) for row in rows]
        free = [one for task in looked for one in task.free if task.done or not finished]
        kept += sum(task.kept for task in looked)
        unfinished += sum(len(task.free) for task in looked) - len(free)
        late = bool(number and within_s is not None and time.monotonic() - begun > within_s)
        room = 0 if late else len(free) if most is None else most - deleted
        spare_s = None if within_s is None else within_s - (time.monotonic() - begun)
        gone = len(free[:room]) if dry_run else _delete(project, free[:room], spare_s)
        deleted += gone
        if gone < len(free):
            return Removed(deleted, kept, whole=False, open=unfinished)
    return Removed(deleted, kept, open=unfinished)


@dataclass(frozen=True, slots=True)
class _Looked:
    """Of a task: the predictions of a name that may go, each as (task, id, whether all that the task has may go).

    How many have to stay, and whether the task is finished.
    """

    free: list[tuple[int, int, bool]]
    kept: int
    done: bool


def _looked(row: Mapping[str, Any], name: str, going: Collection[str]) -> _Looked:
    # A list of annotations that is not there is not an empty one: then nothing may go.
    used = {made.get("parent_prediction") for made in row["annotations"]}
    mine = [one["id"] for one in row["predictions"] if one["model_version"] == name]
    # Only where the server tells them all.
    whole = row.get("total_predictions") == len(row["predictions"])
    whole &= all(one["model_version"] in going and one["id"] not in used for one in row["predictions"])
    free = [] if row.get("draft_exists") else [(row["id"], one, whole) for one in mine if one not in used]
    return _Looked(free, len(mine) - len(free), bool(row["is_labeled"]))


def _delete(project: Project, free: Sequence[tuple[int, int, bool]], within_s: float | None) -> int:
    """Those of whole tasks together, then one after the other until the time is over; how many it came to."""
    begun, whole = time.monotonic(), sorted({task for task, _, alone in free if alone})
    if whole:
        project.delete_predictions_of(whole)
    single = [one for _, one, alone in free if not alone]
    for number, one in enumerate(single):
        if number and within_s is not None and time.monotonic() - begun > within_s:
            return len(free) - len(single) + number
        _delete_one(project, one)
    return len(free)


def _delete_one(project: Project, prediction: int) -> None:
    try:
        project.connection.delete(f"/api/predictions/{prediction}/")
    except LabelStudioError as error:
        if error.status != 404:  # somebody else was faster
            raise
