"""Which open tasks a table shows, and in which order: filters and sorts over columns, in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsal.records.arrays import Floats, Ints
from lsal.workbench.open_pool import MARKS, OpenPool

SORTS = ("rank", "guess", "chance", "margin", "doubt", "cluster", "task")
DOUBTS = {"most 5": (0.95, 1.0), "most 25": (0.75, 1.0), "least 25": (0.0, 0.25), "least 5": (0.0, 0.05)}
"""Parts of the pool by doubt, as quantiles of it."""
Doubles = NDArray[np.float64]
CUT = 120
"""Characters of a class's name that a page is sent."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked to see; "" and -1 ask for nothing. `batch` leaves out what is not in the batch."""

    sort: str = "rank"
    down: bool = False
    batch: bool = False
    label: str = ""
    doubt: str = ""
    cluster: int = -1
    mark: str = ""
    text: str = ""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Wish:
        """From what a page sent; what is not of the right type is as if it were not there."""
        given = ((one.name, one.default, kept.get(one.name)) for one in fields(cls))
        told: dict[str, Any] = {name: value for name, default, value in given if type(value) is type(default)}
        wish = cls(**told)
        return wish if wish.sort in SORTS else cls(**{**told, "sort": "rank"})


def sift(pool: OpenPool, wish: Wish, only: Ints | None = None, found: Ints | None = None) -> Ints:
    """The places in the pool of what is to be seen, in order; `only` and `found` are ids that it is limited to."""
    kept = np.ones(len(pool), bool)
    for tasks in (only, found):
        if tasks is not None:
            kept &= _among(pool, tasks)
    if wish.batch:
        kept &= pool.rank >= 0
    if wish.label:
        kept &= np.isin(pool.guess, _classes(pool, wish.label))
    if wish.cluster >= 0:
        kept &= pool.cluster == wish.cluster
    if wish.mark in MARKS:
        kept &= pool.marks & (1 << MARKS.index(wish.mark)) > 0
    if wish.doubt in DOUBTS:
        kept &= _doubtful(pool.doubt, *DOUBTS[wish.doubt])
    places = order(pool, wish.sort, wish.down)
    seen: Ints = places[kept[places]]
    return seen


def order(pool: OpenPool, sort: str, down: bool) -> Ints:
    """All places of the pool in an order; what has nothing to sort by comes last either way."""
    rank = _missing_last(pool.rank)
    natural: Ints = np.lexsort((pool.task_ids, -pool.doubt, -rank if down and sort == "rank" else rank))
    if sort == "rank":
        return natural
    key = _key(pool, sort)[natural]
    ordered: Ints = natural[np.argsort(-key if down else key, kind="stable")]  # nan stays last
    return ordered


def classes(pool: OpenPool, most: int) -> list[tuple[str, int]]:
    """The classes that are guessed most often, cut, with how often."""
    counts = np.bincount(pool.guess[pool.guess >= 0], minlength=len(pool.classes))
    commonest = np.argsort(-counts, kind="stable")[:most]
    return [(pool.classes[n][:CUT], int(counts[n])) for n in commonest.tolist() if counts[n]]


def clusters(pool: OpenPool) -> list[int]:
    """How many tasks each cluster has."""
    return [int(count) for count in np.bincount(pool.cluster[pool.cluster >= 0])]


def marks(pool: OpenPool) -> dict[str, int]:
    """How many tasks carry each mark that any carries."""
    counts = ((name, int(np.count_nonzero(pool.marks & (1 << n)))) for n, name in enumerate(MARKS))
    return {name: count for name, count in counts if count}


def _key(pool: OpenPool, sort: str) -> Doubles:
    if sort == "guess":
        names = [name.casefold() for name in pool.classes]
        places = np.empty(len(names) + 1)
        places[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        places[-1] = np.nan  # where -1 leads
        return places[pool.guess]
    if sort == "task":
        return pool.task_ids.astype(np.float64)
    shares = {"chance": pool.chance, "margin": pool.margin, "doubt": pool.doubt}
    return shares[sort].astype(np.float64) if sort in shares else _missing_last(pool.cluster)


def _missing_last(numbers: Ints) -> Doubles:
    return np.where(numbers < 0, np.nan, numbers.astype(np.float64))


def _among(pool: OpenPool, tasks: Ints) -> Any:
    inside = np.zeros(len(pool), bool)
    inside[pool.places(tasks)] = True
    return inside


def _classes(pool: OpenPool, asked: str) -> list[int]:
    """The class of that name, as it is or cut; without one, those whose names hold it."""
    exact = [n for n, name in enumerate(pool.classes) if asked in (name, name[:CUT])]
    return exact or [n for n, name in enumerate(pool.classes) if asked.casefold() in name.casefold()]


def _doubtful(doubt: Floats, low: float, high: float) -> Any:
    if np.isnan(doubt).all():
        return np.zeros(len(doubt), bool)
    least, most = np.nanquantile(doubt, (low, high))
    return (doubt >= least) & (doubt <= most)
