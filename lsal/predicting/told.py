"""Kept answers as a sequence of predictions and as arrays: each prediction is made when it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from lsal.predicting.answer_files import ROWS
from lsal.predicting.answer_rows import MEMBERS, OBJECTS, PROBLEM, TOKENS, VECTOR
from lsal.predicting.kept_answers import KeptAnswers
from lsal.records import Control, Prediction
from lsal.strategies.blocks import blocks, on_disk, picked
from lsal.strategies.pools import Said, units_of

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


class Told(Sequence[Prediction]):
    """The answers of some rows, in their order, less embeddings and what a committee says: those are in `said`."""

    def __init__(self, kept: KeptAnswers, rows: Ints) -> None:
        self._kept, self._rows = kept, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Prediction]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Told(self._kept, self._rows[place])
        return self._kept.answer(int(self._rows[place]))

    def among(self, places: Ints) -> Told:
        """Those at these places."""
        return Told(self._kept, self._rows[places])

    def key(self, place: int) -> str:
        """`Example.key` of the task at this place."""
        return self._kept.key(int(self._rows[place]))

    @property
    def confidences(self) -> Floats:
        """Of each the confidence, float32 (n,)."""
        found: Floats = _column(self._kept, "confidence", self._rows)
        return found


def problems(kept: KeptAnswers, rows: Ints) -> dict[int, str]:
    """Why the model could not read some tasks, by the task."""
    bad = rows[_column(kept, "flags", rows) & PROBLEM > 0] if len(rows) else rows
    tasks = _column(kept, "task", bad)
    return {int(task): kept.problems.get(int(row), "") for task, row in zip(tasks, bad, strict=True)}


def readable(kept: KeptAnswers, rows: Ints) -> Ints:
    """The rows less those whose task the model could not read."""
    return rows[_column(kept, "flags", rows) & PROBLEM == 0] if len(rows) else rows


def said(kept: KeptAnswers, rows: Ints, control: Control) -> Said:
    """What was said of these rows, as arrays: memory-mapped as they lie in the files where they follow each other."""
    if not len(rows):
        return Said(rows, np.zeros((0, len(control.labels)), np.float32), np.zeros(1, np.int64))
    flags, doubts = _column(kept, "flags", rows), _column(kept, "disagreement", rows)
    ends = kept.array(ROWS)["units_end"]
    begins = np.where(rows > 0, ends[rows - 1], 0)
    units, offsets = units_of(begins, ends[rows] - begins)
    chances, members = kept.array("chances"), kept.array("members")
    every = (flags & MEMBERS > 0).all() and members is not None
    return Said(
        task_ids=_column(kept, "task", rows),
        chances=np.zeros((0, kept.classes or len(control.labels)), np.float32)
        if chances is None
        else picked(chances, units),
        offsets=offsets,
        embeddings=picked(kept.array("embeddings"), rows) if (flags & VECTOR > 0).all() else None,
        members=_turned(members, units) if every else None,
        disagreement=None if np.isnan(doubts).any() else doubts,
        objects=bool((flags & OBJECTS).any()),
        tokens=bool((flags & TOKENS).any()),
    )


def _turned(members: Floats, units: Ints) -> Floats:
    """Those of some units, (k, units, classes) in this order in memory: sums depend on it in their last bits."""
    found: Floats = on_disk((members.shape[1], len(units), members.shape[2]))
    for rows in blocks(len(units), members[:1].size):
        found[:, rows] = members[units[rows]].swapaxes(0, 1)
    return found


def _column(kept: KeptAnswers, name: str, rows: Ints) -> Any:
    return kept.array(ROWS)[name][rows] if len(rows) else np.zeros(0, np.int64)
