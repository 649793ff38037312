"""Every open task of a project as columns: its place in the batch, what the last ranking said of it, its marks.

The batch knows most of its own tasks; of all the others `lsal.scored` keeps what the live versions said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lsal import publishing, scored
from lsal.desk import Desk
from lsal.label_studio.mirror import OPEN
from lsal.records import Entry
from lsal.records.arrays import Floats, Ints
from lsal.suspects import sending_back
from lsal.workbench.wishing import counts, wished

MARKS = ("measuring", "random slice", "pinned", "pushed last", "excluded", "sent back")
"""What may be said of a task beside what a model says; in `OpenPool.marks` the n-th of them is bit n."""
MEASURING, RANDOM, PINNED, LAST, EXCLUDED, SENT_BACK = (1 << place for place in range(len(MARKS)))
WATCHED = ("publication.json", "settings.json", "scored/newest.json", "wishes.json")

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenPool:
    """The n open tasks, by id; each array is (n,).

    `rank` is the place in the batch from 0 on, -1 for a task that is not in it. `guess` and `runner_up`
    index `classes`, -1 for none; `chance`, `margin` and `doubt` are nan where nobody knows; `cluster`
    is -1 without one. Of tasks to measure by it holds nothing that a model said. `said` are guesses in
    words, of tasks in the batch that have no single class. `name` is the publication's, "" before the first.
    """

    name: str
    classes: tuple[str, ...]
    task_ids: Ints
    rank: Ints
    guess: Ints
    runner_up: Ints
    chance: Floats
    margin: Floats
    doubt: Floats
    cluster: Ints
    marks: Ints
    said: Mapping[int, str]
    address: str = ""

    def __len__(self) -> int:
        return len(self.task_ids)

    def places(self, tasks: Sequence[int] | Ints) -> Ints:
        """Where those of the tasks stand that are open; the others are left out."""
        wanted = np.asarray(tasks, np.int64)
        found = np.searchsorted(self.task_ids, wanted)
        found[found == len(self)] = 0
        return found[self.task_ids[found] == wanted] if len(self) else found[:0]

    def same(self, other: OpenPool) -> bool:
        """Whether both say the same of the same tasks."""
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return all(_equal(mine, theirs) for mine, theirs in pairs)

    def among(self, tasks: Iterable[int]) -> frozenset[int]:
        """Those of the tasks that are open."""
        return frozenset(self.task_ids[self.places(list(tasks))].tolist())


def unranked(desk: Desk) -> Mapping[str, int] | None:
    """How many tasks each thing is wished of, by its name, if the live ranking came before a wish; else None."""
    wishes, publication = desk.home.path("wishes.json"), desk.home.path("publication.json")
    if not wishes.exists() or not publication.exists() or wishes.stat().st_mtime_ns < publication.stat().st_mtime_ns:
        return None
    return counts(wished(desk))


def nothing_open() -> OpenPool:
    """The columns of no task at all."""
    return OpenPool("", (), **_columns(np.zeros(0, np.int64), np.zeros(0, np.int64)))


def open_pool(desk: Desk) -> OpenPool:
    """The open tasks as they are on disk now. A tenth of a second for 100,000 of them: call it in a thread."""
    publication, ranking = publishing.live_publication(desk.home), publishing.live_ranking(desk.home)
    entries = ranking.entries if ranking else ()
    columns = _tasks(desk, entries)
    classes = _add_scores(columns, scored.read(desk.home)) if publication else ()
    classes = _add_batch(columns, entries, classes)
    _silence(columns)
    _add_wishes(columns, desk)
    address = f"{desk.address}/projects/{desk.home.project}/data?task=" if desk.address else ""
    return OpenPool(publication.name if publication else "", classes, **columns, address=address)


def stamp(desk: Desk) -> tuple[object, ...]:
    """Changes whenever `open_pool` may have something else to say; cheap."""
    paths = (desk.home.path(name) for name in WATCHED)
    changed = [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]
    return (desk.mirror.fact("changes"), desk.address, *changed)


def _equal(mine: Any, theirs: Any) -> bool:
    if not isinstance(mine, np.ndarray):
        return bool(mine == theirs)
    return np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f")


def _tasks(desk: Desk, entries: Sequence[Entry]) -> Columns:
    """The columns of all open tasks, without anything in them; those that were sent back are open again."""
    share = desk.home.settings().measuring_share
    rows = desk.mirror.select("SELECT id, place < ? FROM tasks WHERE state = ?", share, OPEN)
    again = sending_back.waiting(desk.home, desk.mirror) & {entry.task_id for entry in entries if entry.relabel}
    told = np.array([*rows, *((task, 0) for task in again)], np.int64).reshape(-1, 2)
    ids, first = np.unique(told[:, 0], return_index=True)
    return _columns(ids, np.where(told[first, 1] > 0, MEASURING, 0))


def _columns(ids: Ints, marks: Ints) -> Columns:
    wholes = {name: np.full(len(ids), -1, np.int64) for name in ("rank", "guess", "runner_up", "cluster")}
    parts = {name: np.full(len(ids), np.nan, np.float32) for name in ("chance", "margin", "doubt")}
    return {"task_ids": ids, "marks": marks, "said": {}, **wholes, **parts}


def _add_scores(columns: Columns, kept: scored.Scored | None) -> tuple[str, ...]:
    """What the versions said of the whole pool; the classes that it speaks of."""
    if kept is None:
        return ()
    _, mine, theirs = np.intersect1d(columns["task_ids"], kept.task_ids, return_indices=True)
    names = {"guess": "guess", "runner_up": "runner_up", "cluster": "cluster"}
    names |= {"chance": "confidence", "margin": "margin", "doubt": "score"}
    for name, called in names.items():
        columns[name][mine] = getattr(kept, called)[theirs]
    return kept.classes


def _add_batch(columns: Columns, entries: Sequence[Entry], classes: tuple[str, ...]) -> tuple[str, ...]:
    """What was published, which counts where the two differ; the classes, with any that only the batch names."""
    places = dict(zip(columns["task_ids"].tolist(), range(len(columns["task_ids"])), strict=True))
    single = (name for entry in entries if entry.margin is not None for name in (entry.guess, entry.runner_up))
    classes = tuple(dict.fromkeys((*classes, *single)))
    numbers = {name: number for number, name in enumerate(classes)}
    for rank, entry in enumerate(entries):
        place = places.get(entry.task_id)
        if place is None:
            continue
        told = {"rank": rank, "chance": entry.chance, "margin": entry.margin}
        if entry.margin is not None:
            told |= {"guess": numbers[entry.guess], "runner_up": numbers[entry.runner_up]}
            # The score of an entry is its strategy's own: it cannot be compared with the rest of the pool.
            told["doubt"] = 1 - entry.margin
        elif entry.guess:
            columns["said"][entry.task_id] = entry.guess
        for name, value in told.items():
            if value is not None:
                columns[name][place] = value
        columns["marks"][place] = _marks(entry)  # it was shown with its guess, or without, whatever the share is now
    return classes


def _marks(entry: Entry) -> int:
    drawn = RANDOM if entry.parts.get("random", 0) > 0 else 0
    return (MEASURING if entry.measuring else 0) | drawn | (SENT_BACK if entry.relabel else 0)


def _add_wishes(columns: Columns, desk: Desk) -> None:
    now = wished(desk)
    for ids, mark in ((now.pinned, PINNED), (now.last, LAST), (now.excluded, EXCLUDED)):
        columns["marks"][np.isin(columns["task_ids"], np.array(ids, np.int64))] |= mark


def _silence(columns: Columns) -> None:
    """Of tasks to measure by, people are told no guess, and so nobody is who looks here."""
    hidden = columns["marks"] & MEASURING > 0
    for name in ("guess", "runner_up"):
        columns[name][hidden] = -1
    for name in ("chance", "margin", "doubt"):
        columns[name][hidden] = np.nan
    for task in columns["task_ids"][hidden & (columns["rank"] >= 0)].tolist():
        columns["said"].pop(task, None)
