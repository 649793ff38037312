"""The labelled tasks that are most like a task, with what people said of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from lsal.desk import Desk
from lsal.errors import BadData
from lsal.kinds.reading import agreed
from lsal.label_studio.seen import since
from lsal.protocols import Kind
from lsal.records import Annotation, Control
from lsal.workbench.pooled import Pooled
from lsal.workbench.shown import teller

if TYPE_CHECKING:
    from lsal.records import Floats

SHOWN = 5
LOOKED_AT = 25
"""Some of the nearest may be deleted, or their answers taken back, since the ranking."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled task: what people agreed on, and who said what. `similarity` is the cosine of the embeddings."""

    task_id: int
    data: Mapping[str, Any]
    shown: tuple[str, ...]
    label: str
    said: tuple[tuple[str, str], ...]
    similarity: float
    url: str = ""


def nearest(desk: Desk, pool: Pooled, task_id: int) -> tuple[Neighbour, ...]:
    """The labelled tasks nearest to one, which may be open or labelled itself; best first."""
    known, vector = pool.scored, pool.vector(task_id)
    if vector is None or known.labelled_embeddings is None or known.control not in desk.handled:
        return ()
    likeness = cosines(known.labelled_embeddings, vector, pool.lengths)
    likeness[np.asarray(known.labelled_ids) == task_id] = -np.inf
    some = np.argpartition(-likeness, min(LOOKED_AT, len(likeness)) - 1)[:LOOKED_AT]
    order = some[np.argsort(-likeness[some], kind="stable")]
    best = {int(known.labelled_ids[k]): float(likeness[k]) for k in order if np.isfinite(likeness[k])}
    return tuple(_read(desk, known.control, best))


def cosines(vectors: Floats, one: Floats, lengths: Floats) -> Floats:
    """The cosine of each row (n, d) with one (d,); 0 where either is 0."""
    length = float(np.linalg.norm(one))
    products = np.asarray(vectors @ one, np.float32)
    found: Floats = products / np.maximum(lengths * length, np.finfo(np.float32).tiny)
    return found


def _read(desk: Desk, control: str, likeness: Mapping[int, float]) -> list[Neighbour]:
    """What people said of these tasks, the most alike first; those that nobody answers any more are left out."""
    annotations, names = _annotations(desk, list(likeness)), desk.mirror.fact("people", {})
    data = {task.id: task.data for task in desk.mirror.tasks(ids=likeness)}
    tell, found = teller(desk), list[Neighbour]()
    for task, alike in likeness.items():
        label, said = _said(desk, control, annotations[task], names) if task in data else ("", ())
        if label and len(found) < SHOWN:
            url = f"{desk.address}/projects/{desk.home.project}/data?task={task}" if desk.address else ""
            found.append(Neighbour(task, data[task], tell(data[task]), label, said, alike, url))
    return found


def _said(
    desk: Desk, control: str, given: Sequence[Annotation], names: Mapping[str, str]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What people agreed on, and what each said."""
    settings, kind = desk.handled[control]
    known, by_person = since(desk.mirror, settings), defaultdict[int | None, list[Annotation]](list)
    for one in given:
        by_person[one.person].append(one)
    said = []
    for person, theirs in by_person.items():
        if label := _label(kind, settings, theirs, known):
            said.append(("somebody" if person is None else names.get(str(person), f"person {person}"), label))
    return _label(kind, settings, given, known), tuple(said)


def _label(kind: Kind, control: Control, given: Sequence[Annotation], known: str) -> str:
    try:
        target = agreed(kind, control, given, known).target
    except BadData:
        return ""
    return target.text if target is not None else ""


def _annotations(desk: Desk, tasks: Sequence[int]) -> Mapping[int, list[Annotation]]:
    """The answers to these tasks, oldest first."""
    rows = desk.mirror.select(
        "SELECT task, id, person, skipped, updated_at, result FROM annotations"
        " WHERE task IN (SELECT value FROM json_each(?)) ORDER BY updated_at",
        orjson.dumps(tasks).decode(),
    )
    found = defaultdict[int, list[Annotation]](list)
    for task, number, person, skipped, at, result in rows:
        found[task].append(Annotation(number, person, bool(skipped), at, orjson.loads(result)))
    return found
