"""The task list of a project: filtered, page by page, and past tasks that the server itself cannot show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from lsal.errors import LabelStudioError
from lsal.label_studio.connection import Connection
from lsal.label_studio.told import Told

PAGE = 1000
BY_ID = "tasks:id"
SERVER_ERROR = 500
NESTED = frozenset(("annotations", "predictions", "drafts"))
"""What only the costlier of the server's two ways to write tasks has; their counts are columns of the task."""

Filter = Mapping[str, Any]
Bad = Callable[[int, LabelStudioError], None]
"""Is told of a task that the server cannot show, and why; may raise to end the reading."""


def pages(
    connection: Connection,
    project: int,
    filters: Sequence[Filter],
    include: str,
    ordering: str = BY_ID,
    page: int = PAGE,
    bad: Bad | None = None,
) -> Iterator[list[Told]]:
    """Tasks in pages. By id they go on from the last id seen, so that tasks which come and go meanwhile
    shift nothing; any other order reads plain pages.

    Where the server fails at a page by id, that is read in halves: `bad` is told of a task that it cannot
    show, and the others go on. Without `bad` the error names that task.
    """
    by_id, number, last, size = ordering == BY_ID, 1, 0, page
    while True:
        there = [*filters, *([where("id", "greater", last, "Number")] if by_id and last else [])]
        try:
            rows = page_of(connection, project, there, include, ordering, number, size)
        except LabelStudioError as error:
            if error.status != SERVER_ERROR or not by_id:
                raise
            if size > 1:
                size = max(1, len(page_of(connection, project, there, "id", ordering, 1, size)) // 2)
            elif (last := _failing(connection, project, there, error, bad)) == 0:
                return
            continue
        if rows:
            yield rows
        if len(rows) < size:
            return
        number, last, size = (1, rows[-1]["id"], min(page, 2 * size)) if by_id else (number + 1, 0, page)


def page_of(
    connection: Connection,
    project: int,
    filters: Sequence[Filter],
    include: str,
    ordering: str,
    number: int,
    page: int,
) -> list[Told]:
    """One page; [] behind the last one."""
    nested = not NESTED.isdisjoint(include.split(","))
    try:
        answer = connection.get(
            "/api/tasks/",
            final=SERVER_ERROR if page > 1 else 0,  # read in parts then
            tells=("tasks",),
            project=project,
            page=number,
            page_size=page,
            fields="all" if nested else "task_only",
            include=include,
            query=_query(filters, [ordering]),
        )
    except LabelStudioError as error:
        if error.status == 404 and number > 1:  # the page after a last, full one
            return []
        raise
    return answer.rows("tasks")


def count(connection: Connection, project: int, filters: Sequence[Filter]) -> int:
    """How many tasks pass the filters."""
    params: dict[str, Any] = {
        "page": 1,
        "page_size": 1,
        "fields": "task_only",
        "include": "id",
        "query": _query(filters),
    }
    return int(connection.get("/api/tasks/", tells=("total",), project=project, **params)["total"])


def _failing(
    connection: Connection, project: int, filters: Sequence[Filter], error: LabelStudioError, bad: Bad | None
) -> int:
    """The first of the tasks, which cannot be had; 0 where there is none any more. Raises where nothing can."""
    try:
        first = page_of(connection, project, filters, "id", BY_ID, 1, 1)
    except LabelStudioError:
        raise error from None
    if not first:
        return 0
    task = int(first[0]["id"])
    if bad is None:
        what = f"Label Studio cannot show task {task}: {error.what}"
        raise LabelStudioError(what, "Correct or delete it there", status=error.status)
    bad(task, error)
    return task


def _query(filters: Sequence[Filter], ordering: Sequence[str] = ()) -> str:
    asked = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": list(ordering)}
    return orjson.dumps(asked).decode()


def where(field: str, operator: str, value: Any, kind: str) -> dict[str, Any]:
    """One filter of the task list, as Label Studio's data manager writes it."""
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}


def holding(name: str) -> dict[str, Any]:
    """The filter for tasks with a prediction of a name (model_version)."""
    return where("predictions_model_versions", "contains", [name], "List")
