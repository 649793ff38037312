"""Which versions were live once and are not, because people went back to an older one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from lsal import jobs
from lsal.desk import Desk
from lsal.store import REMEMBERED

LEFT = "version {} was put back in its place"
NEVER = "promoted, but it is not among what was live: it was rolled back, or its round did not end"


def rolled_back(desk: Desk) -> dict[int, str]:
    """Why each version is not live any more that an older one replaced, by its number.

    A rollback takes a version out of the store's history; promoting an older one leaves it in.
    """
    history = desk.store.history()
    back = _replaced(history)
    if len(history) > REMEMBERED:  # the oldest are forgotten, not rolled back
        return back
    live_once = {number for one in history for number in one.values()}
    first = {control: number for one in reversed(history) for control, number in one.items()}
    gone = [
        version
        for version in desk.store.all()
        if version.promoted
        and version.number not in live_once
        and version.number > first.get(version.control, version.number)
    ]
    left = _left(desk) if gone else {}
    return back | {version.number: left.get(version.number, NEVER) for version in gone}


def _replaced(history: Sequence[Mapping[str, int]]) -> dict[int, str]:
    """Versions that an older one followed, and that did not come back."""
    back: dict[int, str] = {}
    for before, after in pairwise(history):
        for control, number in after.items():
            back.pop(number, None)
            if before.get(control, number) > number:
                back[before[control]] = LEFT.format(number)
    return back


def _left(desk: Desk) -> dict[int, str]:
    """What jobs tell of the rollbacks that they made."""
    told: dict[int, str] = {}
    for job in reversed(jobs.jobs(desk.home)):
        if job.facts.get("act") == "rollback" and (state := job.state()).state == "done":
            live, was = state.result.get("live", {}), state.result.get("was", {})
            told |= {n: LEFT.format(live[control]) for control, n in was.items() if live.get(control, n) != n}
    return told
