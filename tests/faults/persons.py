"""A person who labels over Label Studio's real HTTP API while faults happen, and remembers what was answered."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faults.ground import Ledger
from lsal import annotator
from lsal.errors import LsalError, Refused
from lsal.kinds.writing import drawn
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.workbench import Workbench

SKIPS = 0.1
ANSWER_S = 15.0


class Person:
    """Labels a demo project of one control; `seed` decides what is skipped."""

    def __init__(self, bench: Workbench, ledger: Ledger, seed: str) -> None:
        self._root, self._slug, self._ledger, self._draw = bench.root, bench.home.slug, ledger, random.Random(seed)
        self._truth, (self._control, self._kind) = annotator.truth(bench.home), next(iter(bench.desk.handled.values()))
        self._id = int(bench.desk.connection.get("/api/current-user/whoami")["id"])
        self._key = bench.desk.connection.token()
        self._connection: Connection | None = None

    def _project(self) -> Project | None:
        bench = Workbench(Path(self._root), self._slug)
        if bench.desk.address is None:
            return None
        if self._connection is None or self._connection.url != bench.desk.address:
            self._connection = Connection(bench.desk.address, self._key, timeout_s=ANSWER_S)
        return Project(self._connection, bench.home.project)

    def label_one(self) -> int | None:
        """Ask for the next task and answer it; its id, None if Label Studio gave none or did not take it."""
        if (project := self._project()) is None:
            return None
        try:
            task = project.next_task()
        except LsalError:
            return None
        if task is None:
            return None
        result = drawn(self._kind, self._control, self._truth[task["id"]], task["data"])
        return int(task["id"]) if self._send(project, task["id"], result) else None

    def _send(self, project: Project, task: int, result: list[dict[str, Any]]) -> bool:
        skipped = self._draw.random() < SKIPS
        body = {"result": [] if skipped else result, "lead_time": 1.0, "was_cancelled": skipped, "draft_id": 0}
        path = f"/api/tasks/{task}/annotations/"
        try:
            self._ledger.note(project.connection.post(path, body, project=project.number))
        except LsalError as error:
            if not isinstance(error, Refused):  # it may be kept all the same
                self._ledger.sent(body["result"], skipped, self._id)
            return False
        return True

    @contextmanager
    def at_work(self, count: int, every_s: float) -> Iterator[None]:
        """Label so many tasks beside what the block does, and have ended when it ends."""
        enough = threading.Event()

        def work() -> None:
            for _ in range(count):
                if enough.wait(every_s):
                    return
                self.label_one()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()
