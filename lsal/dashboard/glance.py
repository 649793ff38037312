"""The status as a sheet: one project at a glance."""

from __future__ import annotations

from lsal.dashboard.cleaning import amount
from lsal.dashboard.tables import Sheet
from lsal.dashboard.wishes import counts_line
from lsal.dashboard.wording import duration
from lsal.jobs import PERSON, State
from lsal.phrases import counted, moment
from lsal.workbench.advice import at
from lsal.workbench.people import Team
from lsal.workbench.status import Status


def status_sheet(shown: Status) -> Sheet:
    """All that the status holds, the next step where there is one to name, and the warnings."""
    live = ", ".join(f"{control}: version {number}" for control, number in shown.live.items()) or "none"
    queue, measuring = shown.queue, shown.measuring
    facts = [
        ("Label Studio", shown.url or "not running"),
        ("as of", as_of(shown)),
        ("tasks", f"{shown.tasks:,}, {shown.labelled:,} labelled, {shown.skipped:,} skipped"),
        ("for measuring", f"{measuring['labelled']:,} labelled, {measuring['open']:,} open"),
        *((f"control {name}", told) for name, told in shown.controls.items()),
        *((f"control {name}", f"left to people: {why}") for name, why in shown.left_to_people.items()),
        ("live", f"{live} (of {shown.versions})"),
        ("queue", f"{queue['open']} open of {queue['size']}, {queue['name']}" if queue else "nothing published yet"),
        ("sent back", f"{counted(queue['sent_back'], 'labelled task')} of the queue" if "sent_back" in queue else ""),
        ("wishes", counts_line(shown.wishes)),
        ("next", shown.next),
        *_people(shown.team),
        ("automatic rounds", ", ".join(part for part in (str(shown.automatic), shown.automatic.looks) if part)),
        ("backend", shown.backend or backend_words(shown)),
        ("newest job", _job_line(shown.job) if shown.job else "none"),
        ("versions mirrored", shown.tracking),
        ("home", shown.home + (f", {amount(shown.home_bytes)}" if shown.home_bytes is not None else "")),
    ]
    told = tuple((name, value) for name, value in facts if value)
    return Sheet(f"Project {shown.project}: {shown.title}", told, notes=shown.warnings)


def as_of(shown: Status) -> str:
    """As of when the counts are, and why they could not be read again; "" if they were."""
    if not shown.not_read:
        return ""
    return f"{moment(shown.as_of) if shown.as_of else 'the last sync'}, not read since: {shown.not_read}"


def backend_words(shown: Status) -> str:
    """Whether the backend runs, and serves this project, in two or three words."""
    return "on" if shown.backend else "runs, not connected" if shown.automatic.backend else "off"


def _people(shown: Team) -> list[tuple[str, str]]:
    """Who labelled how much; agreement, and answers that nobody asked for, where there are any."""
    facts = [("labelled by", ", ".join(f"{name} {count:,}" for name, count in shown.labelled.items()))]
    agreed = [f"{name} {same:,} of {counted(several, 'task')}" for name, (same, several) in shown.agreed.items()]
    facts.append(("all agree on", ", ".join(agreed)))
    facts.append(("answered by more than asked", counted(shown.beyond, "task") if shown.beyond else ""))
    return facts


def _job_line(job: State) -> str:
    told = job.progress.message if job.state == "running" else job.error
    by = "" if job.by == PERSON else f" ({job.by})"
    when = at(job) if job.state == "failed" else ""
    return f"{job.act}{by}, {job.state}{when}, {duration(job.seconds)}" + (f", {told}" if told else "")
