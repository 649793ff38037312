"""Versions in MLflow: how far they are mirrored, what keeps them from it, and catching up by hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from lsal import jobs, processes
from lsal.desk import Desk
from lsal.errors import BadRequest, TrackingError
from lsal.files import read_json
from lsal.home import Home
from lsal.phrases import counted, moment
from lsal.protocols import Report
from lsal.records import Progress
from lsal.settings import keep_mlflow_address
from lsal.tracking import Standing
from lsal.workbench.told import Told
from lsal.worker.tracking import standing, start, start_if_due

__all__ = ["in_words", "lacking", "standing", "switched", "track", "warnings"]

WAIT_S, LOOK_S = 600.0, 0.1
ON = "Switch it on: lsal set tracking=mlflow"


def switched(home: Home) -> None:
    """Tracking was switched on or off: what is there already is mirrored by a process beside this one."""
    if home.settings().tracking != "off":
        keep_mlflow_address(home.root)
        start_if_due(home, patient=False)


def in_words(found: Standing | None) -> str:
    """How far it is, on one line; "" where tracking is off."""
    if found is None:
        return ""
    count = found.mirrored + len(found.missing)
    have = f"{found.mirrored} of {counted(count, 'version')} in MLflow at {found.where}"
    return have + (", going on now" if found.running else ", more by: lsal track" if found.behind else "")


def lacking(found: Standing | None) -> tuple[str, str] | None:
    """What MLflow does not have and why, and the next step; None where nothing went wrong."""
    if found is None or found.trouble is None or not found.behind:
        return None
    what = f"{_numbers(found.missing)} not in MLflow" if found.missing else "MLflow does not know what is live"
    return f"{what}. {found.trouble.what} ({moment(found.trouble.at)})", found.trouble.fix


def warnings(desk: Desk) -> list[str]:
    """The same as a warning of the status."""
    wrong = lacking(standing(desk.home, desk.store))
    return [". ".join(wrong)] if wrong else []


def track(desk: Desk, report: Report | None = None) -> Told:
    """Catch up, and wait for it; what was done. Raises BadRequest where it is off, TrackingError where it fails."""
    before, begun = standing(desk.home, desk.store), time.time()
    if before is None:
        raise BadRequest("Versions are not mirrored: tracking is off", ON)
    if before.behind:
        _wait(desk, before, report)
    after = standing(desk.home, desk.store)
    if after is None:
        raise BadRequest("Tracking was switched off meanwhile", ON)
    if after.trouble and after.trouble.at >= begun:
        raise TrackingError(after.trouble.what, after.trouble.fix)
    if after.behind and not after.running and not jobs.running(desk.home):
        what = "The process that mirrors versions ended without a word"
        raise TrackingError(what, f"See {desk.home.path('tracked', 'log.txt')}. Then: lsal track")
    return _told(desk, before, after)


def _wait(desk: Desk, before: Standing, report: Report | None) -> None:
    """Until the process ended, or long enough; it goes on by itself."""
    marked = read_json(desk.home.path("tracked", "process.json")) if before.running else start(desk.home)
    until, total = time.monotonic() + WAIT_S, len(before.missing)
    while processes.alive(marked) and time.monotonic() < until:
        now = standing(desk.home, desk.store)
        if report and now:
            report(Progress(total - len(now.missing), total, "Mirroring versions"))
        time.sleep(LOOK_S)


def _told(desk: Desk, before: Standing, after: Standing) -> Told:
    done = [number for number in before.missing if number not in after.missing]
    live = {name: number for name, number in desk.store.current().items() if name in before.moved}
    fields: dict[str, Any] = {"where": after.where, "mirrored": done, "missing": list(after.missing)}
    fields["current"] = {} if after.moved else live
    says = (
        f"{_numbers(done)} mirrored" if done else "Nothing new to mirror" if after.behind else "MLflow has all versions"
    )
    current = ", ".join(f"{name}: version {number}" for name, number in fields["current"].items())
    facts = {"MLflow": after.where, "versions there": str(after.mirrored), "current moved": current}
    notes = ["It goes on by itself: lsal status"] if after.running else []
    notes += (
        [f"{_numbers(after.missing)} not there yet: the job is still running"] if after.behind and not notes else []
    )
    return Told(fields, says, facts, *notes)


def _numbers(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"Version {listed} is" if len(numbers) == 1 else f"Versions {listed} are"
