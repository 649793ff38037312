"""What a ranking knew of every open task that it could pick: arrays on disk, memory-mapped by their readers.

scored/
├── newest.json     which folder is meant: replaced once the folder is whole
└── FOLDER/         facts.json, and an .npy file for each array that there is

Only the newest is kept. Who has an older one mapped goes on reading it: its files are gone by name alone.
Measuring tasks are not among them: whoever saw what a model says of one could not measure by it any more.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadData
from lsal.files import read_json, whole_folder, write_json
from lsal.home import Home

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

ANSWERS = "scoring"
"""The folder of a home in which the answers of versions are kept, see `predicting.answer_files`."""
FOLDER, NEWEST, FACTS = "scored", "newest.json", "facts.json"
FACT_NAMES = ("ranking", "control", "version", "classes")
HALF = {"embeddings"}
"""Kept as float16: of neighbours and maps nobody sees the difference, and it is half of all bytes."""
LARGEST_HALF = 6e4
ROWS = 1024
"""Rows that are turned into float16 at once."""
TRIES = 5


@dataclass(frozen=True, slots=True)
class Scored:
    """What the version of one control said of n open tasks, the first control of those that chose the batch.

    `ranking` is the publication's name. `chances` (n, classes) are there for one choice a task; None for several
    choices, objects and spans, and before the first version. `guess` and `runner_up` (n,) index `classes`, -1 where
    there is no such class; `confidence`, `margin` and `score` (n,) are NaN before the first version. `score` is
    1 - the margin, a mean over the units of objects and spans, by which the rest of the pool is ordered.
    `cluster` (n,) is one of at most 20 groups of like tasks, 0 the largest, -1 without embeddings. `embeddings` (n, d)
    are float16, or float32 where one figure is too large for that. `labelled_ids` (m,), `labelled_classes` (m,), the
    first label of each or -1, and `labelled_embeddings` (m, d) float32 are of training tasks, none before the
    first version.
    """

    ranking: str
    control: str
    version: int | None
    classes: tuple[str, ...]
    task_ids: Ints
    chances: Floats | None
    confidence: Floats
    guess: Ints
    runner_up: Ints
    margin: Floats
    score: Floats
    cluster: Ints
    embeddings: Floats | None
    labelled_ids: Ints
    labelled_classes: Ints
    labelled_embeddings: Floats | None


ARRAYS = tuple(field.name for field in fields(Scored) if field.name not in FACT_NAMES)
OPTIONAL = ("chances", "embeddings", "labelled_embeddings")
"""Two-dimensional, and not there where there is nothing of the kind."""


def keep(home: Home, scored: Scored) -> None:
    """Keep it as the newest, whole or not at all, and remove the older ones; for whoever holds the home's lock."""
    name = f"{time.time_ns()}"
    with whole_folder(home.path(FOLDER, name)) as beside:
        for array in ARRAYS:
            if (values := getattr(scored, array)) is not None:
                _write(beside / f"{array}.npy", np.asarray(values), half=array in HALF)
        write_json(beside / FACTS, {fact: getattr(scored, fact) for fact in FACT_NAMES} | {"kept_at": time.time()})
    write_json(home.path(FOLDER, NEWEST), {"folder": name})
    for folder in [*older(home), *home.path(FOLDER).glob("*.tmp")]:
        shutil.rmtree(folder, ignore_errors=True)


def read(home: Home) -> Scored | None:
    """The newest, its arrays memory-mapped; None before the first ranking. Raises BadData for a damaged one."""
    for _ in range(TRIES):
        newest = read_json(home.path(FOLDER, NEWEST), {})
        if not newest:
            return None
        try:
            return _open(home.path(FOLDER, newest["folder"]))
        except FileNotFoundError:  # a newer one has replaced it this moment
            continue
        except (ValueError, TypeError, LookupError, EOFError, OSError) as error:
            raise _damaged(home, str(error)) from None
    raise _damaged(home, "its files are not there")


def stamp(home: Home) -> int:
    """Something that differs whenever another one was kept; 0 before the first. Costs one look at a file."""
    try:
        return home.path(FOLDER, NEWEST).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def older(home: Home) -> list[Path]:
    """Whole folders that are not the newest: a process was killed before it could remove them."""
    newest = read_json(home.path(FOLDER, NEWEST), {}).get("folder")
    folders = (path for path in home.path(FOLDER).glob("[0-9]*") if path.is_dir() and path.suffix != ".tmp")
    return sorted(path for path in folders if path.name != newest)


def _open(folder: Path) -> Scored:
    facts = read_json(folder / FACTS)
    if facts is None:
        raise FileNotFoundError(folder)
    arrays: dict[str, Any] = {array: _load(folder / f"{array}.npy") for array in ARRAYS}
    told = {fact: facts[fact] for fact in FACT_NAMES} | {"classes": tuple(facts["classes"])}
    made = Scored(**told, **arrays)
    _check(made)
    return made


def _check(made: Scored) -> None:
    """Raise ValueError where an array is not there, or not one for each task."""
    for array in ARRAYS:
        values = getattr(made, array)
        rows = made.labelled_ids if array.startswith("labelled") else made.task_ids
        if array in OPTIONAL and values is None:
            continue
        if values is None or values.ndim != (2 if array in OPTIONAL else 1) or len(values) != len(rows):
            raise ValueError(f"{array}.npy does not fit the tasks")


def _load(path: Path) -> Any:
    return np.load(path, mmap_mode="r", allow_pickle=False) if path.exists() else None


def _write(path: Path, values: Any, half: bool) -> None:
    """As they are; as float16 block by block, so that no second copy of all of them is made."""
    if not half or not _fits_half(values):
        np.save(path, values, allow_pickle=False)
        return
    kept = np.lib.format.open_memmap(path, "w+", np.float16, values.shape)  # type: ignore[no-untyped-call]
    for rows in _blocks(len(values)):
        kept[rows] = values[rows]
    kept.flush()


def _fits_half(values: Any) -> bool:
    return all(bool((np.abs(values[rows]) < LARGEST_HALF).all()) for rows in _blocks(len(values)))


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(begin, begin + ROWS) for begin in range(0, rows, ROWS))


def _damaged(home: Home, why: str) -> BadData:
    return BadData(f"What the last ranking knew cannot be read ({home.path(FOLDER)}): {why}", "Rank again: lsal rank")
