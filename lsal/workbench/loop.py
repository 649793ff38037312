"""The loop: what trains, ranks and answers. Long work is a job in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from lsal import jobs
from lsal.errors import BadRequest, NoVersion
from lsal.jobs import PERSON, Job, State
from lsal.project_settings import check_settings
from lsal.workbench import mapping, serving
from lsal.workbench.answering import Answers
from lsal.workbench.automatic import Automatic, automatic
from lsal.workbench.choices import check_names
from lsal.workbench.opened import Opened
from lsal.workbench.switches import PROMOTE, Switch, switch

WORKER = "lsal.worker"


class Loop(Opened):
    """Methods that train or rank start a job and return it at once: follow it, wait for it, or cancel it."""

    @cached_property
    def answers(self) -> Answers:
        """The live models, for the backend."""
        return Answers(self.desk)

    def predict(self, label_config: str, tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What the live versions say about tasks; [] before the first version."""
        return self.answers.predict(label_config, tasks)

    def train(self, again: str = "", engine: str = "") -> Job:
        """Train in a process of its own; `again` names a job whose snapshot to train from.

        `engine`, if not the project's, says where: a Ray gets the snapshot, and gives the weights back.
        """
        check_names({"engine": engine})
        if not again:
            return self._start("train", engine=engine)
        job = jobs.find(self.home, again)
        if job.state().state == "done":
            return self._start("train", of=job.id, engine=engine)
        self._refuse_second("train")
        return jobs.start(job, WORKER)

    def rank(
        self,
        strategy: str = "",
        batch: int = 0,
        by: str = PERSON,
        relabel: float | None = None,
        engine: str = "",
    ) -> Job:
        """Rank what is unlabelled by the live versions and publish the batch; `by` says who wants it.

        `relabel` is the share of the batch that may be sent back, if not the project's; `engine` where models
        score, if not the project's.
        """
        if relabel is not None:
            check_settings({"relabel_share": relabel})
        check_names({"engine": engine})
        return self._start("rank", by, strategy=strategy, batch=batch, relabel=relabel, engine=engine)

    def suspects(self) -> Job:
        """Look for label errors: models learn from parts of the labels, and answer the others; see `suspected`."""
        return self._start("suspects")

    def round(self, strategy: str = "", batch: int = 0, by: str = PERSON, engine: str = "") -> Job:
        """Train, measure, promote or hold, rank, publish, verify; `by` says who wants it, `engine` as for `rank`."""
        check_names({"engine": engine})
        return self._start("round", by, strategy=strategy, batch=batch, engine=engine)

    def automatic(self, labels: int | None = None, minutes: int | None = None) -> Automatic:
        """Let the backend start rounds after so many new labels or minutes, 0 for off; without either only show."""
        changes = {"auto_labels": labels, "auto_minutes": minutes}
        if given := {name: value for name, value in changes.items() if value is not None}:
            self.home.change_settings(**given)
        return automatic(self.desk, bool(serving.backend(self.root)))

    def promote(self, version: int) -> Job:
        """Make a version live, also one that was held: it ranks afresh and its queue is published with it."""
        self.desk.store.get(version)
        return self._start("promote", number=version)

    def rollback(self) -> Job:
        """Go back to what was live before the present versions; again goes further back. Raises NoVersion."""
        history = self.desk.store.history()
        if not history:
            raise NoVersion("No version is live yet", "Train the first one: lsal round")
        if len(history) == 1:
            there_are = f"There are: {', '.join(map(str, self.desk.store.numbers()))}"
            raise NoVersion("No other version was live before", f"Choose one: lsal promote N. {there_are}")
        return self._start("rollback", leave=history[-1], to=history[-2])

    def carry_out(self, previewed: Switch) -> Job:
        """Promote or roll back as `switch` told. Raises BadRequest if something else would change by now."""
        now = switch(self.desk, previewed.act, previewed.number)
        if (now.was, now.live) != (previewed.was, previewed.live):
            raise BadRequest("Other versions went live meanwhile", "Look again at what it would change, then confirm")
        return self.promote(now.number) if now.act == PROMOTE else self.rollback()

    def cancel(self) -> bool:
        """Ask the running job to stop; True if there was one."""
        job = jobs.running(self.home) or jobs.running(self.home, aside=True)
        if job:
            job.cancel()
        return job is not None

    def make_map(self, again: bool = False) -> State | None:
        """Place the tasks of the last ranking on a map, in a process beside everything else, unless that is done.

        One that failed or was cancelled is made `again` only. None where there is nothing to place.
        """
        return mapping.make(self.desk, again)

    def cancel_map(self) -> bool:
        """Ask the making of the map to stop; True if it was under way."""
        return mapping.cancel(self.desk)

    def job(self, name: str = "") -> Job:
        """A job by the beginning of its id; the latest without one."""
        return jobs.find(self.home, name)

    def jobs(self) -> list[Job]:
        """All jobs, newest first."""
        return jobs.jobs(self.home)

    def _start(self, act: str, by: str = PERSON, **parameters: Any) -> Job:
        check_names(parameters)
        if parameters.get("batch"):
            check_settings({"batch": parameters["batch"]})
        with self.home.starting():  # a person and the backend may want one at the same moment
            self._refuse_second(act)
            job = jobs.create(self.home, act, by, **parameters)
        return jobs.start(job, WORKER)

    def _refuse_second(self, act: str) -> None:
        self.home.need_attached()
        running = jobs.running(self.home, aside=act in jobs.ASIDE)
        # A refill of the queue takes seconds and may have begun by itself: the worker waits for it.
        if running and (act == "rank" or running.state().act != "rank"):
            raise BadRequest(f"Job {running.id} is still running", "Wait for it, or: lsal cancel")
