"""Confident learning and crowds of annotators, by cleanlab: the one file that imports it.

Northcutt et al. (2021, 1911.00068) for wrong labels, Goh et al. (2022, 2210.06812) for consensus and
annotators, Goh & Mueller (2023, 2301.11856) for ActiveLab. Classes are columns, from 0 on; a person who
did not answer a task is NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lsal.records import Floats


def qualities(given: Sequence[Sequence[int]], chances: Floats, several: bool) -> Floats:
    """How well each label fits, in [0, 1], low for wrong: the chance of the given class.

    With `several` labels at once the worst of a task's labels, said and unsaid, weighs most.
    """
    from cleanlab import multilabel_classification, rank

    with _quietly():
        if several:
            found = multilabel_classification.get_label_quality_scores([list(one) for one in given], chances)
        else:
            found = rank.get_label_quality_scores(np.array([one[0] for one in given]), chances)
    return np.asarray(found, dtype=np.float32)


def issues(given: Sequence[Sequence[int]], chances: Floats, several: bool) -> list[bool]:
    """Which labels are likely wrong, by how surely classes are told from each other elsewhere."""
    from cleanlab.filter import find_label_issues

    labels = [list(one) for one in given] if several else np.array([one[0] for one in given])
    with _quietly():
        found = find_label_issues(labels, chances, n_jobs=1, multi_label=several)
    return [bool(one) for one in found]


def active_scores(answers: Floats, chances: Floats, open_chances: Floats) -> tuple[Floats, Floats]:
    """ActiveLab: for labelled tasks and for open ones, on one scale, low where another answer teaches most.

    `answers` (n, people) of the n labelled tasks, `chances` (n, classes) by models that did not see them,
    `open_chances` (m, classes).
    """
    from cleanlab.multiannotator import get_active_learning_scores

    with _quietly():
        labelled, unlabelled = get_active_learning_scores(answers, chances, open_chances if len(open_chances) else None)
    return np.asarray(labelled, np.float32), np.asarray(unlabelled, np.float32)


def annotator_qualities(answers: Floats, chances: Floats) -> Floats:
    """How likely each person's labels are right, by what the others and the models say (CROWDLAB)."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    with _quietly():
        told = get_label_quality_multiannotator(answers, chances, verbose=False)["annotator_stats"]
    return np.asarray(told.sort_index()["annotator_quality"], np.float32)


@contextmanager
def _quietly() -> Iterator[None]:
    """What cleanlab warns of, rare classes say, is looked at before or does not concern a person."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
