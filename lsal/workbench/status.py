"""What a person wants to know between rounds, as plain records: the status, and the queue's head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal import housekeeping, jobs, publishing
from lsal.desk import Desk
from lsal.jobs import State
from lsal.label_studio import seen
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED
from lsal.suspects import sending_back
from lsal.workbench import serving, tracking
from lsal.workbench.advice import next_step
from lsal.workbench.automatic import Automatic, automatic
from lsal.workbench.people import Team, team
from lsal.workbench.shown import teller
from lsal.workbench.warnings import open_count, still_open, warnings
from lsal.workbench.wishing import counts, wished


@dataclass(frozen=True, slots=True)
class Status:
    """One project at a glance; counts are as of the last sync.

    That was at `as_of`, by this machine's clock; `not_read` says why a later one failed. `next` is the
    way to the first batch. `wishes` counts the open tasks of which people wished something, by what they wished;
    `tracking` says how far versions are mirrored, "" where they are not.
    """

    project: int
    title: str
    url: str
    home: str
    tasks: int
    labelled: int
    skipped: int
    measuring: Mapping[str, int]
    controls: Mapping[str, str]
    left_to_people: Mapping[str, str]
    live: Mapping[str, int]
    versions: int
    queue: Mapping[str, Any]
    settings: Mapping[str, Any]
    job: State | None = None
    automatic: Automatic = field(default_factory=Automatic)
    backend: str = ""
    team: Team = field(default_factory=Team)
    warnings: tuple[str, ...] = ()
    home_bytes: int | None = None
    next: str = ""
    wishes: Mapping[str, int] = field(default_factory=dict)
    as_of: float | None = None
    not_read: str = ""
    tracking: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open task of the live publication, in the order in which people get it; `shown` is what they see of it."""

    rank: int
    task_id: int
    data: Mapping[str, Any]
    measuring: bool
    guess: str = ""
    chance: float | None = None
    runner_up: str = ""
    margin: float | None = None
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    url: str = ""
    shown: tuple[str, ...] = ()
    relabel: str = ""
    pinned: bool = False


def status(desk: Desk) -> Status:
    """The status from what is on disk; asks Label Studio nothing, so it is instant."""
    home, mirror = desk.home, desk.mirror
    share, publication = home.settings().measuring_share, publishing.live_publication(home)
    known = bool(mirror.label_config)
    running = jobs.jobs(home)[:1]
    backend, connected = serving.backend(home.root), home.path("served.json").exists()
    queue = (
        {"size": len(publication.task_ids), "open": open_count(desk), "name": publication.name} if publication else {}
    )
    if publication and publication.relabel:
        queue["sent_back"] = len(publication.relabel)
    return Status(
        project=home.project,
        title=home.title,
        url=f"{desk.address}/projects/{home.project}" if desk.address else "",
        home=str(home.folder),
        home_bytes=housekeeping.home_bytes(home),
        tasks=mirror.count(),
        labelled=mirror.count(LABELLED),
        skipped=mirror.count(SKIPPED),
        measuring={"labelled": mirror.count(LABELLED, share), "open": mirror.count(OPEN, share)},
        controls={n: f"{c.tag} on {c.object_tag}, {desk.family(n)}" for n, (c, _) in desk.handled.items()}
        if known
        else {},
        left_to_people=desk.unhandled if known else {},
        live=desk.store.current(),
        versions=len(desk.store.numbers()),
        queue=queue,
        settings={name: getattr(home.settings(), name) for name in home.settings().__slots__},
        job=running[0].state() if running else None,
        automatic=automatic(desk, bool(backend)),
        backend=backend["url"] if backend and connected else "",
        team=team(desk),
        next=next_step(desk, bool(backend) and connected, running[0].state() if running else None),
        wishes=counts(wished(desk)) if known else {},
        tracking=tracking.in_words(tracking.standing(home, desk.store)),
        as_of=seen.project_settings(mirror).get("asked_at"),
        warnings=tuple(warnings(desk, bool(backend), connected)),
    )


def waiting(desk: Desk, count: int = 20) -> list[Waiting]:
    """The head of the queue, from the live publication less what the mirror knows as labelled."""
    ranking = publishing.live_ranking(desk.home)
    if ranking is None:
        return []
    again = sending_back.waiting(desk.home, desk.mirror)
    again &= {entry.task_id for entry in ranking.entries if entry.relabel}
    still = still_open(desk, [entry.task_id for entry in ranking.entries])
    still |= {task.id: task.data for task in desk.mirror.tasks(ids=again)}
    url, shown, rows = desk.address, teller(desk), list[Waiting]()
    for rank, entry in enumerate(ranking.entries):
        if entry.task_id in still and len(rows) < count:
            facts = {
                name: getattr(entry, name)
                for name in ("guess", "chance", "runner_up", "margin", "score", "parts", "relabel", "pinned")
            }
            address = f"{url}/projects/{desk.home.project}/data?task={entry.task_id}" if url else ""
            facts |= {"url": address, "shown": shown(still[entry.task_id])}
            rows.append(Waiting(rank, entry.task_id, still[entry.task_id], entry.measuring, **facts))
    return rows
