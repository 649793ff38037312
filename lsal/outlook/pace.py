"""How fast people label, from when their answers came: the gaps between one answer and the same person's next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

PAUSE_S = 600.0
"""Who submits nothing for longer did something else."""
PROGRAM_S = 0.3
"""No person is faster: such answers were imported, or simulated."""
FEWEST = 10
"""Gaps below which nothing is said."""


def seconds_a_label(submitted: Iterable[tuple[int | None, str]]) -> float | None:
    """Seconds of one person's work for a label: the mean gap; None while there are too few.

    `submitted` has the person and the moment, in ISO 8601, of every annotation.
    """
    by_person: dict[int | None, list[datetime]] = defaultdict(list)
    for person, moment in submitted:
        by_person[person].append(datetime.fromisoformat(moment))
    gaps = [
        (later - earlier).total_seconds()
        for moments in map(sorted, by_person.values())
        for earlier, later in pairwise(moments)
    ]
    work = [gap for gap in gaps if PROGRAM_S <= gap <= PAUSE_S]
    return sum(work) / len(work) if len(work) >= max(FEWEST, len(gaps) // 4) else None
