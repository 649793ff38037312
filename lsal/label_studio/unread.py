"""Tasks that Label Studio itself cannot show: a sync goes on without them, and the status names them.

It keeps whatever it is sent, half a character of an emoji too, and then answers 500 to every page that
such a task is on. So that page is read in halves until the task is found. What was known of it before stays;
it is asked for again once it changed, or after AGAIN_S.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio.listing import where
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.project import Project

FACT = "unread"
AGAIN_S = 900.0
MOST = 100
"""Beyond so many it is no longer about single tasks."""


class Unread:
    """What the mirror knows of such tasks: by its id the stamp of each, when it was last asked for, and why not."""

    def __init__(self, mirror: Mirror, project: Project) -> None:
        self._mirror, self._project = mirror, project
        self._known = unread(mirror)
        self._fresh: dict[int, dict[str, Any]] = {}

    @property
    def ids(self) -> set[int]:
        """All of them, with those that were found just now."""
        return self._known.keys() | self._fresh.keys()

    @property
    def elsewhere(self) -> list[dict[str, Any]]:
        """The filter for all other tasks."""
        return [where("id", "not_in_list", sorted(self._known), "Number")] if self._known else []

    def note(self, task: int, error: LabelStudioError) -> None:
        """The server could not show this task. Raises the error where it cannot show most of them."""
        self._fresh[task] = {"at": time.time(), "why": error.what}
        if len(self.ids) > MOST:
            raise error

    def due(self, whole: bool = False) -> list[int]:
        """Those that changed since they could not be had, or were asked for long ago; gone ones are forgotten."""
        stamps, now = self._stamps(self._known), time.time()
        due = [
            task
            for task, kept in self._known.items()
            if whole or stamps.get(task) != kept["stamp"] or now - kept["at"] > AGAIN_S
        ]
        for task in due:
            del self._known[task]
        return [task for task in due if task in stamps]

    def keep(self) -> None:
        """Remember them. One that was open before is so no longer: what became of it cannot be seen."""
        stamps = self._stamps(self._fresh)
        for task, kept in self._fresh.items():
            self._known[task] = {**kept, "stamp": stamps.get(task, "")}
        if self._known or unread(self._mirror):
            self._mirror.remember(**{FACT: {str(task): kept for task, kept in self._known.items()}})
        self._mirror.shelve(self._fresh)

    def missing(self) -> int:
        """How many of them the mirror has nothing of."""
        return len(self.ids) - sum(1 for _ in self._mirror.tasks(ids=self.ids)) if self.ids else 0

    def _stamps(self, tasks: Iterable[int]) -> dict[int, str]:
        """When each was last changed, as far as it is there: that much the server can say."""
        among = [where("id", "in_list", sorted(tasks), "Number")]
        if not among[0]["value"]:
            return {}
        return {row["id"]: row["updated_at"] for rows in self._project.tasks(among, "id,updated_at") for row in rows}


def unread(mirror: Mirror) -> dict[int, dict[str, Any]]:
    """The tasks that Label Studio could not show at the last sync."""
    return {int(task): kept for task, kept in mirror.fact(FACT, {}).items()}
