"""A project's annotated tasks as Label Studio exports them, read page by page.

Its own export builds the whole project in memory and leaves a copy on the server's disk each
time; this reads the same fields in pages and leaves nothing there. Like its snapshots, and
unlike its plain export, it says who annotated by email, so that another server knows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio.listing import where
from lsal.label_studio.project import Project

TASK = (
    "id,annotations,drafts,predictions,data,meta,created_at,updated_at,inner_id,total_annotations,"
    "cancelled_annotations,total_predictions,project"
)
ANNOTATION = (
    "id,completed_by,result,was_cancelled,ground_truth,created_at,updated_at,draft_created_at,lead_time,import_id,"
    "last_action,bulk_created,task,project,updated_by,parent_prediction,parent_annotation,last_created_by"
)
"""The fields of an annotation; `include` means them by their names alone."""
AT_ONCE = 200
PERSON = ("id", "email", "first_name", "last_name")


def annotated(project: Project, ids: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
    """The tasks with these ids in pages, each with all its annotations, skips included."""
    names, fields = people(project), ",".join(dict.fromkeys(f"{TASK},{ANNOTATION}".split(",")))
    for start in range(0, len(ids), AT_ONCE):
        among = where("id", "in_list", list(ids[start : start + AT_ONCE]), "Number")
        for rows in project.tasks([among], fields, page=AT_ONCE):
            yield [_told(row, names) for row in rows]


def people(project: Project) -> dict[int, dict[str, Any]]:
    """Who has an account there, by id; nobody where the key may not see that."""
    try:
        users = project.connection.rows("/api/users/")
    except LabelStudioError:
        return {}
    return {int(one["id"]): {name: one.get(name, "") for name in PERSON} for one in users}


def _told(row: Mapping[str, Any], names: Mapping[int, Any]) -> dict[str, Any]:
    """A task without what the interface adds to it."""
    kept = {name: row[name] for name in TASK.split(",") if name in row}
    annotations = []
    for one in row["annotations"]:
        told = {name: one[name] for name in ANNOTATION.split(",") if name in one}
        person = one.get("completed_by")
        annotations.append(told | {"completed_by": names.get(person, person) if isinstance(person, int) else person})
    # Only annotations go out: drafts are nobody's answer yet, and predictions are exported by themselves.
    return kept | {"annotations": annotations, "drafts": [], "predictions": []}
