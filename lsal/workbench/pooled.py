"""The pool as the last ranking knew it, opened once in a process for each ranking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lsal import scored
from lsal.home import Home
from lsal.scored import Scored
from lsal.strategies.blocks import squares

if TYPE_CHECKING:
    from lsal.records import Floats


@dataclass(frozen=True, eq=False)
class Pooled:
    """What is on disk, and what takes longer than a look to work out of it."""

    scored: Scored

    def row(self, task_id: int) -> int | None:
        """Where a task stands among the open ones."""
        return _place(self.scored.task_ids, task_id)

    def vector(self, task_id: int) -> Floats | None:
        """The embedding (d,) of a task, open or labelled; None without one."""
        known = self.scored
        for ids, rows in ((known.task_ids, known.embeddings), (known.labelled_ids, known.labelled_embeddings)):
            if rows is not None and (place := _place(ids, task_id)) is not None:
                return np.asarray(rows[place], np.float32)
        return None

    @cached_property
    def lengths(self) -> Floats:
        """Those of the labelled tasks' embeddings, (m,)."""
        rows = self.scored.labelled_embeddings
        return np.zeros(0, np.float32) if rows is None else np.sqrt(squares(np.asarray(rows)))


def pooled(home: Home) -> Pooled | None:
    """The newest; None before the first ranking. Raises BadData for a damaged one."""
    return _kept(home, scored.stamp(home))


@lru_cache(maxsize=2)
def _kept(home: Home, stamp: int) -> Pooled | None:
    found = scored.read(home)
    return None if found is None else Pooled(found)


def _place(ids: object, task_id: int) -> int | None:
    found = np.flatnonzero(np.asarray(ids) == task_id)
    return int(found[0]) if len(found) else None
