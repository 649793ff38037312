"""`python -m lsal.worker.tracking HOME`: catch an MLflow up with a project's versions, beside everything else.

It is started when a job has ended, by the backend while something is missing, and by `lsal track`. A round never
waits for it, nor knows how it ended.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal import jobs, processes, tracking
from lsal.errors import LsalError, TrackingError
from lsal.files import read_json, write_json
from lsal.home import Home, open_home
from lsal.jobs import ENDED, Job
from lsal.phrases import log_plainly
from lsal.records import Version
from lsal.settings import child_environment, silence
from lsal.store import Store
from lsal.tracking import Standing

log = logging.getLogger(__name__)

NICE = 19
"""It gives way to everything else: nobody waits for it."""
LIMIT_S = 900
"""Seconds for one version: a place that hangs is given up, and tried again another time."""


def start(home: Home) -> dict[str, Any]:
    """Begin to catch up in a process of its own; which one it is."""
    (home.path("tracked")).mkdir(exist_ok=True)
    command = [sys.executable, "-m", __name__, str(home.folder)]
    marked = processes.spawn(command, _log(home), child_environment(OMP_NUM_THREADS="1"), nice=NICE)
    write_json(home.path("tracked", "process.json"), marked)
    return marked


def start_if_due(home: Home, patient: bool = True) -> bool:
    """The same, if something is missing, no process is at it, and no round is under way, which it waits for.

    Who is `patient` leaves a place alone that failed only just now. Whatever goes wrong is logged alone: neither
    a round nor the backend can do anything about it.
    """
    try:
        due = tracking.is_due(standing(home, Store(home)), patient) and not jobs.running(home)
        if due:
            start(home)
        return due
    except (LsalError, OSError) as error:
        log.warning("cannot begin to mirror versions: %s", error)
        return False


def standing(home: Home, store: Store) -> Standing | None:
    """How far it is; None where tracking is switched off."""
    return tracking.standing(home, store.numbers(), store.current())


def mirror(home: Home, limit_s: int = 0) -> None:
    """Catch up in this process; raises TrackingError. With a limit, in so many seconds for each version."""
    store = Store(home)

    def due() -> tuple[Sequence[Version], Mapping[str, int]]:
        return [version for version in store.all() if _ended(home, version)], store.current()

    tracking.catch_up(home, due, lambda version: _strategy(home, version), lambda: _hurry(limit_s))


def main(folder: str) -> int:
    """Catch up; 0 if that was done, or is not wanted, 1 if not: the home has noted why."""
    silence()
    log_plainly()
    home = open_home(Path(folder).resolve())
    signal.signal(signal.SIGALRM, _give_up)
    try:
        mirror(home, LIMIT_S)
    except TrackingError as error:
        log.warning("%s", error)
        return 1
    return 0


def _hurry(limit_s: int) -> None:
    if limit_s:
        signal.alarm(limit_s)


def _give_up(number: int, frame: Any) -> None:
    raise TimeoutError(f"not done after {LIMIT_S} s")


def _ended(home: Home, version: Version) -> bool:
    """Whether the job that made a version came to its end: what it says about the version is not known before."""
    job = home.path("jobs", version.job)
    return not version.job or not job.exists() or Job(job).state().state in ENDED


def _strategy(home: Home, version: Version) -> str:
    """By what the version's round picked the next tasks; "" where nobody wrote that down."""
    end = read_json(home.path("jobs", version.job, "end.json"), {}) if version.job else {}
    return str((end.get("result") or {}).get("strategy") or "")


def _log(home: Home) -> Path:
    """What the processes print, the newest few alone."""
    path = home.path("tracked", "log.txt")
    if path.exists() and path.stat().st_size > 100_000:
        path.unlink()
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
