"""Predictions that lsal stored in Label Studio and that nobody needs any more: counted, and removed with care.

Label Studio writes null into the annotations that were made from a prediction when it is
deleted: that would change what people did. So only those go that no annotation refers to,
one by one, and none of a task that somebody has a draft of.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from lsal.errors import BadRequest, LabelStudioError
from lsal.label_studio.listing import holding
from lsal.label_studio.project import Project

AT_ONCE = 25
"""Tasks looked at in one read: what people do between the look and the deletion is not seen."""


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
    held = project.connection.get(f"{project.path}/model-versions/")
    return {str(name): int(count) for name, count in held.items()}


def remove(
    project: Project,
    name: str,
    most: int | None = None,
    within_s: float | None = None,
    finished: bool = False,
    dry_run: bool = False,
) -> Removed:
    """Delete the predictions called `name` that no annotation refers to, at most `most`, for at most `within_s`.

    `finished` leaves those of unfinished tasks: Label Studio refuses the annotation of a person who
    was shown a prediction that is gone by then. `dry_run` only counts. Refuses the name that is the live
    queue: without its predictions there is no queue.
    """
    if (project.read()["model_version"] or "") == name:
        raise BadRequest(f"'{name}' is the live queue", "Publish another one first: lsal rank")
    begun, deleted, kept, unfinished = time.monotonic(), 0, 0, 0
    for prediction, free, done in _held(project, name):
        late = within_s is not None and time.monotonic() - begun > within_s
        if late or (most is not None and deleted >= most and free):
            return Removed(deleted, kept, whole=False, open=unfinished)
        if not free:
            kept += 1
        elif finished and not done:
            unfinished += 1
        else:
            deleted += 1 if dry_run else _delete(project, prediction)
    return Removed(deleted, kept, open=unfinished)


def _held(project: Project, name: str) -> Iterator[tuple[int, bool, bool]]:
    """Ids of the predictions called `name`, whether each may go, and whether its task is finished."""
    fields = "id,is_labeled,predictions,model_version,annotations,parent_prediction,draft_exists"
    for rows in project.tasks([holding(name)], fields, page=AT_ONCE):
        for row in rows:
            # A list of annotations that is not there is not an empty one: then nothing may go.
            used = {made.get("parent_prediction") for made in row["annotations"]}
            for prediction in row["predictions"]:
                if prediction["model_version"] == name:
                    free = prediction["id"] not in used and not row.get("draft_exists")
                    yield prediction["id"], free, bool(row["is_labeled"])


def _delete(project: Project, prediction: int) -> int:
    try:
        project.connection.delete(f"/api/predictions/{prediction}/")
    except LabelStudioError as error:
        if error.status != 404:  # somebody else was faster
            raise
        return 0
    return 1
