"""What a person wants to know between rounds, as plain records: the status, the curve, the queue's head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal import housekeeping, jobs, measuring, publishing
from lsal.desk import Desk
from lsal.jobs import State
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED
from lsal.records import Version
from lsal.workbench import serving
from lsal.workbench.automatic import Automatic, automatic
from lsal.workbench.people import Team, team
from lsal.workbench.warnings import open_count, still_open, warnings
from lsal.worker import answers


@dataclass(frozen=True, slots=True)
class Status:
    """One project at a glance; counts are as of the last sync."""

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


@dataclass(frozen=True, slots=True)
class Point:
    """One version on the learning curve.

    `accuracy` with its interval is over the measuring tasks that have labels now and that
    this version answered, all versions on the same tasks; `first` is what was measured when
    the version was made. `line` is the control's name, and more for a version whose labels
    are no longer those of the control: it stays as measured while they were.
    """

    version: int
    control: str
    labels: int
    accuracy: float | None
    interval: tuple[float, float]
    tasks: int
    live: bool
    promoted: bool
    reason: str
    made_at: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    measured_on: str = measuring.MEASURED_ON
    line: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One job that trained: its version, what it was measured at, and seconds by step."""

    version: int
    control: str
    labels: int
    accuracy: float | None
    interval: tuple[float, float]
    tasks: int
    promoted: bool
    reason: str
    published: int
    seconds: Mapping[str, float]
    job: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open task of the live publication, in the order in which people get it."""

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
        warnings=tuple(warnings(desk, bool(backend), connected)),
    )


def curve(desk: Desk) -> list[Point]:
    """All versions, each measured on the same tasks as far as it answered them."""
    live, points, lines = desk.store.current(), list[Point](), _lines(desk)
    for version in desk.store.all():
        right, both = _right(desk, version)
        points.append(
            Point(
                version=version.number,
                control=version.control,
                labels=version.examples["count"] + version.examples["measuring"],
                accuracy=right / both if both else None,
                interval=measuring.interval(right, both),
                tasks=both,
                live=live.get(version.control) == version.number,
                promoted=version.promoted,
                reason=version.reason,
                made_at=version.made_at,
                seconds=version.seconds,
                first=version.metrics,
                line=lines[version.number],
            )
        )
    return points


def _right(desk: Desk, version: Version) -> tuple[int, int]:
    """Of the measuring tasks that a version answered, how many it got right, in the words of its time."""
    truth, said = answers.truth_of(desk, version), answers.kept(desk, version.number)
    if truth is None:
        tasks = int(version.metrics.get("tasks") or 0)
        return round((version.metrics.get("accuracy") or 0.0) * tasks), tasks
    both = [task for task in truth if task in said]
    return sum(said[task] == truth[task] for task in both), len(both)


def _lines(desk: Desk) -> dict[int, str]:
    """The line of the curve that each version is on: versions for other labels are on one of their own."""
    eras = {version.number: (version.control, answers.era(version)) for version in desk.store.all()}
    handled = desk.handled if desk.mirror.label_config else {}
    now = {name: answers.era(control) for name, (control, _) in handled.items()}
    last = {era: number for number, era in eras.items()}
    return {
        number: name if now.get(name, era) == era else f"{name} until version {last[name, era]}"
        for number, (name, era) in eras.items()
    }


def rounds(desk: Desk) -> list[Round]:
    """The trainings that ended well, oldest first, with the curve's accuracies."""
    by_version, found = {point.version: point for point in curve(desk)}, []
    for job in reversed(jobs.jobs(desk.home)):
        state = job.state()
        for told in state.result.get("versions", {}).values():
            point = by_version.get(told["version"])
            if point:
                published, seconds = state.result.get("published", 0), state.result.get("seconds", {})
                facts = {n: getattr(point, n) for n in Round.__slots__ if hasattr(point, n) and n != "seconds"}
                found.append(Round(**facts, published=published, seconds=seconds, job=job.id))
    return found


def waiting(desk: Desk, count: int = 20) -> list[Waiting]:
    """The head of the queue, from the live publication less what the mirror knows as labelled."""
    ranking = publishing.live_ranking(desk.home)
    if ranking is None:
        return []
    still = still_open(desk, [entry.task_id for entry in ranking.entries])
    url, rows = desk.address, list[Waiting]()
    for rank, entry in enumerate(ranking.entries):
        if entry.task_id in still and len(rows) < count:
            facts = {
                name: getattr(entry, name) for name in ("guess", "chance", "runner_up", "margin", "score", "parts")
            }
            address = f"{url}/projects/{desk.home.project}/data?task={entry.task_id}" if url else ""
            rows.append(Waiting(rank, entry.task_id, still[entry.task_id], entry.measuring, **facts, url=address))
    return rows
