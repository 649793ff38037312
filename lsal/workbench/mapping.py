"""What the map shows: every task of the last ranking, where it lies, and what is known of it by now."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lsal import jobs, projecting, publishing, scored
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import write_json
from lsal.jobs import ENDED, Job, State
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED
from lsal.scored import Scored
from lsal.workbench.shown import teller
from lsal.workbench.status import Waiting

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.home import Home
    from lsal.projecting import Rows
    from lsal.records import Floats, Ints

MEASURING, GONE = 3, 4
"""Beside the mirror's states: an open task that is for measuring, and one that the project no longer has."""
EARLIER, MOST = "earlier", 0.9
"""Places of the map before, shown while this one is made if they are known of so large a share of the tasks."""
__all__ = ["EARLIER", "GONE", "LABELLED", "MEASURING", "OPEN", "SKIPPED", "Mapped"]

Kind = TypeVar("Kind", np.float32, np.int64)

_rows: dict[tuple[Path, int], Rows] = {}
"""Of the pool that was read last: reading all embeddings takes a while."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """The n tasks of the ranking called `ranking`: the open ones first, then those that the model was trained on.

    `places` are float32 (n, 2) from -1 to 1, by `method`: "neighbours", "linear", or "earlier" while those of the
    map before are shown; None before there are any.
    `label` and `guess` (n,) index `classes`, -1 without one; `confidence` and `doubt` (n,) are NaN where no
    version was asked. `standing` (n,) is what became of each: OPEN, LABELLED, SKIPPED, MEASURING or GONE.
    `cluster` (n,) is a group of like tasks, of a labelled task that of its nearest open neighbour; -1 without.
    `batch` (n,) says which of them wait in the published batch. `embedded` is False where the model has no
    embeddings to place tasks by.
    """

    ranking: str
    control: str
    version: int | None
    classes: tuple[str, ...]
    task_ids: Ints
    places: Floats | None
    method: str
    guess: Ints
    confidence: Floats
    doubt: Floats
    cluster: Ints
    label: Ints
    standing: Ints
    batch: NDArray[np.bool_]
    embedded: bool = True


def mapped(desk: Desk) -> Mapped | None:
    """As of now; None before the first ranking. Takes a tenth of a second for 100,000 tasks, once it knows them."""
    pool = scored.read(desk.home)
    if pool is None:
        return None
    ids = np.concatenate([pool.task_ids, pool.labelled_ids]).astype(np.int64)
    embedded = pool.embeddings is not None
    method, places = _places(desk, pool) if embedded else ("", None)
    if places is not None:  # labelled ones without an embedding come last
        places = np.concatenate([places, np.full((len(ids) - len(places), 2), np.nan, np.float32)])
    return Mapped(
        ranking=pool.ranking,
        control=pool.control,
        version=pool.version,
        classes=pool.classes,
        task_ids=ids,
        places=places,
        method=method,
        guess=_all(pool.guess, ids, -1),
        confidence=_all(pool.confidence, ids, np.nan),
        doubt=_all(pool.score, ids, np.nan),
        cluster=_clusters(pool, places, len(ids)),
        label=np.concatenate([np.full(len(pool.task_ids), -1), pool.labelled_classes]).astype(np.int64),
        standing=_standing(desk, ids),
        batch=np.isin(ids, _batch(desk)),
        embedded=embedded,
    )


def making(desk: Desk) -> State | None:
    """Where the making of the ranking's map stands; None if nobody ever began it."""
    folder = _folder(desk)
    return Job(folder).state() if folder and (folder / "job.json").exists() else None


def make(desk: Desk, again: bool = False) -> State | None:
    """Begin to place the tasks of the last ranking, in a process of its own, unless that is done or under way.

    One that failed or was cancelled is begun `again` only. None where there is nothing to place.
    """
    folder = _folder(desk)
    if folder is None:
        return None
    with desk.home.starting():  # two notebooks may want it at the same moment
        job, there = Job(folder), (folder / "job.json").exists()
        if there and not (again and job.state().state in ENDED and job.state().state != "done"):
            return job.state()
        for other in projecting.older(desk.home, folder.name):
            Job(other).cancel()
        write_json(folder / "job.json", {"act": "map", "made_at": time.time(), "by": jobs.PERSON, "parameters": {}})
    return jobs.start(job, "lsal.worker").state()


def cancel(desk: Desk) -> bool:
    """Ask the making of the map to stop; True if it was under way. What is drawn stays."""
    folder = _folder(desk)
    if folder is None or not (folder / "job.json").exists() or Job(folder).state().state in ENDED:
        return False
    Job(folder).cancel()
    return True


def glimpse(desk: Desk, task: int) -> Waiting:
    """What is known here of one task, as a row of the queue has it. Raises BadRequest without it."""
    for found in desk.mirror.tasks(ids=[task]):
        url = f"{desk.address}/projects/{desk.home.project}/data?task={task}" if desk.address else ""
        return Waiting(-1, task, found.data, False, url=url, shown=teller(desk)(found.data))
    raise BadRequest(f"The project has no task {task} any more", "Rank again: lsal rank")


def _places(desk: Desk, pool: Scored) -> tuple[str, Floats | None]:
    """The best there are, and by what method: those of the map before, until this ranking's are worked out."""
    rows = _rows_of(desk.home, pool)
    found = projecting.covering(desk.home, rows)
    if found is not None and found.method == projecting.NEIGHBOURS:
        return found.method, found.places
    state = making(desk)
    if state is None or state.state not in ENDED:
        before = projecting.newest(desk.home, rows)
        if before is not None and np.isfinite(before[:, 0]).mean() >= MOST:
            return EARLIER, before
    return (found.method, found.places) if found else ("", None)


def _folder(desk: Desk) -> Path | None:
    """Of the map of the newest ranking: that which shows all its tasks, else a new one."""
    pool = scored.read(desk.home)
    if pool is None or pool.embeddings is None or not len(pool.task_ids):
        return None
    rows = _rows_of(desk.home, pool)
    found = projecting.covering(desk.home, rows)
    return desk.home.path(projecting.FOLDER, found.name if found else projecting.named(rows))


def _rows_of(home: Home, pool: Scored) -> Rows:
    key = (home.folder, scored.stamp(home))
    if key not in _rows:
        _rows.clear()
        _rows[key] = projecting.rows_of_pool(pool)
    return _rows[key]


def _all(values: NDArray[Kind], ids: Ints, none: float) -> NDArray[Kind]:
    """Of open tasks, and nothing of the others."""
    return np.concatenate([values, np.full(len(ids) - len(values), none, values.dtype)])


def _standing(desk: Desk, ids: Ints) -> Ints:
    share = desk.home.settings().measuring_share
    known = np.array(desk.mirror.select("SELECT id, state, place < ? FROM tasks ORDER BY id", share), np.int64)
    if not len(known):
        return np.full(len(ids), GONE, np.int64)
    at = np.minimum(np.searchsorted(known[:, 0], ids), len(known) - 1)
    there, measuring = known[at, 0] == ids, (known[at, 1] == OPEN) & (known[at, 2] == 1)
    return np.where(there, np.where(measuring, MEASURING, known[at, 1]), GONE)


def _batch(desk: Desk) -> list[int]:
    ranking = publishing.live_ranking(desk.home)
    return [entry.task_id for entry in ranking.entries] if ranking else []


def _clusters(pool: Scored, places: Floats | None, rows: int) -> Ints:
    """A labelled task is told the group of the open task that lies nearest."""
    told = np.full(rows, -1, np.int64)
    told[: len(pool.cluster)] = pool.cluster
    if places is None or rows == len(pool.cluster) or not len(pool.cluster):
        return told
    from scipy.spatial import KDTree

    mine, others = places[: len(pool.cluster)], places[len(pool.cluster) :]
    known, asked = np.isfinite(mine[:, 0]), np.isfinite(others[:, 0])
    if known.any() and asked.any():
        _, nearest = KDTree(mine[known]).query(others[asked])
        told[np.flatnonzero(asked) + len(pool.cluster)] = np.asarray(pool.cluster)[known][nearest]
    return told
