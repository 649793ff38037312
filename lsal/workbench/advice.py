"""What to do next: after a job that failed, before the first batch, and when the queue was switched off."""

from __future__ import annotations

from lsal import jobs, publishing
from lsal.desk import Desk
from lsal.home import Home
from lsal.jobs import ENDED, State
from lsal.label_studio import queue, seen, server
from lsal.label_studio.mirror import OPEN
from lsal.phrases import moment


def failed(state: State | None) -> str:
    """What became of the newest job, in a sentence without its end; "" if it went well."""
    if state is None or state.state not in ("failed", "lost"):
        return ""
    return f"The last {state.act} {state.state}{at(state)}: {state.error}"


def at(state: State) -> str:
    """When a job ended, as a part of a sentence; "" where nobody wrote it down."""
    return f" at {moment(state.ended_at)}" if state.ended_at else ""


def answered_at(desk: Desk) -> float:
    """When Label Studio last was known to answer: at the last sync, or when lsal's own was started since."""
    asked = seen.project_settings(desk.mirror).get("asked_at") or 0.0
    return max(float(asked), server.ready_at(desk.home.root) if desk.home.own_server else 0.0)


def fix_of(state: State, answered_at: float | None) -> str:
    """The next step after a failed job, which ends in a command.

    What was wrong with the way to Label Studio is no more if it answered since.
    """
    again = f"lsal {state.act}{' N' * (state.act == 'promote')}"
    if state.contact and state.ended_at and (answered_at or 0.0) > state.ended_at:
        return f"Label Studio has answered since. Start it again: {again}"
    return state.fix if "lsal " in state.fix else f"{state.fix}{'. ' if state.fix else ''}Then: {again}"


def next_step(desk: Desk, connected: bool, job: State | None) -> str:
    """The way to the first batch; "" if there was one, or none can be made."""
    known, under_way = bool(desk.mirror.label_config), job is not None and job.state not in ENDED
    if under_way or desk.home.detached or not known or not desk.handled or not desk.mirror.count(OPEN):
        return ""
    if publishing.live_publication(desk.home):
        return ""
    return "lsal rank publishes a first batch" if connected else "lsal serve, then lsal rank publishes a first batch"


def switched_off(desk: Desk) -> list[str]:
    """A warning if Label Studio, when it was last asked, did not serve what was published by then."""
    publication, facts = publishing.live_publication(desk.home), seen.project_settings(desk.mirror)
    if publication is None or not facts or facts["asked_at"] <= _published_at(desk.home):
        return []
    wrong = queue.not_served(facts, publication.name)
    if not wrong or desk.home.path("intent.json").exists() or jobs.running(desk.home):
        return []
    return [f"{wrong}. Set it back: lsal rank, or lsal doctor --fix"]


def _published_at(home: Home) -> float:
    """When the last switch was over: what was asked for before may be of the queue before."""
    return home.path("publication.json").stat().st_mtime
