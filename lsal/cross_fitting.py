"""Answers to labelled examples by models that never saw their labels: K folds, each left out once.

Who asks a model about what it learned from hears what it was told. Out of fold, it has to know: so its
mistakes, and how sure it is of them, are those that it makes on what is new. All that looks for wrong
labels, or asks how far a confidence can be trusted, begins here.
"""

from __future__ import annotations

import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from lsal.errors import BadData
from lsal.protocols import Model, Report
from lsal.records import Example, Labels, Prediction, Progress

log = logging.getLogger(__name__)

FOLDS = 5
DOING = "cross-validating"
NewModel = Callable[[], Model]
"""Makes a fresh model that has learned nothing."""


def out_of_fold(
    new_model: NewModel,
    labelled: Sequence[Example],
    pool: Sequence[Example],
    folds: int,
    seed: int,
    report: Report,
) -> list[Prediction | None]:
    """What models say about each of `labelled`, in its order, without having seen its label.

    None where nobody can say: the others were not enough to learn from, or the example is the only one
    of its class, which a model without it does not know. `labelled` are those that can be learned from.
    """
    told: list[Prediction | None] = [None] * len(labelled)
    parts = folds_of(labelled, folds, seed)
    for fold, held in enumerate(parts):
        report(Progress(fold, len(parts), DOING))
        left_out = set(held)
        kept = [example for place, example in enumerate(labelled) if place not in left_out]
        model = new_model()
        try:
            model.fit(kept, pool, [], _within(report, fold, len(parts)))
        except BadData as error:  # all that can be learned from lies in this fold
            log.warning("Fold %d of %d cannot be cross-validated: %s", fold + 1, len(parts), error.what)
            continue
        said = model.predict([labelled[place] for place in held])
        for place, one in zip(held, said, strict=True):
            told[place] = one
    for place in lone(labelled):
        told[place] = None
    return told


def folds_of(labelled: Sequence[Example], folds: int, seed: int) -> list[list[int]]:
    """Places in `labelled`, split: every fold has its share of each class. The order of `labelled` plays no part."""
    order, shuffled = sorted(range(len(labelled)), key=lambda place: labelled[place].task_id), random.Random(seed)
    classes = defaultdict[tuple[str, ...], list[int]](list)
    for place in order:
        classes[_class(labelled[place])].append(place)
    dealt = []
    for name in sorted(classes):
        shuffled.shuffle(classes[name])
        dealt += classes[name]
    folds = min(folds, len(dealt))
    return [sorted(dealt[fold::folds]) for fold in range(folds)] if folds > 1 else []


def lone(labelled: Sequence[Example]) -> list[int]:
    """The places of those whose only class no other example has."""
    given = Counter(name for example in labelled for name in _class(example))
    return [place for place, e in enumerate(labelled) if len(_class(e)) == 1 and given[_class(e)[0]] == 1]


def _class(example: Example) -> tuple[str, ...]:
    """What the folds are balanced by: the labels of a whole task; objects and spans are dealt at random."""
    return example.target.names if isinstance(example.target, Labels) else ()


def _within(report: Report, fold: int, folds: int) -> Report:
    """Hears what one fold's training reports, and passes a cancel on."""

    def heard(progress: Progress) -> None:
        part = min(progress.done / progress.total, 1.0) if progress.total else 0.0
        report(Progress(fold + part, folds, f"{DOING}: {progress.message}"))

    return heard
