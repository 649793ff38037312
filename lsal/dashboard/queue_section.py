"""The section of the queue: its head, with what people will see and what the live version guessed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lsal.dashboard.look import ROWS, Look, empty_queue
from lsal.dashboard.previews import Previews
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import QueueTable
from lsal.jobs import State
from lsal.phrases import counted
from lsal.workbench.status import Waiting


class QueueSection:
    """What people get next."""

    title = "Queue"

    def __init__(self, live: Live) -> None:
        self._live, self._previews = live, Previews(live.bench)
        self._queue: tuple[Waiting, ...] = ()
        self.view = self.table = QueueTable()

    def show(self, seen: Look, job: State | None) -> None:
        """The rows of the queue's head, or how to get one."""
        self._queue = seen.queue
        self.table.empty, self.table.caption = empty_queue(seen), _caption(seen)
        self.table.rows = [_row(row) for row in seen.queue]

    async def step(self) -> bool:
        """Texts and thumbnails: files may be slow to come."""
        self.table.previews = await self._live.apart(self._previews.of, self._queue)
        return True

    def close(self) -> None:
        """Close the table."""
        self.table.close()


def _row(row: Waiting) -> dict[str, Any]:
    told = {name: value for name, value in asdict(row).items() if name not in ("data", "parts", "shown", "task_id")}
    return told | {"task": row.task_id}


def _caption(seen: Look) -> str:
    if seen.status is None or not seen.queue:
        return ""
    shown, still_open = len(seen.queue), seen.status.queue["open"]
    return f"the first {shown} of {still_open} open tasks" if still_open > ROWS else counted(still_open, "open task")
