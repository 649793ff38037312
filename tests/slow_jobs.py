"""Trainings long enough to be stopped in the middle."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lsal import jobs, snapshots
from lsal.jobs import Job
from lsal.records import Example, Labels
from lsal.workbench import Workbench


def slow_job(bench: Workbench, act: str) -> Iterator[Job]:
    """A job in the middle of a training that would take a minute: one regression for each of 3,000 labels."""
    job, draw = jobs.create(bench.home, act), random.Random(0)
    labels = tuple(f"label{n}" for n in range(3000))
    control = replace(bench.desk.handled["label"][0], labels=labels, options={"choice": "multiple"})
    texts = [" ".join(draw.choices("abcdefghijklmnopqrst", k=4)) for _ in range(800)]
    rows = [Example(n, text, Labels(tuple(draw.sample(labels, 300)))) for n, text in enumerate(texts)]
    parts = {"train": rows}
    snapshots.write_snapshot(job.folder / "snapshot" / "label", control, "sklearn_text", {"strength": 1e9}, 0, parts)
    (job.folder / "snapshot" / "whole").touch()
    jobs.start(job, "lsal.worker")
    until(job, "train: Fitting")
    yield job
    job.cancel()
    for _ in job.follow():
        pass


def until(job: Job, message: str) -> None:
    for state in job.follow(every_s=0.02):
        if state.progress.message.startswith(message):
            return
    pytest.fail(f"{job} never came to '{message}': {job.state()}")
