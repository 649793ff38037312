"""What one sees between rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsal import publishing
from lsal.errors import BadData, BadRequest
from lsal.label_studio.queue import Verification, verify
from lsal.records import Version
from lsal.workbench import mapping
from lsal.workbench.comparing import Compared, compare
from lsal.workbench.curve import Point, Round, curve, rounds
from lsal.workbench.doctor import Diagnosis, diagnose, without_home
from lsal.workbench.mapping import Mapped
from lsal.workbench.opened import Opened
from lsal.workbench.outlook import Outlook, outlooks
from lsal.workbench.status import Status, Waiting, status, waiting
from lsal.workbench.suspecting import Suspicions, suspicions

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lsal.jobs import State
    from lsal.workbench.figures import Curve


class Sight(Opened):
    """What a person looks at; nothing here changes anything."""

    def status(self) -> Status:
        """The project at a glance, from what is on disk."""
        return status(self.desk)

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return self.desk.store.all()

    def curve(self) -> list[Point]:
        """The learning curve: every version on the same measuring tasks."""
        return curve(self.desk)

    def compare(self, first: int, second: int) -> Compared:
        """Two versions of one control on the same measuring tasks, and the answers that changed."""
        return compare(self.desk, first, second)

    def plot(self, baseline: Curve | None = None, held_out: Curve | None = None) -> Figure:
        """The learning curve on paper, beside what else was measured; see `figures.learning_curve`."""
        from lsal.workbench.figures import learning_curve

        return learning_curve(self.curve(), baseline, held_out)

    def forecast(self, target: float | None = None) -> list[Outlook]:
        """For each control: are answers stable, what will more labels bring, is it time to stop?"""
        return outlooks(self.desk, target)

    def rounds(self) -> list[Round]:
        """The trainings so far, with seconds by step."""
        return rounds(self.desk)

    def suspected(self, top: int = 50) -> Suspicions:
        """The label errors that were suspected last, the worst first; `suspects` looks afresh."""
        return suspicions(self.desk, top)

    def queue(self, count: int = 20) -> list[Waiting]:
        """The head of the live queue."""
        return waiting(self.desk, count)

    def map(self) -> Mapped | None:
        """Every task of the last ranking, where it lies on a map, and what is known of it; None before a ranking."""
        return mapping.mapped(self.desk)

    def map_making(self) -> State | None:
        """Where the making of that map stands; None before it was begun."""
        return mapping.making(self.desk)

    def glimpse(self, task: int) -> Waiting:
        """One task, as a row of the queue."""
        return mapping.glimpse(self.desk, task)

    def doctor(self, fix: bool = False) -> Diagnosis:
        """Look at everything between this project and its next round; `fix` puts right what can be safely."""
        try:
            home = self.home
        except BadData as error:
            return without_home(error)
        return diagnose(home, fix)

    def verify(self) -> Verification:
        """Read Label Studio's own order and compare it with what was published."""
        publication = publishing.live_publication(self.home)
        if publication is None:
            raise BadRequest("Nothing was published yet", "Publish a first batch: lsal rank")
        return verify(self.desk.project, publication)
