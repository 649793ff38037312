"""Commands that train, rank and publish: each starts a job."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.jobs import Job
from lsal.workbench import Workbench

_WAIT = argument("--wait", action="store_true", help="wait until the job has ended")
_STRATEGY = argument("--strategy", default="", help="a query strategy, if not the project's")
_BATCH = argument("--batch", type=int, default=0, help="tasks in the batch, if not the project's")


def train(bench: Workbench, a: Arguments) -> Any:
    """Start a training."""
    return _job(bench.train(a.again), a)


def rank(bench: Workbench, a: Arguments) -> Any:
    """Start a ranking."""
    return _job(bench.rank(a.strategy, a.batch), a)


def round_(bench: Workbench, a: Arguments) -> Any:
    """Start a round."""
    return _job(bench.round(a.strategy, a.batch), a)


def _job(job: Job, a: Arguments) -> Any:
    if a.wait:
        job.wait()
        return job.state()
    return job


LOOP = (
    Command(
        "train",
        "train on what is labelled",
        train,
        (argument("--again", default="", metavar="JOB", help="train again from the snapshot of a job"), _WAIT),
    ),
    Command("rank", "rank what is not labelled, and publish the batch", rank, (_STRATEGY, _BATCH, _WAIT)),
    Command("round", "train, measure, promote or hold, rank, publish", round_, (_STRATEGY, _BATCH, _WAIT)),
    Command("cancel", "stop the running job", lambda bench, a: {"asked": bench.cancel()}),
)
