"""Workbench: what a person does with one project, as methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal import annotator, jobs, publishing, settings
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.home import Home, activate, find_home, open_home
from lsal.jobs import Job
from lsal.label_studio import server
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.queue import Verification, verify
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced, sync
from lsal.project_settings import check_settings
from lsal.protocols import Report
from lsal.records import Version
from lsal.workbench import demo, serving, starting
from lsal.workbench.answering import Answers
from lsal.workbench.choices import check_names
from lsal.workbench.demo import Demo
from lsal.workbench.status import Point, Round, Status, Waiting, curve, rounds, status, waiting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lsal.rehearsal import Rehearsal
    from lsal.workbench.figures import Curve

WORKER = "lsal.worker"


class Workbench:
    """One project of a root; before there is one, only `up`, `new` and `attach` make sense.

    Methods that train or rank start a job in a process of its own and return it at once:
    follow it, wait for it, or cancel it.
    """

    def __init__(self, root: Path | str | None = None, project: str | None = None) -> None:
        self.root = Path(root).expanduser().resolve() if root else settings.root_folder()
        self._name = project

    @classmethod
    def of(cls, home: Home) -> Workbench:
        """The workbench of a given home."""
        bench = cls(home.root, home.slug)
        bench.__dict__["desk"] = Desk(home)
        return bench

    def __repr__(self) -> str:
        return f"Workbench({str(self.root)!r}, {self._name!r})"

    @cached_property
    def desk(self) -> Desk:
        """The parts of the project. Raises BadRequest without one."""
        return Desk(find_home(self.root, self._name))

    @property
    def home(self) -> Home:
        """The project's folder."""
        return self.desk.home

    # Label Studio ------------------------------------------------------------------

    def up(self, port: int | None = None, report: Callable[[str], None] | None = None) -> Server:
        """Install lsal's own Label Studio if need be, and start it if it does not run."""
        return server.up(self.root, port, report)

    def down(self) -> bool:
        """End lsal's own Label Studio and the backend; the data stay."""
        self.stop()
        return server.down(self.root)

    def login(self) -> tuple[str, str]:
        """Email and password for lsal's own Label Studio in a browser."""
        return server.login(self.root)

    # The project -------------------------------------------------------------------

    def new(self, source: str, **options: Any) -> Workbench:
        """Make a project from `digits`, a CSV or JSONL file, or a folder of images; see `starting.new`."""
        return self._take(starting.new(self.root, self.up, source, **options))

    def attach(self, url: str, project: int, key: str = "") -> Workbench:
        """Attach to a project that is already on a Label Studio server."""
        return self._take(starting.attach(self.root, url, project, key))

    def use(self, project: str) -> Workbench:
        """Make another project of the root the active one."""
        return self._take(find_home(self.root, project))

    def configure(self, **changes: Any) -> Mapping[str, Any]:
        """Change the project's settings; returns them all. Raises BadRequest for what cannot be."""
        check_names(changes)
        changed = self.home.change_settings(**changes)
        return {name: getattr(changed, name) for name in changed.__slots__}

    def sync(self, report: Report | None = None) -> Synced:
        """Pull what changed in Label Studio; first finishes or drops an interrupted switch."""
        publishing.recover(self.home, self.desk.project, self.desk.store)
        return sync(self.desk.mirror, self.desk.project, report)

    # The backend -------------------------------------------------------------------

    def serve(self, port: int = 0) -> Mapping[str, Any]:
        """Start the ML backend beside the notebook and connect it to the project."""
        served = serving.serve(self.desk, port)
        write_json(self.home.path("served.json"), served)
        return served

    def stop(self) -> bool:
        """End the backend."""
        return serving.stop(self.root)

    @cached_property
    def answers(self) -> Answers:
        """The live models, for the backend."""
        return Answers(self.desk)

    def predict(self, label_config: str, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What the live versions say about tasks; [] before the first version."""
        return self.answers.predict(label_config, tasks)

    # The loop ----------------------------------------------------------------------

    def train(self, again: str = "") -> Job:
        """Train in a process of its own; `again` names a job whose snapshot to train from."""
        if not again:
            return self._start("train")
        job = jobs.find(self.home, again)
        if job.state().state == "done":
            return self._start("train", of=job.id)
        self._refuse_second("train")
        return jobs.start(job, WORKER)

    def rank(self, strategy: str = "", batch: int = 0) -> Job:
        """Rank what is unlabelled by the live versions and publish the batch."""
        return self._start("rank", strategy=strategy, batch=batch)

    def round(self, strategy: str = "", batch: int = 0) -> Job:
        """Train, measure, promote or hold, rank, publish, verify."""
        return self._start("round", strategy=strategy, batch=batch)

    def cancel(self) -> bool:
        """Ask the running job to stop; True if there was one."""
        job = jobs.running(self.home)
        if job:
            job.cancel()
        return job is not None

    def job(self, name: str = "") -> Job:
        """A job by the beginning of its id; the latest without one."""
        return jobs.find(self.home, name)

    def jobs(self) -> list[Job]:
        """All jobs, newest first."""
        return jobs.jobs(self.home)

    def label(self, count: int = 0, keys: Sequence[str] = (), report: Report | None = None) -> annotator.Labelled:
        """Let the simulated annotator label a demo; by default what is open in the live queue.

        With several `keys` as many annotators take turns. Raises NotADemo.
        """
        connections = [Connection(self.desk.url, key) for key in keys] or [self.desk.connection]
        people = [Project(connection, self.home.project) for connection in connections]
        return annotator.label(self.home, people, count or annotator.open_count(self.home, people[0]), report)

    # What one sees -----------------------------------------------------------------

    def status(self) -> Status:
        """The project at a glance, from what is on disk."""
        return status(self.desk)

    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return self.desk.store.all()

    def curve(self) -> list[Point]:
        """The learning curve: every version on the same measuring tasks."""
        return curve(self.desk)

    def plot(self, baseline: Curve | None = None, held_out: Curve | None = None) -> Figure:
        """The learning curve on paper, beside what else was measured; see `figures.learning_curve`."""
        from lsal.workbench.figures import learning_curve

        return learning_curve(self.curve(), baseline, held_out)

    def rounds(self) -> list[Round]:
        """The trainings so far, with seconds by step."""
        return rounds(self.desk)

    def queue(self, count: int = 20) -> list[Waiting]:
        """The head of the live queue."""
        return waiting(self.desk, count)

    def verify(self) -> Verification:
        """Read Label Studio's own order and compare it with what was published."""
        publication = publishing.live_publication(self.home)
        if publication is None:
            raise BadRequest("Nothing was published yet", "Publish a first batch: lsal rank")
        return verify(self.desk.project, publication)

    def demo(self, source: str = "digits", **options: Any) -> Demo:
        """The whole loop with a simulated annotator, beside a random baseline; see `demo.run`."""
        return demo.run(self, source, **options)

    def report(self, sittings: Sequence[annotator.Labelled], seeds: int = 5) -> Demo:
        """What a demo's rounds came to, beside the replayed random baseline."""
        return demo.report(self, sittings, seeds)

    def rehearse(self, source: Path | str, **options: Any) -> Rehearsal:
        """Replay strategies on labels that are already there; see `rehearsal.rehearse`."""
        from lsal.rehearsal import rehearse

        return rehearse(Path(source), **options)

    def _start(self, act: str, **parameters: Any) -> Job:
        check_names(parameters)
        if parameters.get("batch"):
            check_settings({"batch": parameters["batch"]})
        self._refuse_second(act)
        return jobs.start(jobs.create(self.home, act, **parameters), WORKER)

    def _refuse_second(self, act: str) -> None:
        running = jobs.running(self.home)
        # A refill of the queue takes seconds and may have begun by itself: the worker waits for it.
        if running and (act == "rank" or running.state().act != "rank"):
            raise BadRequest(f"Job {running.id} is still running", "Wait for it, or: lsal cancel")

    def _take(self, home: Home) -> Workbench:
        activate(home)
        self._name = home.slug
        self.__dict__["desk"] = Desk(open_home(home.folder))
        self.__dict__.pop("answers", None)
        return self
