"""Why a task is asked for: its place in the batch, the score taken apart, what the model says, and what is like it.

All of it is read from disk, as the last ranking left it, and takes milliseconds: no model is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lsal import publishing, wishes
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.home import Home
from lsal.records import Entry, Ranking, Task
from lsal.scored import Scored
from lsal.workbench.chances import Chance, Group, group_of, likeliest
from lsal.workbench.neighbours import Neighbour, nearest
from lsal.workbench.pooled import Pooled, pooled
from lsal.workbench.shown import teller
from lsal.workbench.why_words import Part, parts_of, says
from lsal.workbench.wishing import wished


@dataclass(frozen=True, slots=True)
class Why:
    """Why a task is asked for, or is not. `place` counts from 0 among the `batch` tasks of the live queue, None
    outside of it. `role` is picked, drawn, pinned, measuring, sent back, pushed last, excluded, answered, or waiting.

    `chances` are the likeliest classes, the best first; `others` more share `rest`. They are of `control` and of
    its `version`, None before the first. Of measuring tasks nothing is told that a model says.
    """

    task_id: int
    data: Mapping[str, Any]
    shown: tuple[str, ...]
    url: str
    role: str
    place: int | None
    batch: int
    says: str
    parts: tuple[Part, ...] = ()
    control: str = ""
    version: int | None = None
    guess: str = ""
    chances: tuple[Chance, ...] = ()
    rest: float = 0.0
    others: int = 0
    group: Group | None = None
    neighbours: tuple[Neighbour, ...] = ()
    notes: tuple[str, ...] = ()


def why(desk: Desk, task_id: int) -> Why:
    """Why this task. Raises BadRequest for one that is not there."""
    task = next(desk.mirror.tasks(ids=[task_id]), None)
    if task is None:
        raise BadRequest(f"Project {desk.home.project} has no task {task_id}", "See which there are: lsal queue")
    ranking, pool = _ranking(desk.home), pooled(desk.home)
    place = next((n for n, e in enumerate(ranking.entries) if e.task_id == task_id), None) if ranking else None
    entry = ranking.entries[place] if ranking and place is not None else None
    role = _role(desk, task, entry)
    row = pool.row(task_id) if pool and role != "measuring" else None
    doubt = _doubt(pool.scored, row) if pool and row is not None else (None, None)
    address = f"{desk.address}/projects/{desk.home.project}/data?task={task_id}" if desk.address else ""
    found = {} if pool is None or role == "measuring" else _told(desk, pool, task_id, row)
    return Why(
        task_id=task_id,
        data=task.data,
        shown=teller(desk)(task.data),
        url=address,
        role=role,
        place=place,
        batch=len(ranking.entries) if ranking else 0,
        says=says(role, entry, place, ranking),
        parts=parts_of(role, entry, ranking, *doubt),
        guess=entry.guess if entry and role != "measuring" else "",
        notes=tuple(_notes(desk, role, ranking, pool.scored if pool else None, row)),
        **found,
    )


def _told(desk: Desk, pool: Pooled, task_id: int, row: int | None) -> dict[str, Any]:
    """What is known of a task that the ranking knew, open or labelled."""
    known = pool.scored
    found: dict[str, Any] = {"control": known.control, "version": known.version}
    found["neighbours"] = nearest(desk, pool, task_id)
    if row is None:
        return found
    if known.chances is not None:
        found |= likeliest(known.classes, known.chances[row])
    if known.cluster[row] >= 0:
        found["group"] = group_of(known, int(known.cluster[row]))
    return found


def _role(desk: Desk, task: Task, entry: Entry | None) -> str:
    now = wished(desk)
    if task.id in now.excluded:
        return "excluded"
    if entry is not None and entry.relabel:
        return "sent back"
    if not wishes.known(desk.mirror, [task.id])[task.id].open:
        return "answered"
    if task.place < desk.home.settings().measuring_share or (entry is not None and entry.measuring):
        return "measuring"
    if task.id in now.pinned or (entry is not None and entry.pinned):
        return "pinned"
    if entry is None:
        return "pushed last" if task.id in now.last else "waiting"
    drawn = entry.probability is not None or entry.parts.get("random")
    return "drawn" if drawn else "picked"


def _notes(desk: Desk, role: str, ranking: Ranking | None, pool: Scored | None, row: int | None) -> list[str]:
    """What is not known here, and how to come to know it."""
    if role == "measuring":
        return []
    if ranking is None:
        return ["Nothing was published yet. Publish a first batch: lsal rank"]
    if pool is None:
        return ["What the model said of the whole pool was not kept yet. Rank again: lsal rank"]
    live, told = publishing.live_publication(desk.home), []
    if live and pool.ranking != live.name:
        told.append("The chances and neighbours are of an earlier ranking. Rank again: lsal rank")
    if row is None and role not in ("answered", "sent back"):
        told.append("The last ranking did not know this task, or could not read it. Rank again: lsal rank")
    if pool.version is None:
        told.append("There is no version yet: the data alone said which tasks to begin with")
    elif row is not None and pool.chances is None:
        told.append("Chances of classes are kept where a task gets one of them: not of objects, spans or several")
    if pool.labelled_embeddings is None and pool.version is not None:
        told.append("The model has no embeddings: nothing is known of what is like this task")
    return told


def _doubt(pool: Scored, row: int) -> tuple[float | None, float | None]:
    """How doubtful a task is, and the share of the open ones that are less so; None before the first version."""
    mine = float(pool.score[row])
    return (None, None) if np.isnan(mine) else (mine, float((pool.score < mine).mean()))


def _ranking(home: Home) -> Ranking | None:
    live = publishing.live_publication(home)
    return _kept_ranking(home, live.name) if live else None


@lru_cache(maxsize=2)
def _kept_ranking(home: Home, name: str) -> Ranking | None:
    """Read once: with what people are shown it may be megabytes."""
    return publishing.live_ranking(home)
