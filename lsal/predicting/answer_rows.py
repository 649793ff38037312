"""The row of an answer: which task it is about, where its chances and its target end, how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.records import Labels, Layout, Prediction, Spans

if TYPE_CHECKING:
    from lsal.records import Ints

ROW = np.dtype(
    [
        ("task", "<i8"),
        ("digest", "S24"),
        ("units_end", "<i8"),
        ("target_end", "<i8"),
        ("confidence", "<f4"),
        ("disagreement", "<f4"),
        ("flags", "u1"),
    ]
)
"""`digest` is that of the task's data, as the id of a deleted task may be in use again; empty of a `problem`.
`disagreement` is NaN where there is none.
"""
OBJECTS, TOKENS, PROBLEM, VECTOR, MEMBERS = 1, 2, 4, 8, 16


def rows_of(told: Sequence[Prediction], digests: Sequence[str], ends: tuple[int, int], targets: Sequence[int]) -> Any:
    """The rows of answers that follow `ends`; `targets` are the bytes that each target takes."""
    rows = np.zeros(len(told), ROW)
    rows["task"] = [one.task_id for one in told]
    rows["digest"] = [b"" if one.problem else digest.encode() for one, digest in zip(told, digests, strict=True)]
    rows["units_end"] = ends[0] + np.cumsum([0 if one.problem else len(one.chances) for one in told])
    rows["target_end"] = ends[1] + np.cumsum(targets)
    rows["confidence"] = [0.0 if one.problem else one.confidence for one in told]
    rows["disagreement"] = [np.nan if one.disagreement is None else one.disagreement for one in told]
    rows["flags"] = [_flags(one) for one in told]
    return rows


def _flags(told: Prediction) -> int:
    tokens = isinstance(told.target, Spans | Layout)
    objects = not tokens and not isinstance(told.target, Labels)
    return (
        TOKENS * tokens
        | OBJECTS * objects
        | PROBLEM * bool(told.problem)
        | VECTOR * (told.embedding is not None)
        | MEMBERS * (told.members is not None)
    )


class Known:
    """Where the latest answer about each task stands among these rows."""

    def __init__(self, rows: Any) -> None:
        self._order = np.argsort(rows["task"], kind="stable")
        self._tasks, self._digests = rows["task"][self._order], rows["digest"]

    def find(self, tasks: Sequence[int], digests: Sequence[str]) -> Ints:
        """The row of each of n tasks with their digests, -1 of those that have none: (n,)."""
        asked, said = np.array(tasks, np.int64), np.array(digests, "S24")
        if not len(self._order):
            return np.full(len(asked), -1)
        places = np.maximum(np.searchsorted(self._tasks, asked, "right") - 1, 0)
        rows = self._order[places]
        same = (self._tasks[places] == asked) & (self._digests[rows] == said) & (said != b"")
        return np.where(same, rows, -1)
