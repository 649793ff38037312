"""Commands that train, rank and publish: each starts a job."""

from __future__ import annotations

from typing import Any

from lsal import jobs
from lsal.commands.command import Arguments, Command, argument
from lsal.errors import BadRequest
from lsal.jobs import Job
from lsal.workbench import Workbench
from lsal.workbench.told import Told

_WAIT = argument("--wait", action="store_true", help="wait until the job has ended")
_STRATEGY = argument("--strategy", default="", help="a query strategy, if not the project's")
_BATCH = argument("--batch", type=int, default=0, help="tasks in the batch, if not the project's")

_RELABEL = argument("--relabel", type=float, help="share of the batch that may be sent back, if not the project's")
_ENGINE = argument(
    "--engine", default="", help="where models run, if not as set: here, processes, ray, ray://HOST:PORT"
)


def train(bench: Workbench, a: Arguments) -> Any:
    """Start a training."""
    return _job(bench.train(a.again, engine=a.engine), a)


def rank(bench: Workbench, a: Arguments) -> Any:
    """Start a ranking."""
    return _job(bench.rank(a.strategy, a.batch, relabel=a.relabel, engine=a.engine), a)


def round_(bench: Workbench, a: Arguments) -> Any:
    """Start a round."""
    return _job(bench.round(a.strategy, a.batch, engine=a.engine), a)


def promote(bench: Workbench, a: Arguments) -> Any:
    """Start making a version live."""
    return _job(bench.promote(a.version), a)


def rollback(bench: Workbench, a: Arguments) -> Any:
    """Start going back to what was live before."""
    return _job(bench.rollback(), a)


def cancel(bench: Workbench, a: Arguments) -> Any:
    """Ask the running job to stop; which one that is."""
    job = jobs.running(bench.home) or jobs.running(bench.home, aside=True)
    if job is None or not bench.cancel():
        return Told({"asked": False}, "Nothing was running")
    says = f"Job {job.id} is being cancelled: it stops at its next step"
    return Told({"asked": True, "job": job.id}, says, None, "See when it has ended: lsal status")


def auto(bench: Workbench, a: Arguments) -> Any:
    """Set or show when rounds start by themselves."""
    if a.labels == "off":
        return bench.automatic(0, 0)
    try:
        labels = None if a.labels is None else int(a.labels)
    except ValueError:
        raise BadRequest(
            f"'{a.labels}' is no number of labels", "For example: lsal auto 50, or: lsal auto off"
        ) from None
    return bench.automatic(labels, a.minutes)


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
        (argument("--again", default="", metavar="JOB", help="train again from the snapshot of a job"), _ENGINE, _WAIT),
    ),
    Command(
        "rank", "rank what is not labelled, and publish the batch", rank, (_STRATEGY, _BATCH, _RELABEL, _ENGINE, _WAIT)
    ),
    Command("round", "train, measure, promote or hold, rank, publish", round_, (_STRATEGY, _BATCH, _ENGINE, _WAIT)),
    Command(
        "promote",
        "make a version live, and publish the queue that it ranks",
        promote,
        (argument("version", type=int, help="a number from: lsal versions"), _WAIT),
    ),
    Command("rollback", "go back to the versions that were live before", rollback, (_WAIT,)),
    Command(
        "auto",
        "let rounds start by themselves, or show when they do",
        auto,
        (
            argument("labels", nargs="?", metavar="LABELS", help="after so many new labels; off for never"),
            argument("--minutes", type=int, help="or after so many minutes, if there is a new label; 0 for never"),
        ),
    ),
    Command("cancel", "stop the running job", cancel),
)
