"""The loop: what trains, ranks and answers. Long work is a job in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from lsal import jobs
from lsal.errors import BadRequest
from lsal.jobs import Job
from lsal.project_settings import check_settings
from lsal.workbench.answering import Answers
from lsal.workbench.choices import check_names
from lsal.workbench.opened import Opened

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
