"""A job as one follows it: its step, pace and curves, the GPU, the end of its log, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from lsal import jobs
from lsal.files import read_json
from lsal.home import Home
from lsal.jobs import ENDED, Job, State
from lsal.workbench.job_rows import Rows, Training
from lsal.workbench.log_tail import log_tail

LOOKED_AT = 20
"""Of so many jobs back the seconds of each step may be known from."""


@dataclass(frozen=True, slots=True)
class Step:
    """The step that a job is in, the `number`th of `of`, and how far that is: `done` of `total` `unit`s, 0 for unknown.

    `rate` is in units a second, `left_s` how long the rest of the step takes by it.
    """

    name: str = ""
    about: str = ""
    number: int = 0
    of: int = 0
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    rate: float | None = None
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class JobReport:
    """All that is known of a job. `left_s` is until its end, None where nothing tells; `gpu` None on the CPU.

    `figures` are the newest ones of what it trains now, `log` the last lines of its log.
    """

    state: State
    step: Step = field(default_factory=Step)
    left_s: float | None = None
    cancelling: bool = False
    trainings: tuple[Training, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    gpu: Mapping[str, Any] | None = None
    log: tuple[str, ...] = ()


def job_reports(home: Home, count: int) -> list[JobReport]:
    """The newest jobs of a project, newest first; of one that runs only what is new on disk is read."""
    known = jobs.jobs(home)[:LOOKED_AT]
    return [job_report(job, known) for job in known[:count]]


def job_report(job: Job, known: Sequence[Job] = ()) -> JobReport:
    """One job; what is left of it is told by the seconds that each step took in those `known`."""
    try:
        ended = (job.folder / "end.json").stat().st_mtime_ns
    except OSError:
        return _followed(job.folder).report(known)
    return _ended(job.folder, ended)


@lru_cache(maxsize=32)
def _ended(folder: Path, at_ns: int) -> JobReport:
    return _Followed(folder).report(())


@lru_cache(maxsize=8)
def _followed(folder: Path) -> _Followed:
    return _Followed(folder)


class _Followed:
    """A job that is looked at again and again, by several threads."""

    def __init__(self, folder: Path) -> None:
        self._job, self._rows = Job(folder), Rows(folder / "progress.jsonl")
        self._lock = threading.Lock()

    def report(self, known: Sequence[Job]) -> JobReport:
        with self._lock:
            return self._report(known)

    def _report(self, known: Sequence[Job]) -> JobReport:
        folder, state = self._job.folder, self._job.state()
        self._rows.read()
        newest = read_json(folder / "progress.json", {})
        step = self._step(newest)
        gone = state.state in ENDED
        return JobReport(
            state,
            step,
            None if gone else self._left(state, step, known),
            not gone and (folder / "cancel").exists(),
            self._rows.trainings,
            {name: value for name, value in state.progress.metrics.items() if value is not None},
            None if gone else newest.get("gpu"),
            log_tail(folder / "log.txt"),
        )

    def _step(self, newest: Mapping[str, Any]) -> Step:
        told, rate = newest.get("step") or {}, self._rows.rate
        done, total = told.get("done") or 0.0, told.get("total") or 0.0
        name = told.get("name") or str(newest.get("message") or "").partition(":")[0]
        of = int(newest.get("total") or 0)
        return Step(
            name,
            told.get("about") or "",
            min(int(newest.get("done") or 0) + 1, of),
            of,
            done,
            total,
            newest.get("unit") or "",
            rate,
            max(0.0, total - done) / rate if rate and total else None,
        )

    def _left(self, state: State, step: Step, known: Sequence[Job]) -> float | None:
        """Seconds until the end: this step by its pace, the later ones by what they took last time."""
        before = next((told for job in known if (told := _seconds(job, state.act))), None)
        if before is None or state.state != "running":  # a guess by steps alone is worse than the pace of this one
            return state.eta_s if step.left_s is None else None
        later = sum(spent for name, spent in before.items() if name not in self._rows.begun)
        if step.left_s is not None:
            return step.left_s + later
        passed = time.time() - self._rows.begun.get(step.name, time.time())
        return max(0.0, before.get(step.name, 0.0) - passed) + later


def _seconds(job: Job, act: str) -> Mapping[str, float] | None:
    """The seconds by step of a job of this act that was done."""
    try:
        ended = (job.folder / "end.json").stat().st_mtime_ns
    except OSError:
        return None
    facts, end = _end(job.folder, ended)
    if facts.get("act") != act or end.get("state") != "done":
        return None
    told = end.get("result", {}).get("seconds")
    return told if isinstance(told, dict) and told else None


@lru_cache(maxsize=64)
def _end(folder: Path, at_ns: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    return Job(folder).facts, read_json(folder / "end.json", {})
