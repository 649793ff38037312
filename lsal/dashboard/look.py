"""One look at a project: what the dashboard shows, read from disk in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lsal import jobs
from lsal.dashboard.colours import class_colours
from lsal.errors import BadRequest, LsalError
from lsal.jobs import ENDED, State
from lsal.phrases import counted
from lsal.workbench import Workbench
from lsal.workbench.curve import Point
from lsal.workbench.status import Status, Waiting
from lsal.workbench.tuning import Tuning

ROWS = 15
ACTS = ("train", "rank", "round", "cancel")
TITLES = {"train": "Retrain", "rank": "Re-rank", "round": "Round", "cancel": "Cancel", "automatic": "Automatic rounds"}
TITLES |= {"promote": "Promote", "rollback": "Roll back", "carry_out": "The switch", "tune": "Setting"}


@dataclass(frozen=True, slots=True)
class Look:
    """What was found; without a status, `error` says why there is none. `parted` says that lsal left the project.

    `colours` are those of the classes of objects.
    """

    status: Status | None = None
    points: tuple[Point, ...] = ()
    queue: tuple[Waiting, ...] = ()
    error: LsalError | None = None
    parted: str = ""
    colours: Mapping[str, str] = field(default_factory=dict)
    tuning: Tuning | None = None


def look(bench: Workbench) -> Look:
    """Everything the dashboard shows. Takes milliseconds, but may wait for a server that hangs."""
    try:
        colours = class_colours(bench.desk)
        found = (bench.status(), tuple(bench.curve()), tuple(bench.queue(ROWS)), None, _parted(bench), colours)
        return Look(*found, tuning=bench.tuning())
    except LsalError as error:
        return Look(error=error)


def _parted(bench: Workbench) -> str:
    """Why lsal does nothing in the project any more, and how to attach it again; "" where it does."""
    try:
        bench.home.need_attached()
    except BadRequest as error:
        return str(error)
    return ""


def latest(bench: Workbench) -> State | None:
    """Where the running job stands, else the newest; None before the first, and without a project."""
    try:
        running = jobs.running(bench.home)
        found = [running] if running else bench.jobs()[:1]
    except BadRequest:
        return None
    return found[0].state() if found else None


def works(job: State | None) -> bool:
    """Whether the job is under way."""
    return job is not None and job.state not in ENDED


def refusals(seen: Look, job: State | None) -> dict[str, str]:
    """Why each act cannot be done now, in a sentence; an act that can is not in it.

    A training or a round may be started while a ranking runs, and waits for it: a refill of
    the queue takes seconds and may have begun by itself.
    """
    running = job if job and works(job) and job.act not in jobs.ASIDE else None
    wait = f"{title(running.act)} is running: wait for it, or cancel it." if running else ""
    if running and (running.act != "rank" or seen.status is None):
        return dict.fromkeys(("train", "rank", "round"), wait)
    if seen.status is None:
        return dict.fromkeys(ACTS, str(seen.error) if seen.error else "Looking at the project ...")
    if seen.parted:
        return dict.fromkeys(ACTS, f"{seen.parted}.")
    why, status = _no_training(seen.status), seen.status
    done = status.tasks and status.tasks <= status.labelled + status.skipped
    no_ranking = wait or ("Every task is labelled or skipped: there is nothing left to rank." if done else "")
    said = {"train": why, "rank": no_ranking, "round": why, "cancel": "" if running else "Nothing is running."}
    return {act: reason for act, reason in said.items() if reason}


def _no_training(status: Status) -> str:
    if status.left_to_people and not status.controls:
        return f"lsal can learn no control of this project: {'; '.join(status.left_to_people.values())}."
    if not status.labelled:
        return "Nothing is labelled yet: label some tasks in Label Studio first."
    if status.labelled <= status.measuring["labelled"]:
        return "Only measuring tasks are labelled, and those are never trained on: label some more."
    return ""


def empty_curve(seen: Look) -> str:
    """What to say, and to do, while there is no curve to draw."""
    points = seen.points
    if seen.parted:
        return f"{seen.parted}."
    if not points:
        return "There is no version yet. Press Re-rank for a first batch, label it in Label Studio, then press Round."
    return (
        f"{counted(len(points), 'version')}, not measured yet: no measuring task was labelled at the last"
        " training. They are mixed into the queue: label on, then press Round."
    )


def empty_queue(seen: Look) -> str:
    """What to say, and to do, while nothing waits in the queue."""
    if seen.parted:
        return f"{seen.parted}."
    if seen.status is None or not seen.status.queue:
        return "Nothing is published yet. Press Re-rank: it picks a batch and makes it Label Studio's queue."
    return "Every task of the batch is labelled. Press Round: it trains on them and publishes the next batch."


def title(act: str) -> str:
    """The name of an act on its button."""
    return TITLES.get(act, act)
