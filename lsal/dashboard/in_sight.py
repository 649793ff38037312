"""What a table of open tasks shows now: their order, rows of it for a page, and what is said of all of them."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.dashboard.sifting import CUT, classes, clusters, marks
from lsal.records.arrays import Ints
from lsal.workbench.open_pool import MARKS, MEASURING, OpenPool

AT_ONCE = 200
"""Rows that a page gets for one question."""
CLASSES = 200
"""Names in the list of classes; others can be typed."""


@dataclass(frozen=True, slots=True)
class InSight:
    """The tasks of a pool at the `places` (m,) that are shown, in order. `epoch` tells one order from the next."""

    epoch: int
    pool: OpenPool
    places: Ints

    def next(self, pool: OpenPool, places: Ints) -> InSight:
        """The state after this one, of a new epoch if anything in it is different."""
        same = np.array_equal(places, self.places) and pool.same(self.pool)
        return InSight(self.epoch + (not same), pool, places)

    def rows(self, first: int, count: int, ticked: Collection[int]) -> list[list[Any]]:
        """Some rows, from `first` on: see FIELDS in the page's half."""
        begin = max(0, first)
        return [self._row(place, ticked) for place in self.places[begin : begin + min(count, AT_ONCE)].tolist()]

    def tasks(self, first: int, last: int) -> list[int]:
        """The ids of the rows from `first` to `last`, which is among them."""
        found: list[int] = self.pool.task_ids[self.places[max(0, first) : last + 1]].tolist()
        return found

    def hidden(self, ticked: Collection[int]) -> int:
        """How many of the ticked tasks are open, but not shown."""
        places = self.pool.places(list(ticked))
        return int(len(places) - np.isin(places, self.places).sum())

    def _row(self, place: int, ticked: Collection[int]) -> list[Any]:
        pool = self.pool
        task, carried = int(pool.task_ids[place]), int(pool.marks[place])
        guess = _name(pool, int(pool.guess[place])) or pool.said.get(task, "")[:CUT]
        second = _name(pool, int(pool.runner_up[place]))
        shares = [_share(float(values[place])) for values in (pool.chance, pool.margin, pool.doubt)]
        told = [task, int(pool.rank[place]), guess, shares[0], second, *shares[1:], int(pool.cluster[place]), carried]
        return [*told, bool(carried & MEASURING), task in ticked]

    def told(self, tall: int, only: tuple[str, int] | None) -> dict[str, Any]:
        """What the page has to know beside the rows: counts, columns with something in them, choices of filters."""
        pool = self.pool
        return {
            "epoch": self.epoch,
            "ranking": pool.name,
            "total": len(self.places),
            "all": len(pool) if pool.name else 0,
            "batch": int(np.count_nonzero(pool.rank >= 0)),
            "columns": _columns(pool),
            "classes": [list(one) for one in classes(pool, CLASSES)],
            "clusters": clusters(pool),
            "marks": marks(pool),
            "names": list(MARKS),
            "doubts": not bool(np.isnan(pool.doubt).all()),
            "tall": tall,
            "address": pool.address,
            "only": {"why": only[0][:CUT], "count": only[1]} if only else None,
        }


def _columns(pool: OpenPool) -> list[str]:
    margins, guesses = not np.isnan(pool.margin).all(), bool((pool.guess >= 0).any() or pool.said)
    there = {
        "guess": guesses or not np.isnan(pool.chance).all(),
        "chance": not np.isnan(pool.chance).all(),
        "second": margins,
        "margin": margins,
        "doubt": not margins and not np.isnan(pool.doubt).all(),
        "cluster": bool((pool.cluster >= 0).any()),
    }
    return [name for name, shown in there.items() if shown]


def _name(pool: OpenPool, number: int) -> str:
    return pool.classes[number][:CUT] if 0 <= number < len(pool.classes) else ""


def _share(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
