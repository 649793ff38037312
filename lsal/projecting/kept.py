"""Maps in the home: places by the tasks and embeddings that they were made of, so that nobody makes one twice.

maps/NAME/           NAME is a digest of all tasks and embeddings on it
├── tasks.npy        ids and digests of their embeddings, uint64 (n, 2)
├── linear.npy       places by principal components, float32 (n, 2); neighbours.npy by t-SNE
└── job.json ...     the worker that makes it, see `lsal.jobs`
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lsal.files import write_whole
from lsal.home import Home
from lsal.scored import Scored

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

Rows = npt.NDArray[np.uint64]
"""Each task's id and a digest of its embedding (n, 2): equal rows are the same task, looked at the same."""

FOLDER, TASKS = "maps", "tasks.npy"
LINEAR, NEIGHBOURS = "linear", "neighbours"
METHODS = (NEIGHBOURS, LINEAR)
"""The better one first."""
ROWS = 4096


@dataclass(frozen=True, slots=True)
class Places:
    """Where tasks lie: `places` float32 (n, 2) from -1 to 1, NaN for a task that is not on the map."""

    name: str
    method: str
    places: Floats


def rows_of(ids: Ints, embeddings: Floats) -> Rows:
    """The row of each task."""
    told = np.zeros((len(ids), 2), np.uint64)
    told[:, 0] = ids
    weights = np.random.default_rng(0).integers(1, 2**63, embeddings.shape[1], dtype=np.uint64) * 2 + 1
    for begin in range(0, len(ids), ROWS):
        with np.errstate(over="ignore"):  # as float16 are those of open tasks kept: of a labelled one it is the same
            bits = np.ascontiguousarray(embeddings[begin : begin + ROWS], np.float16).view(np.uint16)
        told[begin : begin + ROWS, 1] = (bits * weights).sum(axis=1, dtype=np.uint64)
    return told


def rows_of_pool(pool: Scored) -> Rows:
    """Those of all tasks of a ranking that have an embedding: open ones, then labelled ones."""
    return np.concatenate([rows_of(ids, vectors) for ids, vectors in _parts(pool)] or [np.zeros((0, 2), np.uint64)])


def vectors_of_pool(pool: Scored) -> Floats:
    """Their embeddings, in the same order."""
    return np.concatenate([np.asarray(vectors) for _, vectors in _parts(pool)])


def _parts(pool: Scored) -> list[tuple[Ints, Floats]]:
    pairs = [(pool.task_ids, pool.embeddings), (pool.labelled_ids, pool.labelled_embeddings)]
    return [(ids, vectors) for ids, vectors in pairs if vectors is not None and len(ids)]


def named(rows: Rows) -> str:
    """The name of the map of such rows, in whatever order they come."""
    ordered = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return hashlib.blake2b(np.ascontiguousarray(ordered).tobytes(), digest_size=10).hexdigest()


def keep(folder: Path, method: str, rows: Rows, places: Floats) -> None:
    """Keep the places of the tasks of `rows`, whole."""
    _write(folder / TASKS, rows)
    _write(folder / f"{method}.npy", np.asarray(places, np.float32))


def covering(home: Home, rows: Rows, methods: tuple[str, ...] = METHODS) -> Places | None:
    """Kept places of all these tasks, with the same embeddings; the best method's. None if no map has them all."""
    for method in methods:
        for folder in _folders(home):
            found = _read(folder, method)
            if found is not None and len(found[0]) >= len(rows):
                places, same = _looked_up(rows, *found)
                if same.all():
                    return Places(folder.name, method, places)
    return None


def newest(home: Home, rows: Rows, but: str = "") -> Floats | None:
    """Where tasks lie on the newest other map by neighbours, whatever their embeddings were: NaN (n, 2) where unknown.

    None without one that has at least half of them.
    """
    for folder in _folders(home):
        found = _read(folder, NEIGHBOURS) if folder.name != but else None
        if found is not None:
            places, _ = _looked_up(rows, *found)
            return places if np.isfinite(places[:, 0]).mean() >= 0.5 else None
    return None


def older(home: Home, than: str) -> list[Path]:
    """The folders of all other maps."""
    return [folder for folder in _folders(home) if folder.name != than]


def _folders(home: Home) -> Iterator[Path]:
    """Newest first."""
    there = [path for path in home.path(FOLDER).glob("*") if (path / "job.json").exists()]
    yield from sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)


def _looked_up(rows: Rows, known: Rows, places: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """The places of `rows`, NaN where there is none, and whether each has the very embedding that was placed."""
    found, same = np.full((len(rows), 2), np.nan, np.float32), np.zeros(len(rows), bool)
    if not len(known):
        return found, same
    order = np.argsort(known[:, 0], kind="stable")
    at = order[np.minimum(np.searchsorted(known[order, 0], rows[:, 0]), len(known) - 1)]
    there = known[at, 0] == rows[:, 0]
    found[there] = places[at[there]]
    same[there] = known[at[there], 1] == rows[there, 1]
    return found, same


def _read(folder: Path, method: str) -> tuple[Rows, Floats] | None:
    try:
        known, places = (np.load(folder / name, allow_pickle=False) for name in (TASKS, f"{method}.npy"))
    except (FileNotFoundError, ValueError):  # not made yet, or another lsal's
        return None
    return (known, places) if len(known) == len(places) else None


def _write(path: Path, values: Rows | Floats) -> None:
    written = io.BytesIO()
    np.save(written, values, allow_pickle=False)
    write_whole(path, written.getvalue())
