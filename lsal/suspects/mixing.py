"""Which labelled tasks should get one more answer, beside the open tasks that get their first.

One annotator: those that are held for errors, worst first. Several: ActiveLab (Goh & Mueller 2023,
2301.11856) scores labelled and open tasks on one scale, so a labelled task takes a place in the
batch only where one more answer to it teaches more than a first answer to the open task there.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from lsal.records import Entry
from lsal.suspects import confident
from lsal.suspects.finding import Doubted, Suspect, Suspected
from lsal.suspects.people import Said, matrix

if TYPE_CHECKING:
    from lsal.records import Floats


def quota(size: int, share: float) -> int:
    """How many tasks of a batch may be sent back at most."""
    return min(size, math.ceil(size * share - 1e-9))


def by_errors(found: Suspected, most: int, done: Collection[int]) -> list[Entry]:
    """The worst of the labels that are held for errors, less those that were looked at again already."""
    wrong = [one for one in found.suspects if one.flagged and one.task_id not in done]
    return [_entry(one, "", 1.0 - one.quality) for one in wrong[:most]]


def by_active_lab(
    about: Doubted, found: Suspected, told: Said, open_chances: Floats, size: int, most: int, done: Collection[int]
) -> list[Entry]:
    """Those labelled tasks that ActiveLab puts among the first `size` of labelled and open ones, at most so many."""
    everybody, answers = matrix(told, about)
    answered = ~np.isnan(answers)
    asked = np.flatnonzero(answered.any(axis=1))  # answers of nobody in particular say nothing of anybody
    if len(everybody) < 2 or not len(asked):
        return []
    labelled, unlabelled = confident.active_scores(answers[asked], about.chances[asked], open_chances)
    limit = np.sort(np.concatenate([labelled, unlabelled]))[: max(size, 1)][-1]
    by_task, entries = {one.task_id: one for one in found.suspects}, list[Entry]()
    for k in np.argsort(labelled, kind="stable"):
        task = about.examples[asked[k]].task_id
        free = not answered[asked[k]].all()  # somebody is left who has not answered it
        if free and labelled[k] <= limit and task not in done and len(entries) < most:
            entries.append(_entry(by_task[task], f"ActiveLab {labelled[k]:.2f}: ", 1.0 - float(labelled[k])))
    return entries


def _entry(one: Suspect, by: str, score: float) -> Entry:
    sure = f" {one.chance:.0%}" if one.chance else ""
    why = f"{by}labelled '{one.given}', models that did not see that say '{one.says}'{sure}"
    return Entry(one.task_id, score, parts={"quality": one.quality}, relabel=why)
