"""Trying it out: the simulated annotator, the demo, and replays on labels that are already there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal import annotator
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.protocols import Report
from lsal.workbench.opened import Opened

if TYPE_CHECKING:
    from lsal.rehearsal import Rehearsal


class Trial(Opened):
    """What a person does to see whether the loop is worth it."""

    def label(self, count: int = 0, keys: Sequence[str] = (), report: Report | None = None) -> annotator.Labelled:
        """Let the simulated annotator label a demo; by default what is open in the live queue.

        With several `keys` as many annotators take turns. Raises NotADemo.
        """
        connections = [Connection(self.desk.url, key) for key in keys] or [self.desk.connection]
        people = [Project(connection, self.home.project) for connection in connections]
        return annotator.label(self.home, people, count or annotator.open_count(self.home, people[0]), report)

    def rehearse(self, source: Path | str, **options: Any) -> Rehearsal:
        """Replay strategies on labels that are there already; see `rehearsal.rehearse`."""
        from lsal.rehearsal import rehearse

        return rehearse(Path(source), **options)
