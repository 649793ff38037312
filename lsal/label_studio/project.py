"""One project on a Label Studio server: the reads and writes that the loop needs.

Where the server's own path ends with a slash ours does too: one without it goes through all that the server does
before and after a request twice, which is a tenth to a third of a small one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio import listing
from lsal.label_studio.connection import Connection
from lsal.label_studio.listing import BY_ID, PAGE, Bad, Filter, holding, where
from lsal.label_studio.told import Told

CONFLICT = 409
"""The status of what did not come out as sent: tasks, or the label config, changed meanwhile."""


class Project:
    """A project by its id. Never deletes or edits an annotation."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.path = f"/api/projects/{number}"

    @classmethod
    def create(
        cls,
        connection: Connection,
        title: str,
        config: str,
        description: str = "",
        found: Callable[[], Project | None] = lambda: None,
    ) -> Project:
        """Start a project whose queue follows the scores of predictions; `found` looks for it where no answer came."""
        body = {"title": title, "label_config": config, "description": description, "sampling": "Uncertainty sampling"}

        def there() -> dict[str, Any] | None:
            project = found()
            return {"id": project.number} if project else None

        return cls(connection, int(connection.post("/api/projects/", body, there)["id"]))

    def read(self, *fields: str) -> dict[str, Any]:
        """The project as the server describes it, or `fields` of it alone: for all of them it counts every task."""
        asked: dict[str, Any] = {"include": ",".join(fields)} if fields else {}
        return self.connection.get(f"{self.path}/", tells=fields or ("id",), **asked)

    def change(self, **fields: Any) -> dict[str, Any]:
        """Change some fields of the project."""
        return self.connection.patch(f"{self.path}/", fields)

    def add_tasks(self, data: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks; returns their ids in order."""
        return self.import_tasks([{"data": row} for row in data])

    def import_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Add tasks with what else they have, annotations say: all of them or none. Returns their ids in order.

        Where no answer came, the server is asked whether it has so many more tasks: nobody else may add any.
        """
        before = max(self._ids_beyond(0, newest=True), default=0)

        def there() -> dict[str, Any] | None:
            ids = self._ids_beyond(before)
            return {"task_ids": ids} if len(ids) == len(tasks) else None

        answer = self.connection.post(
            f"{self.path}/import", list(tasks), there, tells=("task_ids",), return_task_ids="true"
        )
        return [int(number) for number in answer["task_ids"]]

    def _ids_beyond(self, last: int, newest: bool = False) -> list[int]:
        """The ids of the tasks behind one, or of them only the newest."""
        behind = [where("id", "greater", last, "Number")]
        if newest:
            return [row["id"] for row in listing.page_of(self.connection, self.number, behind, "id", "-tasks:id", 1, 1)]
        return [row["id"] for rows in self.tasks(behind, "id", page=5000) for row in rows]

    def add_predictions(self, rows: Sequence[Mapping[str, Any]], safe: bool = False) -> int:
        """Import predictions of one name in one call; returns how many the server says it stored.

        `safe` ones may be sent twice. Raises a `doubtful` LabelStudioError where no answer came, and not all are
        there: some may still come.
        """
        named = holding(rows[0]["model_version"])

        def there() -> dict[str, Any] | None:
            return {"created": len(rows)} if self.count([named]) >= len(rows) else None

        answer = self.connection.post(f"{self.path}/import/predictions", list(rows), there, safe, ("created",))
        return int(answer["created"])

    def add_prediction(self, row: Mapping[str, Any]) -> None:
        """Add one prediction by itself, which recounts one task only; of each name a task has one."""
        task, name = row["task"], row["model_version"]

        def there() -> Any:
            held = self.connection.rows("/api/predictions/", task=task, project=self.number)
            return next((one for one in held if one["model_version"] == name), None)

        self.connection.post("/api/predictions/", {**row, "project": self.number}, there)

    def add_local_files(self, folder: str, title: str) -> None:
        """Allow tasks to refer to files below `folder`, a path on the server's machine."""

        def there() -> Any:
            known = self.connection.rows("/api/storages/localfiles", project=self.number)
            return next((storage for storage in known if storage.get("path") == folder), None)

        if there() is None:
            body = {"project": self.number, "path": folder, "title": title, "use_blob_urls": True}
            self.connection.post("/api/storages/localfiles", body, there)

    def tasks(
        self,
        filters: Sequence[Filter],
        include: str,
        ordering: str = BY_ID,
        page: int = PAGE,
        bad: Bad | None = None,
    ) -> Iterator[list[Told]]:
        """Pages of tasks, see `listing.pages`; `include` names the fields, also those of nested objects."""
        return listing.pages(self.connection, self.number, filters, include, ordering, page, bad)

    def count(self, filters: Sequence[Filter]) -> int:
        """How many tasks pass the filters."""
        return listing.count(self.connection, self.number, filters)

    def backends(self) -> list[Told]:
        """The ML backends connected to the project."""
        return self.connection.rows("/api/ml/", project=self.number)

    def delete_predictions_of(self, tasks: Sequence[int]) -> None:
        """Delete every prediction of these tasks, whoever made it: for tasks where no annotation refers to one."""
        chosen = {"selectedItems": {"all": False, "included": list(tasks)}}
        act = "delete_tasks_predictions"
        self.connection.post("/api/dm/actions/", chosen, safe=True, tells=(), id=act, project=self.number)

    def next_task(self) -> dict[str, Any] | None:
        """What the interface's "Label All Tasks" would show this user next; None when all is done."""
        try:
            # asked again it is the same one: it is locked for whoever asked
            return self.connection.post("/api/dm/actions/", {}, safe=True, id="next_task", project=self.number)
        except LabelStudioError as error:
            if error.status == 404:
                return None
            raise

    def submit(self, task: int, result: list[dict[str, Any]], lead_time_s: float, skipped: bool = False) -> int:
        """Submit an annotation as the interface does; returns its id."""
        body = {"result": result, "lead_time": lead_time_s, "was_cancelled": skipped, "draft_id": 0}
        path = f"/api/tasks/{task}/annotations/"
        try:  # by its unique_id the server knows one that comes twice
            told = {**body, "unique_id": str(uuid.uuid4())}
            return int(self.connection.post(path, told, safe=True, project=self.number)["id"])
        except LabelStudioError as error:
            if error.status != CONFLICT:
                raise
        return max(int(one["id"]) for one in self.connection.rows(path) if one["lead_time"] == lead_time_s)
