"""The acts that a job can be: train, rank, round, promote, rollback, suspects, rehearse, map."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lsal import housekeeping, plugins, publishing, unlearned
from lsal.desk import Desk
from lsal.errors import BadRequest, Busy, Cancelled, LsalError
from lsal.home import open_home
from lsal.jobs import ASIDE, Job
from lsal.records import Version
from lsal.worker import doubting
from lsal.worker.learning import Lesson, learn, write_snapshots
from lsal.worker.mapping import place
from lsal.worker.queueing import pull, renew
from lsal.worker.rehearsing import rehearse
from lsal.worker.steps import Steps
from lsal.worker.switching import promote, rollback

LOCK_S = 300.0
"""Seconds that a job waits for another one of the same project, a refill say, which a busy machine makes slow."""


def run(job: Job) -> dict[str, Any]:
    """Do what the job says, under the project's lock if it changes the project; returns what goes into its end."""
    facts = job.facts
    act = ACTS.get(facts.get("act", ""))
    if act is None:
        raise BadRequest(f"No act is called '{facts.get('act')}'", f"Choose one of: {', '.join(ACTS)}")
    desk = Desk(open_home(job.folder.parent.parent))
    plugins.watch(desk.home.root)
    if facts["act"] in ASIDE:
        return act(desk, job, facts.get("parameters", {}))
    with ExitStack() as held:
        _wait_for_turn(desk, job, held)
        begun = time.monotonic()
        desk.home.need_attached()
        if desk.home.path("intent.json").exists():  # asked first: a training alone needs no server
            publishing.settle(desk.home, desk.project, desk.store)
        result = act(desk, job, facts.get("parameters", {}))
        server = (lambda: desk.project) if act is not train else None
        housekeeping.tidy(desk.home, desk.store, server, time.monotonic() - begun)
        return result


def _wait_for_turn(desk: Desk, job: Job, held: ExitStack) -> None:
    """Hold the project's lock as soon as it is free; a cancel is heard meanwhile."""
    until = time.monotonic() + LOCK_S
    while True:
        try:
            held.enter_context(desk.home.lock(wait_s=1.0))
            return
        except Busy:
            if (job.folder / "cancel").exists():
                raise Cancelled() from None
            if time.monotonic() >= until:
                raise


def train(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Train; a promoted version answers from then on, the queue stays as it is."""
    steps = Steps(job, 4, desk.patience)
    snapshots = _snapshots(desk, job, steps, parameters)
    lessons, why_not = learn(desk, job, steps, snapshots, str(parameters.get("engine") or ""))
    if not lessons and why_not:
        raise next(iter(why_not.values()))
    live = _live(desk, lessons)
    if live != desk.store.current():
        desk.store.make_current(live)
    unlearned.learned(desk.home, snapshots)
    return _told(desk, lessons, why_not, steps)


def rank_act(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Rank by the live versions, publish, verify."""
    steps = Steps(job, 5, desk.patience)
    pull(desk, steps)
    return renew(desk, steps, desk.store.current(), parameters) | steps.took


def round_act(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Train, promote or hold, rank, publish, verify: weights and queue change in one switch.

    A first round, with nothing labelled yet, publishes the start batch.
    """
    steps = Steps(job, 8, desk.patience)
    snapshots = _snapshots(desk, job, steps, parameters)
    if "sync" not in steps.seconds:  # the snapshot is an earlier one; the queue must not be
        pull(desk, steps)
    lessons, why_not = learn(desk, job, steps, snapshots, str(parameters.get("engine") or ""))
    queued = renew(desk, steps, _live(desk, lessons), parameters)
    unlearned.learned(desk.home, snapshots)
    return _told(desk, lessons, why_not, steps) | queued


def suspects_act(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Look for label errors among the training labels; the queue stays as it is."""
    steps = Steps(job, 1 + len(desk.need_handled()), desk.patience)
    pull(desk, steps)
    return {"suspects": doubting.look(desk, steps), **steps.took}


ACTS: dict[str, Callable[[Desk, Job, Mapping[str, Any]], dict[str, Any]]] = {
    "train": train,
    "rank": rank_act,
    "round": round_act,
    "promote": promote,
    "rollback": rollback,
    "suspects": suspects_act,
    "rehearse": rehearse,
    "map": place,
}


def _snapshots(desk: Desk, job: Job, steps: Steps, parameters: Mapping[str, Any]) -> Path:
    """The folder of snapshots: an earlier job's, this job's own from before it was killed, or a fresh one."""
    while parameters.get("of"):  # that one may itself have trained from an earlier one's
        job = Job(job.folder.parent / str(parameters["of"]))
        parameters = job.facts.get("parameters", {})
        if not (job.folder / "snapshot" / "whole").exists() and not parameters.get("of"):
            raise BadRequest(f"Job {job.id} kept nothing to train from", "Choose one that trained: lsal versions")
    mine = job.folder / "snapshot"
    if not (mine / "whole").exists():
        pull(desk, steps)
        with steps.step("snapshot"):
            unlearned.note(mine, desk.mirror)  # first: what comes while the snapshot is taken counts as new
            write_snapshots(desk, mine, steps.report)
            (mine / "whole").touch()
    return mine


def _live(desk: Desk, lessons: Mapping[str, Lesson]) -> dict[str, int]:
    return desk.store.current() | {name: lesson.version.number for name, lesson in lessons.items() if lesson.promoted}


def _twin(desk: Desk, version: Version) -> int | None:
    """An earlier version with the very same weights, as training again from its job should give."""
    same = (v.number for v in desk.store.all() if v.number < version.number and v.files == version.files)
    return next(same, None)


def _told(desk: Desk, lessons: Mapping[str, Lesson], why_not: Mapping[str, LsalError], steps: Steps) -> dict[str, Any]:
    versions = {
        name: {
            "version": lesson.version.number,
            "promoted": lesson.promoted,
            "reason": lesson.reason,
            "metrics": lesson.version.metrics,
            "labels": lesson.version.examples["count"] + lesson.version.examples["measuring"],
            "left_out": len(lesson.version.examples["skipped"]),
            "first_left_out": next(iter(lesson.version.examples["skipped"].values()), ""),
            "notes": lesson.version.examples.get("notes", ""),
            "same_weights_as": _twin(desk, lesson.version),
        }
        for name, lesson in lessons.items()
    }
    not_trained = {name: error.what for name, error in why_not.items()}
    return {"versions": versions, "not_trained": not_trained, **steps.took}
