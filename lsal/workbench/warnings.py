"""What a person should know before they trust the status, each with the next step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lsal import jobs, publishing
from lsal.desk import Desk
from lsal.files import read_json
from lsal.label_studio.mirror import LABELLED, OPEN


def warnings(desk: Desk, backend: bool, connected: bool) -> list[str]:
    """All warnings on a project; `connected` says whether the backend was ever connected to it."""
    return [
        *_processes_missing(desk, backend, connected),
        *_labels_unused(desk),
        *_controls_changed(desk),
        *_queue_at_fault(desk),
    ]


def open_count(desk: Desk) -> int:
    """How many tasks of the live publication the mirror knows as open."""
    publication = publishing.live_publication(desk.home)
    return len(still_open(desk, publication.task_ids)) if publication else 0


def still_open(desk: Desk, tasks: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The data of those of the tasks that the mirror knows as open, by id."""
    return {task.id: task.data for task in desk.mirror.tasks(ids=tasks, state=OPEN)}


def _processes_missing(desk: Desk, backend: bool, connected: bool) -> list[str]:
    told = []
    if desk.address is None:
        told.append("lsal's own Label Studio is not running. Start it: lsal up")
    if connected and not backend:
        told.append("The ML backend is not running: no pre-annotations, no refill of the queue. Start it: lsal serve")
    if backend and not connected:
        told.append("The ML backend runs, but is not connected to this project. Connect it: lsal serve")
    newest = jobs.jobs(desk.home)[:1]
    state = newest[0].state() if newest else None
    if state and state.state in ("failed", "lost"):
        told.append(f"The last {state.act} {state.state}: {state.error}. {state.fix}")
    return told


def _labels_unused(desk: Desk) -> list[str]:
    """Told until the first label is there: then people have seen that they start from nothing."""
    unused = read_json(desk.home.path("source.json"), {}).get("labels_unused", 0)
    if not unused or desk.mirror.count(LABELLED):
        return []
    return [
        f"{unused} items came with labels, which only named the classes. For a simulated annotator: lsal new --demo"
    ]


def _controls_changed(desk: Desk) -> list[str]:
    told, numbers = [], desk.store.numbers()
    if not desk.mirror.label_config:
        return []
    for name, (control, _) in desk.handled.items():
        number = desk.store.current().get(name)
        if number is not None and number not in numbers:
            told.append(f"Version {number} of '{name}' is live but its folder is gone. Train another: lsal round")
        elif number is not None and not desk.store.get(number).fits(control):
            told.append(f"The control '{name}' changed since version {number} was trained. Train again: lsal round")
    return told


def _queue_at_fault(desk: Desk) -> list[str]:
    told, publication = [], publishing.live_publication(desk.home)
    ranking = publishing.live_ranking(desk.home)
    if ranking and ranking.problems:
        first = next(iter(ranking.problems.values()))
        told.append(f"{len(ranking.problems)} tasks cannot be read and are left out of the queue; the first: {first}")
    if publication and desk.mirror.label_config and publication.versions != desk.fitting(desk.store.current()):
        told.append("The queue was ranked by other versions than those that are live. Rank again: lsal rank")
    if publication and not open_count(desk):
        told.append("Every task of the live queue is labelled, Label Studio now serves at random. Go on: lsal round")
    if desk.home.path("intent.json").exists():
        told.append("A switch of the queue was interrupted. It is finished or dropped by the next: lsal rank")
    return told
