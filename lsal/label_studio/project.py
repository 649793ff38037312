"""One project on a Label Studio server: the reads and writes that the loop needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from lsal.errors import LabelStudioError
from lsal.label_studio.connection import Connection

PAGE = 1000


class Project:
    """A project by its id. Never deletes or edits an annotation."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.path = f"/api/projects/{number}"

    @classmethod
    def create(cls, connection: Connection, title: str, config: str, description: str = "") -> Project:
        """Start a project whose queue follows the scores of predictions."""
        body = {"title": title, "label_config": config, "description": description, "sampling": "Uncertainty sampling"}
        return cls(connection, int(connection.post("/api/projects/", body)["id"]))

    def read(self, *fields: str) -> dict[str, Any]:
        """The project as the server describes it, or `fields` of it alone: for all of them it counts every task."""
        return dict(self.connection.get(self.path, **({"include": ",".join(fields)} if fields else {})))

    def change(self, **fields: Any) -> dict[str, Any]:
        """Change some fields of the project."""
        return dict(self.connection.patch(f"{self.path}/", fields))

    def add_tasks(self, data: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks; returns their ids in order."""
        return self.import_tasks([{"data": row} for row in data])

    def import_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks with what else they have, annotations say: all of them or none. Returns their ids in order."""
        answer = self.connection.post(f"{self.path}/import", list(tasks), return_task_ids="true")
        return [int(number) for number in answer["task_ids"]]

    def add_predictions(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Import predictions in one call; returns how many the server says it stored."""
        answer = self.connection.post(f"{self.path}/import/predictions", list(rows))
        return int(answer["created"])

    def add_prediction(self, row: Mapping[str, Any]) -> None:
        """Add one prediction by itself, which recounts one task only."""
        self.connection.post("/api/predictions/", {**row, "project": self.number})

    def add_local_files(self, folder: str, title: str) -> None:
        """Allow tasks to refer to files below `folder`, a path on the server's machine."""
        known = self.connection.get("/api/storages/localfiles", project=self.number)
        if not any(storage.get("path") == folder for storage in known):
            body = {"project": self.number, "path": folder, "title": title, "use_blob_urls": True}
            self.connection.post("/api/storages/localfiles", body)

    def tasks(
        self, filters: Sequence[Mapping[str, Any]], include: str, ordering: str = "tasks:id", page: int = PAGE
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages of tasks; `include` names the fields, also those of nested objects.

        Pages by id go on from the last id seen, so that tasks which come and go meanwhile
        shift nothing; any other order reads plain pages.
        """
        by_id, number, last = ordering == "tasks:id", 1, 0
        while True:
            more = [where("id", "greater", last, "Number")] if by_id and last else []
            rows = self._page([*filters, *more], include, ordering, number, page)
            if rows:
                yield rows
            if len(rows) < page:
                return
            number, last = (1, rows[-1]["id"]) if by_id else (number + 1, 0)

    def _page(
        self, filters: Sequence[Mapping[str, Any]], include: str, ordering: str, number: int, page: int
    ) -> list[dict[str, Any]]:
        query = {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [ordering]}
        nested = "annotations" in include or "predictions" in include.split(",")
        try:
            answer = self.connection.get(
                "/api/tasks",
                project=self.number,
                page=number,
                page_size=page,
                fields="all" if nested else "task_only",
                include=include,
                query=orjson.dumps(query).decode(),
            )
        except LabelStudioError as error:
            if error.status == 404 and number > 1:  # the page after a last, full one
                return []
            raise
        return list(answer["tasks"])

    def count(self, filters: Sequence[Mapping[str, Any]]) -> int:
        """How many tasks pass the filters."""
        query = {"filters": {"conjunction": "and", "items": list(filters)}}
        params = {"page": 1, "page_size": 1, "fields": "task_only", "include": "id"}
        answer = self.connection.get("/api/tasks", project=self.number, query=orjson.dumps(query).decode(), **params)
        return int(answer["total"])

    def backends(self) -> list[dict[str, Any]]:
        """The ML backends connected to the project."""
        return list(self.connection.get("/api/ml", project=self.number))

    def next_task(self) -> dict[str, Any] | None:
        """What the interface's "Label All Tasks" would show this user next; None when all is done."""
        try:
            return dict(self.connection.post("/api/dm/actions", {}, id="next_task", project=self.number))
        except LabelStudioError as error:
            if error.status == 404:
                return None
            raise

    def submit(self, task: int, result: list[dict[str, Any]], lead_time_s: float, skipped: bool = False) -> int:
        """Submit an annotation as the interface does; returns its id."""
        body = {"result": result, "lead_time": lead_time_s, "was_cancelled": skipped, "draft_id": 0}
        return int(self.connection.post(f"/api/tasks/{task}/annotations/", body, project=self.number)["id"])


def where(field: str, operator: str, value: Any, kind: str) -> dict[str, Any]:
    """One filter of the task list, as Label Studio's data manager writes it."""
    return {"filter": f"filter:tasks:{field}", "operator": operator, "type": kind, "value": value}
