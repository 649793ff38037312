"""Rounds that start by themselves: after so many new labels, or so many minutes with at least one.

automatic.json, in the home, is what the looks remember, whichever backend took them:
the newest training that was accounted for (`seen`), how many failed in a row, and from where
labels count after a person cancelled one (`since`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lsal import jobs, unlearned
from lsal.backend.pace import Pace
from lsal.errors import BadRequest
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.jobs import AUTO, Job, State
from lsal.project_settings import ProjectSettings
from lsal.workbench import Workbench
from lsal.workbench.automatic import WAITS, kept_at, since

TRAININGS = ("train", "round")
RECENT = 50
"""Jobs among which the newest training is looked for."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one look came to: a round that it started, or why it started none; seconds until the next look."""

    next_s: float
    says: str = ""
    job: Job | None = None


def look(bench: Workbench, pace: Pace) -> Decided:
    """Start a round if one is due. Of several backends on one root, one looks at a time."""
    settings, home = bench.home.settings(), bench.home
    if not settings.automatic:
        _forget(home)
        return Decided(pace.idle)
    if job := jobs.running(home):
        return Decided(pace.pause, f"{job.state().act} is running")
    bench.sync()
    try:
        with FileLock(home.path("automatic.lock"), timeout=0):
            decided, kept = _decide(bench, settings, pace)
            now = time.time()
            write_json(kept_at(home), kept | {"looked_at": now, "next_at": now + decided.next_s, "says": decided.says})
    except Timeout:
        return Decided(pace.pause)
    return decided


def _decide(bench: Workbench, settings: ProjectSettings, pace: Pace) -> tuple[Decided, dict[str, Any]]:
    """What to do, and what to remember of it; for whoever holds the lock."""
    kept, now = _kept(bench.home), time.time()
    if job := jobs.running(bench.home):  # somebody started it while this look read
        return Decided(pace.pause, f"{job.state().act} is running"), kept
    kept = _account(kept, bench, now)
    new = unlearned.count(bench.desk.mirror, since(bench.home, kept))
    kept = {**kept, "first_at": (kept.get("first_at") or now) if new else None}
    due, hold = _due_at(settings, kept, new), _hold(kept, new, pace)
    if due > now:
        return Decided(max(pace.pause, min(pace.idle, due - now)), WAITS), kept
    if hold > now:
        failed = f"{kept['failures']} failed in a row, tries again later"
        why = failed if kept["failures"] else "rests after a round"
        return Decided(max(pace.pause, min(pace.idle, hold - now)), why), kept
    return _start(bench, pace), kept


def _due_at(settings: ProjectSettings, kept: Mapping[str, Any], new: int) -> float:
    """When a round is due with so many new labels; infinity if only more of them can make it so."""
    if settings.auto_labels and new >= settings.auto_labels:
        return 0.0
    if not settings.auto_minutes or not new:
        return inf
    return float(kept.get("ended_at") or kept["first_at"]) + 60.0 * settings.auto_minutes


def _hold(kept: Mapping[str, Any], new: int, pace: Pace) -> float:
    """Until when none is started: trainings take half of the time at most, failing ones less and less."""
    if "ended_at" not in kept:
        return 0.0
    failures = int(kept["failures"])
    if failures and new > kept["failed_with"]:  # with other labels it may go well
        failures = 1
    return float(kept["ended_at"] + max(pace.rest, kept["took"], pace.retry(failures) if failures else 0.0))


def _start(bench: Workbench, pace: Pace) -> Decided:
    try:
        job = bench.round(by=AUTO)
    except BadRequest as error:  # somebody else was faster
        return Decided(pace.pause, error.what)
    return Decided(pace.pause, "round is running", job)


def _account(kept: dict[str, Any], bench: Workbench, now: float) -> dict[str, Any]:
    """What is remembered, with the newest training: each that ended is accounted for once."""
    newest, first = _newest(bench.home), "looked_at" not in kept
    if newest is None or newest.id == kept.get("seen"):
        return kept
    state, failures = newest.state(), int(kept.get("failures", 0))
    kept |= {"seen": newest.id, "failures": 0, "ended": _counted(kept, state)}
    kept |= {"ended_at": _ended_at(newest, now), "took": state.seconds}
    if state.state == "done" or first:  # what ended before anybody wanted automatic rounds is no reason to wait
        return kept
    if state.state == "cancelled":
        return kept | {"since": asdict(unlearned.mark(bench.desk.mirror))}
    new = unlearned.count(bench.desk.mirror, since(bench.home, kept))
    return kept | {"failures": failures + 1, "failed_with": new}


def _counted(kept: Mapping[str, Any], state: State) -> dict[str, int]:
    """How the automatic rounds so far ended."""
    ended = dict(kept.get("ended") or {})
    if state.by == AUTO:
        ended[state.state] = ended.get(state.state, 0) + 1
    return ended


def _newest(home: Home) -> Job | None:
    """The newest job that trains."""
    return next((job for job in jobs.jobs(home)[:RECENT] if job.facts.get("act") in TRAININGS), None)


def _ended_at(job: Job, now: float) -> float:
    """When it ended; one that was lost, now."""
    end: Path = job.folder / "end.json"
    return end.stat().st_mtime if end.exists() else now


def _kept(home: Home) -> dict[str, Any]:
    return dict(read_json(kept_at(home), {}))


def _forget(home: Home) -> None:
    """Only the counts outlive automatic rounds that were switched off."""
    kept = _kept(home)
    if "looked_at" in kept:
        write_json(kept_at(home), {"ended": kept.get("ended", {})})
