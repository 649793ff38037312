"""What one sees between rounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lsal import jobs, publishing
from lsal.errors import BadData, BadRequest
from lsal.label_studio.queue import Verification, verify
from lsal.records import Version
from lsal.workbench import mapping
from lsal.workbench.comparing import Compared, compare
from lsal.workbench.confused import Confusion, confused
from lsal.workbench.curve import Point, Round, curve, rounds
from lsal.workbench.doctor import Diagnosis, diagnose, without_home
from lsal.workbench.finding import holding
from lsal.workbench.job_report import JobReport, job_report, job_reports
from lsal.workbench.labelling import Labelling, labelling
from lsal.workbench.mapping import Mapped
from lsal.workbench.open_pool import OpenPool, open_pool
from lsal.workbench.opened import Opened
from lsal.workbench.outlook import Outlook, outlooks
from lsal.workbench.readings import Reading, readings
from lsal.workbench.shadow import Shadow, shadow
from lsal.workbench.shown import of_tasks
from lsal.workbench.status import Status, Waiting, status, waiting
from lsal.workbench.suspecting import Suspicions, suspicions
from lsal.workbench.switches import Switch, Switchable, switch, switchable
from lsal.workbench.timings import SHOWN, Timing, timings
from lsal.workbench.tuning import Tuning, tuning
from lsal.workbench.why import Why, why

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lsal.jobs import State
    from lsal.records.arrays import Ints
    from lsal.workbench.figures import Curve


class Sight(Opened):
    """What a person looks at; nothing here changes anything."""

    def status(self) -> Status:
        """The project at a glance, from what is on disk."""
        return status(self.desk)

    def timings(self, count: int = SHOWN) -> list[Timing]:
        """Where the time of the last jobs went, step by step, the newest first."""
        return timings(self.desk, count)

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return self.desk.store.all()

    def curve(self) -> list[Point]:
        """The learning curve: every version on the same measuring tasks."""
        return curve(self.desk)

    def readings(self) -> dict[int, dict[str, Reading]]:
        """Every figure of every version, by number and name, on the same measuring tasks."""
        return readings(self.desk)

    def shadow(self) -> Shadow | None:
        """The learning curve of a random order, as the last rehearsal replayed it; None before that."""
        return shadow(self.desk)

    def confusion(self, version: int | None = None, control: str = "") -> Confusion:
        """The confusion matrix of a version on the measuring tasks, of the live one if none is named."""
        return confused(self.desk, version, control)

    def shown(self, task_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """What people see of tasks, in words, by id."""
        return of_tasks(self.desk, task_ids)

    def compare(self, first: int, second: int) -> Compared:
        """Two versions of one control on the same measuring tasks, and the answers that changed."""
        return compare(self.desk, first, second)

    def learning_curve(
        self,
        metric: str = "",
        unit: str = "labels",
        baseline: Curve | None = None,
        held_out: Curve | None = None,
        forecast: bool = False,
        size: tuple[float, float] = (7.2, 4.4),
    ) -> Figure:
        """The learning curve on paper, by any figure of `readings`; see `figures.learning_curve`.

        Beside it the random order of the last rehearsal, unless another `baseline` is given.
        """
        from lsal.workbench.figures import learning_curve

        shadow, ahead = None if baseline else self.shadow(), self.forecast() if forecast else ()
        return learning_curve(self.curve(), baseline, held_out, self.readings(), metric, unit, shadow, ahead, size)

    plot = learning_curve

    def forecast(self, target: float | None = None) -> list[Outlook]:
        """For each control: are answers stable, what will more labels bring, is it time to stop?"""
        return outlooks(self.desk, target)

    def rounds(self) -> list[Round]:
        """The trainings so far, with seconds by step."""
        return rounds(self.desk)

    def job_report(self, name: str = "") -> JobReport:
        """A job as one follows it, by the beginning of its id; the latest without one."""
        return job_report(jobs.find(self.home, name), jobs.jobs(self.home))

    def job_reports(self, count: int = 5) -> list[JobReport]:
        """The newest jobs as one follows them, newest first."""
        return job_reports(self.home, count)

    def labelling(self, top: int = 20) -> Labelling:
        """What people labelled: how much of each class, how fast, by whom, and how far they agree."""
        return labelling(self.desk, top)

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

    def open_pool(self) -> OpenPool:
        """Every open task as columns: its place in the batch, what the last ranking said of it, its marks."""
        return open_pool(self.desk)

    def holding(self, text: str) -> Ints:
        """The ids of open tasks that hold a text somewhere in their data."""
        return holding(self.desk, text)

    def why(self, task_id: int) -> Why:
        """Why a task is asked for, or is not: its place, the score taken apart, chances, and what is like it."""
        return why(self.desk, task_id)

    def doctor(self, fix: bool = False) -> Diagnosis:
        """Look at everything between this project and its next round; `fix` puts right what can be safely."""
        try:
            home = self.home
        except BadData as error:
            return without_home(error)
        return diagnose(home, fix)

    def switch(self, act: str, number: int = 0) -> Switch:
        """What "promote" with a number, or "rollback", would change; nothing is changed."""
        return switch(self.desk, act, number)

    def switchable(self) -> Switchable:
        """Why versions cannot be promoted, and why there is no way back."""
        return switchable(self.desk)

    def tuning(self) -> Tuning:
        """The settings that people turn between rounds, and what they can be."""
        return tuning(self.desk)

    def verify(self) -> Verification:
        """Read Label Studio's own order and compare it with what was published."""
        publication = publishing.live_publication(self.home)
        if publication is None:
            raise BadRequest("Nothing was published yet", "Publish a first batch: lsal rank")
        return verify(self.desk.project, publication)
