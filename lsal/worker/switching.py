"""Promote and roll back: another set of versions goes live, with a queue that it ranked afresh.

Both are the same switch as a round's. The queue is never the one that the old set had: people
have labelled most of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.jobs import Job
from lsal.publishing import Sets
from lsal.store import check_files
from lsal.worker.queueing import pull, renew
from lsal.worker.steps import Steps


def promote(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Make version `number` the live one of its control, also if the gate held it."""
    version = desk.store.get(int(parameters["number"]))
    was = desk.store.current()
    if was.get(version.control) == version.number:
        return {"live": was, "why": f"version {version.number} is live already, nothing was changed"}
    return _switch(desk, job, was, {**was, version.control: version.number})


def rollback(desk: Desk, job: Job, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """From the versions `leave` back to those that were live before them, `to`.

    Both are given, so that a job which is run again after it was killed goes back only once.
    """
    leave, to, history = dict(parameters["leave"]), dict(parameters["to"]), desk.store.history()
    if history[-1:] == [to]:
        return {"live": to, "why": "these versions are live already, nothing was changed"}
    if history[-2:] != [to, leave]:
        raise BadRequest("Other versions went live meanwhile", "See what is live: lsal status, then: lsal rollback")
    return _switch(desk, job, leave, to, history[:-2])


def _switch(
    desk: Desk, job: Job, was: Mapping[str, int], live: Mapping[str, int], before: Sets | None = None
) -> dict[str, Any]:
    steps = Steps(job, 5, desk.patience)
    changed = {name: number for name, number in live.items() if was.get(name) != number}
    for number in changed.values():
        check_files(desk.store.get(number))
    pull(desk, steps)
    _check_fit(desk, changed)
    queued = renew(desk, steps, live, {}, before)
    if not queued["published"]:
        queued["why"] = f"{queued['why']}: only the versions changed"
    return {"live": dict(live), "was": dict(was), **queued, **steps.took}


def _check_fit(desk: Desk, versions: Mapping[str, int]) -> None:
    """Refuse versions whose control is not what it was when they were trained."""
    for name in versions.keys() - desk.fitting(versions).keys():
        raise BadRequest(
            f"Version {versions[name]} was trained for another '{name}': the label config, or what the family "
            "reads, changed since",
            "Train one for the present config: lsal round",
        )
