"""Old jobs: of trainings the facts stay, which the rounds are told from; the rest goes."""

from __future__ import annotations

from lsal import jobs
from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish
from lsal.jobs import ENDED, Job

TRAININGS = ("train", "round")
BIG = ("snapshot", "log.txt", "progress.jsonl", "progress.json")
"""What of a training goes: the snapshot first of all."""


def old(home: Home, keep: int) -> list[Rubbish]:
    """Beyond the newest `keep` trainings, what they wrote down beside their end; beyond as many others, all.

    A job that trained again from an earlier one's snapshot needs that one.
    """
    trainings, others = list[Job](), list[Job]()
    for job in jobs.jobs(home):
        (trainings if job.facts.get("act") in TRAININGS else others).append(job)
    needed = {str(job.facts.get("parameters", {}).get("of") or "") for job in trainings[:keep]}
    found = [_of_training(job) for job in trainings[keep:] if job.id not in needed and _ended(job)]
    found += [_whole(job) for job in others[keep:] if _ended(job)]
    return [one for one in found if one.paths]


def _ended(job: Job) -> bool:
    return (job.folder / "end.json").exists() or job.state().state in ENDED


def _of_training(job: Job) -> Rubbish:
    snapshot = job.folder / "snapshot"
    return rubbish("snapshot", job.id, *(job.folder / name for name in BIG), before=snapshot / "whole")


def _whole(job: Job) -> Rubbish:
    return rubbish("job", job.id, job.folder, before=job.folder / "job.json")
